"""Cases of customers: found, read, opened, added to and closed. Does I/O through the given callables."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the functions below, which name local
# dependencies.

from collections.abc import Callable
from typing import Annotated

import msgspec
import structlog
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from acd.vocabulary import Now
from agent_console.cases import Case, CaseNotSaved, CaseRecords, CaseRow
from agent_console.messages import to_json
from agent_console.rest.asked import answers, json_answer, viewer_of
from agent_console.rest.customers import SHORTEST
from agent_console.sessions import Sessions, Viewer

log = structlog.get_logger(__name__)

CaseId = Annotated[str, Path(pattern=r"^[0-9]{1,18}$", description="the case's id")]


class Entry(BaseModel):
    """`title`: what it is about; `text`: what is added now, "" for nothing; `call`: during which call, or ""."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, Field(min_length=1, max_length=200)]
    text: Annotated[str, Field(max_length=10_000)] = ""
    call: Annotated[str, Field(max_length=128)] = ""


class NewCase(Entry):
    """`customer` is the id of whose case it is."""

    customer: Annotated[str, Field(pattern=r"^[0-9]{1,18}$")]


class ChangedCase(Entry):
    """`updated_at`: of the state that was read; if somebody has changed it since, nothing is changed."""

    is_open: bool
    updated_at: Annotated[int, Field(ge=0, le=2**53)]


class CasesAnswer(msgspec.Struct, frozen=True):
    cases: list[CaseRow]


class CaseConflict(msgspec.Struct, frozen=True):
    """Somebody else has changed the case meanwhile: `case` as it stands now, None if it is gone."""

    detail: str
    case: Case | None


def cases_router(sessions: Sessions, now: Now, records: CaseRecords, changed: Callable[[str], None]) -> APIRouter:
    """Cases, for everybody who may look up customers, and by the same measure: a search needs words and gives few.

    `changed` is told the id of a customer one of whose cases somebody has changed.
    """
    router = APIRouter(prefix="/cases")
    signed_in = Depends(viewer_of(sessions, now))

    @router.get("")
    @answers(CasesAnswer)
    async def find(
        viewer: Annotated[Viewer, signed_in],
        *,
        words: Annotated[str, Query(max_length=100, description="in titles, entries or the customer's name")] = "",
        customer: Annotated[str, Query(pattern=r"^[0-9]{0,18}$", description="only this one's, all of them")] = "",
        only_open: Annotated[bool, Query(description="of those found by words")] = True,
        limit: Annotated[int, Query(ge=1, le=50)] = 20,
    ) -> Response:
        """The cases of a customer, or those with all the words; open ones first, then the latest changed first."""
        if customer:
            return json_answer(CasesAnswer(list(await records.cases_of(customer))))
        if len(words.strip()) < SHORTEST:
            raise HTTPException(422, f"words: expected at least {SHORTEST} characters, or a customer")
        found = await records.find_cases(words, limit, only_open=only_open)
        log.info("cases.searched", user=viewer.user, found=len(found))
        return json_answer(CasesAnswer(list(found)))

    @router.post("", status_code=201)
    @answers(Case)
    async def open_one(viewer: Annotated[Viewer, signed_in], wanted: NewCase) -> Response:
        """A new case of a customer; the answer has the id."""
        try:
            made = await records.open_case(wanted.customer, wanted.title, wanted.text, wanted.call, viewer.user)
        except CaseNotSaved as error:
            raise HTTPException(422, str(error)) from error
        changed(made.customer)
        answer = json_answer(made)
        answer.status_code = 201
        return answer

    @router.get("/{case}")
    @answers(Case)
    async def read(_: Annotated[Viewer, signed_in], case: CaseId) -> Response:
        """One case, with all that was added and changed, and by whom."""
        found = await records.case(case)
        if found is None:
            raise HTTPException(404, "no such case")
        return json_answer(found)

    @router.put("/{case}")
    @answers(Case)
    async def change(viewer: Annotated[Viewer, signed_in], case: CaseId, wanted: ChangedCase) -> Response:
        """Title and state as they are to be, and what is added. 409, with the case as it stands, if it is not the one
        that was read."""
        title, text, call = wanted.title, wanted.text, wanted.call
        try:
            saved = await records.change_case(
                case, wanted.updated_at, title, text, call, viewer.user, is_open=wanted.is_open
            )
        except CaseNotSaved as error:
            if not error.conflict:
                raise HTTPException(422, str(error)) from error
            return Response(to_json(CaseConflict(str(error), error.now)), 409, media_type="application/json")
        changed(saved.customer)
        return json_answer(saved)

    return router
