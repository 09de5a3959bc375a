"""Customers: found, read, created and changed. Does I/O through the given callables."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the functions below, which name local
# dependencies.

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from acd.vocabulary import Now
from agent_console.callers import Customer, NotSaved, Records
from agent_console.rest.asked import json_answer, viewer_of
from agent_console.sessions import Sessions, Viewer

log = structlog.get_logger(__name__)

SHORTEST = 2
"""Characters that a search has at least, so that nobody leafs through all customers."""

Id = Annotated[str, Path(pattern=r"^[0-9]{1,18}$", description="the customer's id")]
Line = Annotated[str, Field(max_length=200)]


class Wanted(BaseModel):
    """A customer as it is to be. `fields`: the operator's own, key → text; see `/customers/fields`."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200)]
    company: Line = ""
    reference: Line = ""
    note: Annotated[str, Field(max_length=10_000)] = ""
    numbers: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=50)] = []
    fields: Annotated[
        dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=2_000)]], Field(max_length=40)
    ] = {}


class Changed(Wanted):
    """`updated_at`: of the state that was read; if somebody has changed it since, nothing is changed."""

    updated_at: Annotated[int, Field(ge=0, le=2**53)]


def customers_router(sessions: Sessions, now: Now, records: Records, changed: Callable[[str], None]) -> APIRouter:
    """Customers, for everybody who is signed in: who calls from another number must be found by name. A search needs
    words and gives few, and who searches is in the log; who has changed what is for supervisors to read.

    `changed` is told the id of a customer whom somebody has changed.
    """
    router = APIRouter(prefix="/customers")
    save = _saver(records, changed)
    signed_in = Depends(viewer_of(sessions, now))

    @router.get("", response_description="{customers: [...]}, by name, at most `limit`")
    async def find(
        viewer: Annotated[Viewer, signed_in],
        words: Annotated[str, Query(min_length=SHORTEST, max_length=100, description="in names, notes or numbers")],
        limit: Annotated[int, Query(ge=1, le=50)] = 20,
    ) -> Response:
        if len(words.strip()) < SHORTEST:
            raise HTTPException(422, f"words: expected at least {SHORTEST} characters")
        found = await records.find_customers(words, limit)
        log.info("customers.searched", user=viewer.user, found=len(found))
        return json_answer({"customers": list(found)})

    @router.get("/fields", response_description="{fields: [{key, label, kind, choices}]}, in the operator's order")
    async def fields(_: Annotated[Viewer, signed_in]) -> Response:
        return json_answer({"fields": list(records.customer_fields())})

    @router.post("", status_code=201, response_description="the customer, with the id; 422 says which field is wrong")
    async def create(viewer: Annotated[Viewer, signed_in], wanted: Wanted) -> Response:
        answer = json_answer(await save(Customer(id="", **wanted.model_dump()), viewer.user))
        answer.status_code = 201
        return answer

    @router.get("/{customer}", response_description="the customer, or 404")
    async def read(_: Annotated[Viewer, signed_in], customer: Id) -> Response:
        found = await records.customer(customer)
        if found is None:
            raise HTTPException(404, "no such customer")
        return json_answer(found)

    @router.put(
        "/{customer}",
        response_description="the customer as it is now; 409 with {why, customer} if it is another one than was read",
    )
    async def change(viewer: Annotated[Viewer, signed_in], customer: Id, wanted: Changed) -> Response:
        return json_answer(await save(Customer(id=customer, **wanted.model_dump()), viewer.user))

    @router.get("/{customer}/changes", response_description="{changes: [{at, by, changes}]}, the latest first")
    async def changes(viewer: Annotated[Viewer, signed_in], customer: Id) -> Response:
        if not viewer.sees_all:
            raise HTTPException(403, "only a supervisor may read who changed a customer")
        return json_answer({"changes": list(await records.customer_changes(customer))})

    return router


def _saver(records: Records, changed: Callable[[str], None]) -> Callable[[Customer, str], Awaitable[Customer]]:
    """Saves a customer for a user; what keeps it from being saved is an answer."""

    async def save(customer: Customer, user: str) -> Customer:
        try:
            saved = await records.save_customer(customer, user)
        except NotSaved as error:
            if not error.conflict:
                raise HTTPException(422, str(error)) from error
            raise HTTPException(409, {"why": str(error), "customer": _plain(error.now)}) from error
        changed(saved.id)
        return saved

    return save


def _plain(customer: Customer | None) -> Any:
    return None if customer is None else {name: getattr(customer, name) for name in customer.__struct_fields__}
