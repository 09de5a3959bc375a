"""The console's server: one port for the page, REST and the WebSocket. Does I/O.

`Console` is what the rest of the house sees: give it what it needs, let it `see` every line of the journal, and `start`
it. What stood in the journal before, `known` has learned.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType

import structlog
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Response, WebSocket
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.responses import FileResponse, PlainTextResponse
from starlette.staticfiles import StaticFiles

from acd.vocabulary import Line, Now, Tell
from agent_console.administration import Administration
from agent_console.audit import Audit
from agent_console.audited import Audited
from agent_console.bodies import BodyLimit
from agent_console.callers import Records
from agent_console.headers import SecurityHeaders, is_own_origin
from agent_console.hub import Hub
from agent_console.known import Known
from agent_console.live import serve_screen
from agent_console.messages import CLOSED_SIGNED_OUT, MAX_MESSAGE_BYTES
from agent_console.rest.asked import PREFIX, Gate, address_of, session_of
from agent_console.rest.calls import calls_router
from agent_console.rest.cases import cases_router
from agent_console.rest.customers import customers_router
from agent_console.rest.day_exports import day_exports_router
from agent_console.rest.days import days_router
from agent_console.rest.directory import directory_router
from agent_console.rest.openapi import add_description, errors_in_one_shape
from agent_console.rest.password import password_router
from agent_console.rest.recordings import recordings_router
from agent_console.rest.session import session_router
from agent_console.rest.sessions import audit_router, sessions_router
from agent_console.rest.settings import settings_router
from agent_console.rest.softphone import softphone_router
from agent_console.sessions import Sessions
from agent_console.settings import ApiKey, User, WebSettings
from agent_console.sign_in import SignIn
from agent_console.sip_lines import SipLines
from agent_console.softphones import Softphone

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
    says why the system cannot work at the moment, or "". `users`, and `softphones` (user → the telephone in their
    browser), are looked at whenever they are needed: who changes them there, changes them here.
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
        api_keys: Mapping[str, ApiKey] = MappingProxyType({}),
        fault: Callable[[], str] = lambda: "",
        page: Path = PAGE,
        softphones: Mapping[str, Softphone] | None = None,
        administration: Administration | None = None,
        known: Known | None = None,
    ) -> None:
        self._settings = settings
        lasts_ms = round(settings.session_hours * 3_600_000)
        softphones = {} if softphones is None else softphones
        self.sessions = sessions = Sessions(lasts_ms, users, api_keys, softphones, self._is_busy)
        audit = Audit(settings.audit, now)
        kept, pop_urls, hear = settings.kept_lines, settings.pop_urls, settings.agents_hear_recordings
        known = Known() if known is None else known
        pop_url = settings.pop_url
        self._hub = Hub(tell, now, records, sessions, kept, metrics, known, pop_url=pop_url, pop_urls=pop_urls)
        self._sign_in = SignIn(users, sessions, now, audit, metrics)
        sip_lines = SipLines(softphones, sessions, now)
        self.app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        self.app.add_middleware(BodyLimit)
        self.app.add_middleware(Audited, audit=audit)
        self.app.add_middleware(SecurityHeaders, secure=settings.secure)
        errors_in_one_shape(self.app)
        routers = [
            session_router(self._sign_in, sessions, self._hub, now, audit, secure=settings.secure),
            calls_router(
                sessions, now, records, self._hub.board.queues_of, agents_hear=settings.agents_hear_recordings
            ),
            recordings_router(sessions, now, records, agents_hear=hear),
            days_router(sessions, now, records),
            day_exports_router(sessions, now, records),
            customers_router(sessions, now, records, self._hub.customer_changed),
            cases_router(sessions, now, records, self._hub.customer_changed),
            directory_router(sessions, self._hub, now),
            sessions_router(sessions, self._hub, now, audit),
            audit_router(sessions, now, audit),
            softphone_router(sessions, softphones, now),
        ]
        if administration is not None:
            routers.append(settings_router(sessions, now, administration))
            routers.append(password_router(self._sign_in, sessions, now, administration))
        gate = Gate(sessions, now, settings.requests_per_second)
        for router in routers:
            self.app.include_router(router, prefix=PREFIX, dependencies=[Depends(gate)])
        add_description(self.app, version("callfloor"))
        _add_websocket(self.app, sessions, self._hub, now, audit)
        self.app.add_api_websocket_route("/sip", sip_lines.serve)
        _add_health(self.app, self._hub, metrics, fault)
        _add_page(self.app, page)
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

    def _is_busy(self, agent: str) -> bool:
        return self._hub.board.is_busy(agent)

    async def start(self) -> None:
        """Listens and serves until `stop`. Raises PortTaken."""
        listener = _listen(self._settings.host, self._settings.port)
        self.port = listener.getsockname()[1]
        await self._hub.start()
        self._server = _Server(_uvicorn_config(self.app, self._settings))
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


def _add_websocket(app: FastAPI, sessions: Sessions, hub: Hub, now: Now, audit: Audit) -> None:
    @app.websocket("/ws")
    async def live(websocket: WebSocket) -> None:
        if not is_own_origin(websocket.headers):
            origin = websocket.headers.get("origin", "")[:200]
            log.warning("console.foreign_origin", origin=origin)
            audit.note("request refused", address=address_of(websocket), request="GET /ws", status=403, why=origin)
            await websocket.close()  # before accept: the handshake is answered with 403
            return
        await websocket.accept()
        session = session_of(websocket, sessions, now())
        if session is None:
            await websocket.close(CLOSED_SIGNED_OUT, "not signed in")
            return
        audit.note("screen opened", user=session.viewer.user, address=address_of(websocket))
        await serve_screen(websocket, session, hub)


def _add_health(app: FastAPI, hub: Hub, metrics: CollectorRegistry, fault: Callable[[], str]) -> None:
    @app.get("/healthz", include_in_schema=False)
    async def health(response: Response) -> dict[str, str | int]:
        why = fault()
        if why:
            response.status_code = 503
        return {"status": why or "ok", "seq": hub.board.seq}

    @app.get("/metrics", include_in_schema=False)
    async def measurements() -> Response:
        return Response(generate_latest(metrics), media_type=CONTENT_TYPE_LATEST)


def _add_page(app: FastAPI, page: Path) -> None:
    """The built page: files under `/assets` by their hashed names, and `index.html` for every other path."""
    app.mount("/assets", StaticFiles(directory=page / "assets", check_dir=False), name="assets")

    @app.get("/{path:path}", include_in_schema=False)
    async def index(path: str) -> Response:
        if path.startswith("api/"):
            raise HTTPException(404, "no such thing")
        if not (page / "index.html").is_file():
            return PlainTextResponse(NO_PAGE, status_code=503)
        return FileResponse(page / "index.html", headers={"Cache-Control": "no-cache"})
