"""One's own password. Does I/O through the given callables."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the functions below, which name local
# dependencies.

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from acd.vocabulary import Now
from agent_console.administration import Administration, SettingsConflict, SettingsWrong
from agent_console.guesses import known_cookie
from agent_console.rest.asked import address_of, viewer_of
from agent_console.sessions import Sessions, Viewer
from agent_console.sign_in import SignIn, SignInRefused


class Passwords(BaseModel):
    model_config = ConfigDict(extra="forbid")

    old: str = Field(max_length=256)
    new: str = Field(min_length=8, max_length=256)


def password_router(signing: SignIn, sessions: Sessions, now: Now, administration: Administration) -> APIRouter:
    """Changed by its owner, who must know the old one: whoever finds a desk unattended cannot."""
    router = APIRouter(prefix="/password")

    @router.post("", status_code=204)
    async def change(
        viewer: Annotated[Viewer, Depends(viewer_of(sessions, now))], passwords: Passwords, request: Request
    ) -> Response:
        """Sets another password and ends every session of this user. 422 if the old one is wrong; 429, as for the
        sign-in, for who guesses."""
        if viewer.user.startswith("key:"):
            raise HTTPException(404, "a key has no password")
        proof = request.cookies.get(known_cookie(viewer.user), "")
        try:
            await signing.verify(viewer.user, passwords.old, address_of(request), proof)
            await administration.set_password(viewer.user, passwords.new)
        except SignInRefused as refused:
            if refused.wait_ms:
                seconds = str(-(-refused.wait_ms // 1000))
                raise HTTPException(429, "too many tries", headers={"Retry-After": seconds}) from refused
            raise HTTPException(422, "old: this is not the password") from refused
        except SettingsWrong as error:
            raise HTTPException(422, str(error)) from error
        except SettingsConflict as error:
            raise HTTPException(409, str(error)) from error
        return Response(status_code=204)

    return router
