"""`/api/v1/openapi.json`: what is asked and what is answered, made from the routes and the structs. Does no I/O.

FastAPI knows the paths, parameters and bodies; what a route answers it says by `asked.answers`, and msgspec makes the
schema of it. Every error has one shape, whoever finds it: `{"detail": "what was wrong, and where"}`.
"""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the functions below.

import inspect
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.exceptions import HTTPException

from agent_console.messages import to_json
from agent_console.rest.asked import COOKIE, PREFIX, is_open_to_all
from agent_console.settings import ROLES

ERRORS = {
    "400": "The body is no JSON.",
    "401": "Not signed in.",
    "403": "This user may not do that, or the request comes from another site's page.",
    "404": "No such thing, or it is somebody else's.",
    "409": "Somebody else has changed it since it was read; beside `detail` stands what it is now.",
    "413": "The body is longer than a megabyte.",
    "422": "A parameter or the body is not as described; `detail` names the place.",
    "429": "Too many requests: come back after `Retry-After` seconds.",
}


class Problem(msgspec.Struct, frozen=True):
    """What was wrong, for a person to read."""

    detail: str


class Operation(NamedTuple):
    """One thing that can be asked: what its function is, and what that says of itself."""

    method: str
    path: str
    endpoint: Any
    status: int
    roles: frozenset[str]
    """Who may ask it at all, as its dependencies on `viewer_of` say; "" is who is not signed in."""

    @property
    def answers(self) -> tuple[str, Any] | None:
        """The media type and the struct of `asked.answers`."""
        return getattr(self.endpoint, "answers", None)


def operations(app: FastAPI) -> Iterator[Operation]:
    """All of the API, of every router."""
    for found in iter_route_contexts(app.routes):
        route = found.original_route
        if isinstance(route, APIRoute) and route.include_in_schema and str(found.path).startswith(PREFIX):
            for method in sorted(route.methods or ()):
                roles = frozenset({"", *ROLES}) if is_open_to_all(route.endpoint) else _roles(found.dependant)
                yield Operation(method, str(found.path), route.endpoint, route.status_code or 200, roles)


def _roles(dependant: Any) -> frozenset[str]:
    """Of all that the route depends on, the narrowest: who passes each."""
    named = [getattr(one.call, "roles", None) or _roles(one) for one in dependant.dependencies]
    return frozenset.intersection(*found) if (found := [one for one in named if one]) else frozenset()


def describe(app: FastAPI, version: str) -> dict[str, Any]:
    """The OpenAPI document of these routes."""
    spec = get_openapi(title="Callfloor", version=version, description=ABOUT, routes=app.routes)
    asked = [*operations(app)]
    shapes = [Problem, *(one.answers[1] for one in asked if one.answers and one.answers[1] is not None)]
    schemas, components = msgspec.json.schema_components(shapes, ref_template="#/components/schemas/{name}")
    of_shape = dict(zip(shapes, schemas, strict=True))
    for one in asked:
        operation = spec["paths"][one.path][one.method.lower()]
        if "" in one.roles:
            operation["security"] = []
        responses = operation["responses"]
        for status, why in ERRORS.items():
            content = {"application/json": {"schema": of_shape[Problem]}}
            responses[status] = {"description": why, "content": content}
        if one.answers is not None:
            media, shape = one.answers
            schema = of_shape[shape] if shape is not None else {"type": "string"}
            responses[str(one.status)] = {"description": "So it is.", "content": {media: {"schema": schema}}}
    for component in components.values():
        if "description" in component:
            component["description"] = inspect.cleandoc(component["description"])
    schemas_there = spec.setdefault("components", {}).setdefault("schemas", {})
    for made_by_fastapi in ("HTTPValidationError", "ValidationError"):
        schemas_there.pop(made_by_fastapi, None)
    schemas_there.update(components)
    spec["components"]["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
        "key": {"type": "http", "scheme": "bearer"},
    }
    spec["security"] = [{"session": []}, {"key": []}]
    return spec


ABOUT = (
    "What screens and machines look up and change. Times are milliseconds since 1970 UTC, names ending in `_ms` are"
    " durations. People sign in and have a cookie; machines send `Authorization: Bearer` and their key."
)


def add_description(app: FastAPI, version: str) -> None:
    """The document at its path. It says nothing that is not public, so nobody need be signed in."""
    text = to_json(describe(app, version))

    @app.get(f"{PREFIX}/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return Response(text, media_type="application/json")


def errors_in_one_shape(app: FastAPI) -> None:
    """Whatever a route, FastAPI or Starlette refuses is a `Problem`."""

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> Response:
        if error.status_code == 204:
            return Response(status_code=204)
        text = to_json(Problem(str(error.detail)))
        return Response(text, error.status_code, error.headers, "application/json")

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        said = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        no_json = any(one["type"] == "json_invalid" for one in error.errors())
        # A lone surrogate in what was sent must not become a 500 of ours.
        text = to_json(Problem(said.encode(errors="replace").decode()))
        return Response(text, 400 if no_json else 422, media_type="application/json")
