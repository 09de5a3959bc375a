"""Numbers as callers hear them."""

from __future__ import annotations

import pytest

from ivr.prompts import FIGURES, SENTENCES, all_prompts, figures, place, place_and_wait, wait
from ivr.settings import Language
from tests.ivr.house import ivr_settings


@pytest.mark.parametrize(
    ("language", "position", "spoken"),
    [
        ("zh", 1, "您是下一位。"),
        ("zh", 2, "您前面还有1位来电者。"),
        ("zh", 3, "您前面还有两位来电者。"),
        ("zh", 31, "您前面还有30位来电者。"),
        ("zh", 32, "您前面还有三十多位来电者。"),
        ("en", 1, "You are next in line."),
        ("en", 2, "There is 1 caller ahead of you."),
        ("en", 3, "There are 2 callers ahead of you."),
        ("en", 5_000, "There are more than 30 callers ahead of you."),
    ],
)
def test_places(language: Language, position: int, spoken: str) -> None:
    assert place(language, position).text == spoken


@pytest.mark.parametrize(
    ("language", "expected_wait_ms", "spoken"),
    [
        ("zh", 0, "预计等待约1分钟。"),
        ("zh", 61_000, "预计等待约两分钟。"),
        ("zh", 3_600_001, "预计等待时间超过一小时。"),
        ("en", 60_000, "The expected wait is about 1 minute."),
        ("en", 60_001, "The expected wait is about 2 minutes."),
        ("en", 661_000, "The expected wait is about 12 minutes."),
        ("en", 3_600_000, "The expected wait is about 60 minutes."),
        ("en", 10**12, "The expected wait is more than an hour."),
    ],
)
def test_waits_are_spoken_in_steps_and_never_too_short(language: Language, expected_wait_ms: int, spoken: str) -> None:
    assert wait(language, expected_wait_ms).text == spoken


def test_an_unknown_wait_is_not_mentioned() -> None:
    assert [prompt.text for prompt in place_and_wait("en", 1, None)] == ["You are next in line."]


def test_a_telephone_number_is_read_figure_by_figure() -> None:
    assert "".join(prompt.text for prompt in figures("zh", "+8613001")) == "八六幺三零零幺"


def test_both_languages_have_every_sentence() -> None:
    assert SENTENCES["zh"].keys() == SENTENCES["en"].keys()
    assert len(FIGURES["zh"]) == len(FIGURES["en"]) == 10


@pytest.mark.parametrize("expected_wait_ms", [0, 59_999, 180_001, 3_599_999, 9_999_999])
@pytest.mark.parametrize("position", [1, 2, 17, 31, 32, 999])
def test_whatever_is_spoken_was_made_ahead(position: int, expected_wait_ms: int) -> None:
    made = all_prompts(ivr_settings())
    assert len(made) == len(set(made))
    for language in ("zh", "en"):
        assert set(place_and_wait(language, position, expected_wait_ms)) <= set(made)


def test_only_the_languages_of_the_hotlines_are_made() -> None:
    settings = ivr_settings(hotlines={"8001": {"flow": "main", "language": "en"}})
    assert {prompt.language for prompt in all_prompts(settings)} == {"en"}
