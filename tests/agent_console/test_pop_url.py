"""The address that opens the caller elsewhere: whatever a caller brings, it leads where the operator said."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agent_console.pop_url import PLACES, filled
from agent_console.settings import WebSettings
from tests.agent_console.floor import open_client, open_floor
from tests.agent_console.test_live import ready_agent

TEMPLATE = "https://crm.example/open?phone={ani}&call={call}&who={customer}"


@given(st.fixed_dictionaries(dict.fromkeys(PLACES, st.text(st.characters(exclude_categories=["Cs"])))))
def test_no_value_leads_elsewhere_or_becomes_another_parameter(values: dict[str, str]) -> None:
    parts = urlsplit(filled(TEMPLATE, values))
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == ("https", "crm.example", "/open", "")
    wanted = {"phone": [values["ani"]], "call": [values["call"]], "who": [values["customer"]]}
    assert parse_qs(parts.query, keep_blank_values=True) == wanted


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("javascript:alert({ani})", "expected an address that begins with https:// or http://"),
        ("ftp://crm.example/", "expected an address that begins with https:// or http://"),
        ("//crm.example/{ani}", "expected an address that begins with https:// or http://"),
        ("https://{ani}/", "expected a host without placeholders"),
        ("https://crm.example/{phone}", "expected one of {ani}, {dnis}, {call}"),
        ("https://crm.example/ {ani}", "expected an address without blanks"),
        ("https://[crm/{ani}", "expected an address such as"),
        (f"https://crm.example/{'x' * 2_000}", "at most 2000 characters"),
    ],
)
def test_a_template_that_could_lead_elsewhere_is_refused(template: str, fault: str) -> None:
    for settings in ({"pop_url": template}, {"pop_urls": {"sales": template}}):
        with pytest.raises(ValidationError) as refused:
            WebSettings.model_validate(settings)
        assert fault in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, ""),
        ({"pop_url": TEMPLATE}, "https://crm.example/open?phone=%2B886912345678&call=c1&who=7"),
        ({"pop_url": TEMPLATE, "pop_urls": {"sales": "http://intra/{queue}/{agent}"}}, "http://intra/sales/a1"),
        ({"pop_url": TEMPLATE, "pop_urls": {"sales": ""}}, ""),
    ],
)
async def test_the_record_of_an_answered_call_has_the_address(settings: dict[str, object], url: str) -> None:
    async with (
        open_floor(WebSettings.model_validate({"port": 0, **settings})) as floor,
        open_client(floor, "ann") as ann,
    ):
        await ready_agent(floor, ann)
        await floor.call_comes()
        await floor.answer()
        while not (record := (await ann.until("pop"))["record"])["customers"]:
            pass
        assert record["url"] == url
