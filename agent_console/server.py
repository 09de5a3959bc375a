"""The console's server: one port for the page, REST and the WebSocket. Does I/O.

`Console` is what the rest of the house sees: give it what it needs, let it `see` every line of the journal (those of
before the start too, so that it knows what the ACD knows), then `start` it.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import structlog
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Response, WebSocket
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.responses import FileResponse, PlainTextResponse
from starlette.staticfiles import StaticFiles

from acd.vocabulary import Line, Now, Tell
from agent_console.callers import Records
from agent_console.headers import SecurityHeaders, is_own_origin
from agent_console.hub import Hub
from agent_console.live import serve_screen
from agent_console.messages import CLOSED_SIGNED_OUT, MAX_MESSAGE_BYTES
from agent_console.rest.asked import COOKIE, PREFIX, only_own_origin
from agent_console.rest.calls import calls_router
from agent_console.rest.directory import directory_router
from agent_console.rest.recordings import recordings_router
from agent_console.rest.session import session_router
from agent_console.sessions import Sessions
from agent_console.settings import User, WebSettings
from agent_console.sign_in import SignIn

log = structlog.get_logger(__name__)

PAGE = Path(__file__).parent / "page" / "dist"
NO_PAGE = (
    "The web page has not been built. `pip install .` builds it, or `npm ci && npm run build` in agent_console/page.\n"
)


class PortTaken(OSError):
    """The console cannot listen where it was told to; the message is for the person who started it."""


class Console:
    """The consoles of agents and supervisors.

    `tell` and `now` reach the ACD; `records` answers what screens ask; `fault`
    says why the system cannot work at the moment, or "".
    """

    def __init__(
        self,
        settings: WebSettings,
        users: Mapping[str, User],
        tell: Tell,
        now: Now,
        *,
        records: Records,
        metrics: CollectorRegistry,
        fault: Callable[[], str] = lambda: "",
        page: Path = PAGE,
    ) -> None:
        self._settings = settings
        self._hub = Hub(tell, now, records, settings.kept_lines, metrics)
        lasts_s = round(settings.session_hours * 3600)
        sessions = Sessions(lasts_s * 1000)
        self._sign_in = SignIn(users, sessions, now, metrics)
        self._app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        self._app.add_middleware(SecurityHeaders, secure=settings.secure)
        routers = [
            session_router(self._sign_in, sessions, self._hub, now, secure=settings.secure, lasts_s=lasts_s),
            calls_router(sessions, now, records, agents_hear=settings.agents_hear_recordings),
            recordings_router(sessions, now, records, agents_hear=settings.agents_hear_recordings),
            directory_router(sessions, self._hub, now),
        ]
        for router in routers:
            self._app.include_router(router, prefix=PREFIX, dependencies=[Depends(only_own_origin)])
        _add_websocket(self._app, sessions, self._hub, now)
        _add_health(self._app, self._hub, metrics, fault)
        _add_page(self._app, page)
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self.port = settings.port

    @property
    def url(self) -> str:
        scheme = "https" if self._settings.tls_certificate else "http"
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        return f"{scheme}://{host}:{self.port}"

    def see(self, line: Line) -> None:
        """Takes in one line of the journal, in order. Quick, never blocks."""
        self._hub.see(line)

    async def start(self) -> None:
        """Listens and serves until `stop`. Raises PortTaken."""
        listener = _listen(self._settings.host, self._settings.port)
        self.port = listener.getsockname()[1]
        await self._hub.start()
        self._server = _Server(_uvicorn_config(self._app, self._settings))
        self._serving = asyncio.create_task(self._server.serve([listener]), name="console server")
        await self._server.is_ready(self._serving)
        log.info("console.listening", url=self.url)

    async def stop(self) -> None:
        """Closes every screen and the port."""
        await self._hub.stop()
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
        self._sign_in.close()


class _Server(uvicorn.Server):
    """uvicorn as a part of our process: signals are the process's business, and being ready can be awaited."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ready = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready.set()

    async def is_ready(self, serving: asyncio.Task[None]) -> None:
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait([ready, serving], return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            ready.cancel()
            serving.result()


def _uvicorn_config(app: FastAPI, settings: WebSettings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="h11",
        ws="websockets-sansio",
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=settings.behind_tls_proxy,
        timeout_graceful_shutdown=2,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=str(settings.tls_key) if settings.tls_key else None,
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise PortTaken(error.errno, f"the console cannot listen on {host} port {port}: {why}") from error


def _add_websocket(app: FastAPI, sessions: Sessions, hub: Hub, now: Now) -> None:
    @app.websocket("/ws")
    async def live(websocket: WebSocket) -> None:
        if not is_own_origin(websocket.headers):
            log.warning("console.foreign_origin", origin=websocket.headers.get("origin", "")[:200])
            await websocket.close()  # before accept: the handshake is answered with 403
            return
        await websocket.accept()
        session = sessions.find(websocket.cookies.get(COOKIE), now())
        if session is None:
            await websocket.close(CLOSED_SIGNED_OUT, "not signed in")
            return
        await serve_screen(websocket, session, hub)


def _add_health(app: FastAPI, hub: Hub, metrics: CollectorRegistry, fault: Callable[[], str]) -> None:
    @app.get("/healthz")
    async def health(response: Response) -> dict[str, str | int]:
        why = fault()
        if why:
            response.status_code = 503
        return {"status": why or "ok", "seq": hub.board.seq}

    @app.get("/metrics")
    async def measurements() -> Response:
        return Response(generate_latest(metrics), media_type=CONTENT_TYPE_LATEST)


def _add_page(app: FastAPI, page: Path) -> None:
    """The built page: files under `/assets` by their hashed names, and `index.html` for every other path."""
    app.mount("/assets", StaticFiles(directory=page / "assets", check_dir=False), name="assets")

    @app.get("/{path:path}")
    async def index(path: str) -> Response:
        if path.startswith("api/"):
            raise HTTPException(404, "no such thing")
        if not (page / "index.html").is_file():
            return PlainTextResponse(NO_PAGE, status_code=503)
        return FileResponse(page / "index.html", headers={"Cache-Control": "no-cache"})
