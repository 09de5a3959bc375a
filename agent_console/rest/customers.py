"""Customers: found, read, created and changed. Does I/O through the given callables."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the functions below, which name local
# dependencies.

from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
import structlog
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from acd.vocabulary import Now
from agent_console.callers import Customer, CustomerChange, CustomerField, NotSaved, Records
from agent_console.messages import to_json
from agent_console.rest.asked import answers, json_answer, viewer_of
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


class CustomersAnswer(msgspec.Struct, frozen=True):
    customers: list[Customer]


class FieldsAnswer(msgspec.Struct, frozen=True):
    fields: list[CustomerField]


class ChangesAnswer(msgspec.Struct, frozen=True):
    changes: list[CustomerChange]


class Conflict(msgspec.Struct, frozen=True):
    """Somebody else has changed the customer meanwhile: `customer` as it stands now, None if it is gone."""

    detail: str
    customer: Customer | None


def customers_router(sessions: Sessions, now: Now, records: Records, changed: Callable[[str], None]) -> APIRouter:
    """Customers, for everybody who is signed in: who calls from another number must be found by name. A search needs
    words and gives few, and who searches is in the log; who has changed what is for supervisors to read.

    `changed` is told the id of a customer whom somebody has changed.
    """
    router = APIRouter(prefix="/customers")
    save = _saver(records, changed)
    signed_in = Depends(viewer_of(sessions, now))

    @router.get("")
    @answers(CustomersAnswer)
    async def find(
        viewer: Annotated[Viewer, signed_in],
        words: Annotated[str, Query(min_length=SHORTEST, max_length=100, description="in names, notes or numbers")],
        limit: Annotated[int, Query(ge=1, le=50)] = 20,
    ) -> Response:
        """Customers by their name, note or numbers, in the order of names, at most `limit`."""
        if len(words.strip()) < SHORTEST:
            raise HTTPException(422, f"words: expected at least {SHORTEST} characters")
        found = await records.find_customers(words, limit)
        log.info("customers.searched", user=viewer.user, found=len(found))
        return json_answer(CustomersAnswer(list(found)))

    @router.get("/fields")
    @answers(FieldsAnswer)
    async def fields(_: Annotated[Viewer, signed_in]) -> Response:
        """The operator's own fields of customers, in their order."""
        return json_answer(FieldsAnswer(list(records.customer_fields())))

    @router.post("", status_code=201)
    @answers(Customer)
    async def create(viewer: Annotated[Viewer, signed_in], wanted: Wanted) -> Response:
        """A new customer; the answer has the id."""
        answer = json_answer(await save(Customer(id="", **wanted.model_dump()), viewer.user))
        answer.status_code = 201
        return answer

    @router.get("/{customer}")
    @answers(Customer)
    async def read(_: Annotated[Viewer, signed_in], customer: Id) -> Response:
        """One customer."""
        found = await records.customer(customer)
        if found is None:
            raise HTTPException(404, "no such customer")
        return json_answer(found)

    @router.put("/{customer}")
    @answers(Customer)
    async def change(viewer: Annotated[Viewer, signed_in], customer: Id, wanted: Changed) -> Response:
        """The customer as it is to be. 409, with the customer as it stands, if it is not the one that was read."""
        try:
            return json_answer(await save(Customer(id=customer, **wanted.model_dump()), viewer.user))
        except NotSaved as error:
            return Response(to_json(Conflict(str(error), error.now)), 409, media_type="application/json")

    @router.get("/{customer}/changes")
    @answers(ChangesAnswer)
    async def changes(
        _: Annotated[Viewer, Depends(viewer_of(sessions, now, "supervisor", "admin"))], customer: Id
    ) -> Response:
        """Who changed what of a customer, the latest first."""
        return json_answer(ChangesAnswer(list(await records.customer_changes(customer))))

    return router


def _saver(records: Records, changed: Callable[[str], None]) -> Callable[[Customer, str], Awaitable[Customer]]:
    """Saves a customer for a user; a field that is wrong is an answer. Raises NotSaved for a conflict."""

    async def save(customer: Customer, user: str) -> Customer:
        try:
            saved = await records.save_customer(customer, user)
        except NotSaved as error:
            if error.conflict:
                raise
            raise HTTPException(422, str(error)) from error
        changed(saved.id)
        return saved

    return save
