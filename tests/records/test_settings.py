"""What an operator may set, and what a mistake says."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from records.settings import DatabaseSettings, RecordsSettings


def test_postgresql_is_spoken_by_psycopg() -> None:
    settings = DatabaseSettings(url="postgresql://floor:s3cr3t@db/calls")
    assert settings.url == "postgresql+psycopg://floor:s3cr3t@db/calls"
    assert "s3cr3t" not in repr(settings)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"database": {"url": "floor.db"}}, "expected a database URL such as sqlite:///callfloor.db"),
        ({"database": {"url": "mysql://db/calls"}}, "expected sqlite or postgresql, got 'mysql'"),
        ({"database": {"uri": "sqlite:///x"}}, "Extra inputs are not permitted"),
        ({"journal": {"fsync": "sometimes"}}, "Input should be 'always', 'interval' or 'never'"),
        ({"region": "Taiwan"}, "expected a two-letter country such as TW or DE, got 'Taiwan'"),
        ({"pop_limit_ms": 0}, "greater than or equal to 1"),
    ],
)
def test_a_mistake_is_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        RecordsSettings.model_validate(given)
