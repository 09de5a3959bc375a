"""What admins change while the system runs: queues, agents, users, numbers, routing. Does I/O through the given
callables."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the functions below, which name local
# dependencies.

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from acd.vocabulary import Now
from agent_console.administration import (
    Administration,
    SettingsChange,
    SettingsChecked,
    SettingsConflict,
    SettingsFault,
    SettingsNow,
    SettingsWrong,
    WantedTable,
)
from agent_console.messages import to_json
from agent_console.rest.asked import answers, json_answer, viewer_of
from agent_console.sessions import Sessions, Viewer


class Wanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    place: str = Field(max_length=200, examples=["queues.sales"])
    tag: str = Field("", max_length=64, description="of the table that was seen; empty if there was none")
    table: dict[str, Any] | None = Field(description="as the configuration file would say it; null: take it away")


class Changes(BaseModel):
    model_config = ConfigDict(extra="forbid")

    changes: list[Wanted] = Field(min_length=1, max_length=1_000)

    def wanted(self) -> list[WantedTable]:
        return [WantedTable(one.place, one.tag, one.table) for one in self.changes]


class SettingsChangesAnswer(msgspec.Struct, frozen=True):
    changes: list[SettingsChange]


class WrongSettings(msgspec.Struct, frozen=True):
    """All that is wrong, and where: nothing was changed."""

    detail: str
    faults: list[SettingsFault]


def settings_router(sessions: Sessions, now: Now, administration: Administration) -> APIRouter:
    """For admins alone. A change is of whole tables, all or none, and holds at once."""
    router = APIRouter(prefix="/settings")
    admin = Depends(viewer_of(sessions, now, "admin"))

    @router.get("")
    @answers(SettingsNow)
    async def read(_: Annotated[Viewer, admin]) -> Response:
        """Every table that can be changed, as it stands."""
        return json_answer(await administration.now())

    @router.get("/schema")
    @answers(dict[str, Any])
    async def schema(_: Annotated[Viewer, admin]) -> Response:
        """How each kind of table is made up, as JSON Schema."""
        return json_answer(administration.schema())

    @router.post("/check")
    @answers(SettingsChecked)
    async def check(_: Annotated[Viewer, admin], changes: Changes) -> Response:
        """What would be wrong with these changes, and what would be odd. Changes nothing."""
        return json_answer(await administration.check(changes.wanted()))

    @router.post("")
    @answers(SettingsNow)
    async def change(viewer: Annotated[Viewer, admin], changes: Changes) -> Response:
        """Makes all of the changes, or none: 422 with what is wrong, 409 if a table is not the one that was seen, or
        if somebody on a call would lose the queue or the agent that they need."""
        try:
            return json_answer(await administration.change(changes.wanted(), viewer.user))
        except SettingsWrong as error:
            return Response(to_json(WrongSettings(str(error), error.faults)), 422, media_type="application/json")
        except SettingsConflict as error:
            raise HTTPException(409, str(error)) from error

    @router.get("/changes")
    @answers(SettingsChangesAnswer)
    async def changed(_: Annotated[Viewer, admin], limit: Annotated[int, Query(ge=1, le=1_000)] = 100) -> Response:
        """Who has changed what, the latest first. To put something back, make what stood `before` a change."""
        return json_answer(SettingsChangesAnswer(list(await administration.changes(limit))))

    return router
