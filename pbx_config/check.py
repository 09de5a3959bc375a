"""Looks at a running Asterisk and says what is missing for Callfloor to work on it. Does I/O.

The client is panoramisk, not ours: a stranger's eyes see what two mistakes of the same author would hide. It retries
for ever where a check should end, so each wait has a limit here, and reaching the port is tried without it first.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from panoramisk import Manager

from pbx_config.settings import ManagerUser, PbxSettings, Softphones

Level = Literal["ok", "warning", "error"]

CONTEXTS = (
    "callfloor-call", "callfloor-ports", "callfloor-ivr", "callfloor-wait", "callfloor-agent", "callfloor-conference",
    "callfloor-monitor", "callfloor-dtmf", "callfloor-callback",
)  # fmt: skip
MODULES = (
    "app_chanspy", "app_confbridge", "app_exec", "app_mixmonitor", "app_playback", "app_playtones", "app_record",
    "app_senddtmf", "app_stack", "app_userevent",
    "bridge_softmix", "func_callerid", "func_channel", "func_groupcount", "func_lock", "func_sprintf", "func_strings",
    "res_agi", "res_manager_devicestate", "res_musiconhold",
)  # fmt: skip
SOFTPHONE_MODULES = ("res_http_websocket", "res_pjsip_nat", "res_pjsip_transport_websocket", "res_srtp")
FLASH_CONTEXTS = ("callfloor-flash",)
FLASH_MODULES = ("app_waitforsilence", "func_cut", "res_tonedetect")
LIVE_ACTIONS = (
    "Bridge", "Filter", "Getvar", "Hangup", "MixMonitor", "MixMonitorMute", "Originate", "Redirect", "Setvar", "Status",
    "UserEvent",
)  # fmt: skip
LIVE_WRITE = "write=system,call,originate,reporting,user"
OLDEST_ASTERISK = 20


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `advice` says what to do about a warning or an error."""

    level: Level
    what: str
    advice: str = ""


class _CheckEnded(Exception):
    """Nothing more can be looked at, because of this finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.what)
        self.finding = finding


async def check(settings: PbxSettings, *, limit_s: float = 10.0) -> list[Finding]:
    """Everything that was looked at on this node, good and bad. `limit_s` bounds the wait for each user's session."""
    findings: list[Finding] = []
    try:
        findings.append(await _reach(settings, limit_s))
        async with _session(settings, settings.live, limit_s) as live:
            findings += await _permissions(live, settings.live)
        if settings.operator is None:
            findings.append(
                Finding("warning", "dialplan, music and sounds were not looked at", "give the node an [operator] user")
            )
            return findings
        async with _session(settings, settings.operator, limit_s) as operator:
            findings += await _installation(operator, settings)
    except _CheckEnded as ended:
        findings.append(ended.finding)
    return findings


async def _reach(settings: PbxSettings, limit_s: float) -> Finding:
    place = f"{settings.ami_host}:{settings.ami_port}"
    try:
        async with asyncio.timeout(limit_s):
            reader, writer = await asyncio.open_connection(settings.ami_host, settings.ami_port)
            try:
                banner = await reader.readline()
            finally:
                writer.close()
    except TimeoutError:
        raise _CheckEnded(
            Finding("error", f"{place} does not answer within {limit_s:g} s", "is it a firewall?")
        ) from None
    except (OSError, ValueError) as error:
        advice = "is Asterisk running, and manager.conf's [general] `enabled = yes`?"
        raise _CheckEnded(Finding("error", f"{place} cannot be reached: {error}", advice)) from None
    if not banner.startswith(b"Asterisk Call Manager/"):
        raise _CheckEnded(
            Finding("error", f"{place} is not an Asterisk manager: it says {banner[:80]!r}", "wrong port?")
        )
    return Finding("ok", f"{place} answers: {banner.decode(errors='replace').strip()}")


@asynccontextmanager
async def _session(settings: PbxSettings, user: ManagerUser, limit_s: float) -> AsyncIterator[Manager]:
    """A session of this user; ends the check if there can be none, or if what is asked in it takes too long."""
    manager = Manager(
        host=settings.ami_host,
        port=settings.ami_port,
        username=user.name,
        secret=user.secret.get_secret_value(),
        events="off",
    )
    try:
        async with asyncio.timeout(limit_s):
            await manager.connect()
            answer = await manager.authenticated_future
            if not answer.success:
                what = f"manager user {user.name!r} may not log in: {answer.message or 'no reason given'}"
                raise _CheckEnded(Finding("error", what, "include callfloor.manager.conf, then `manager reload`"))
            yield manager
    except TimeoutError:
        what = f"manager user {user.name!r}: no answer within {limit_s:g} s"
        raise _CheckEnded(Finding("error", what, "look at Asterisk's log")) from None
    finally:
        manager.close()


async def _permissions(live: Manager, user: ManagerUser) -> list[Finding]:
    allowed = set(dict(await live.send_action({"Action": "ListCommands"})))
    missing = [action for action in LIVE_ACTIONS if action.lower() not in {name.lower() for name in allowed}]
    if missing:
        what = f"manager user {user.name!r} may not {', '.join(missing)}"
        return [Finding("error", what, f"[{user.name}] in manager.conf needs the line `{LIVE_WRITE}`")]
    if "command" in {name.lower() for name in allowed}:
        what = f"manager user {user.name!r} may run CLI commands, which it does not need"
        return [Finding("warning", what, "take `command` from its `write` in manager.conf")]
    return [Finding("ok", f"manager user {user.name!r} may do what it needs, and not more")]


async def _installation(operator: Manager, settings: PbxSettings) -> list[Finding]:
    findings = [await _version(operator)]
    modules = MODULES + (FLASH_MODULES if settings.hook_flash else ())
    modules += SOFTPHONE_MODULES if settings.softphones else ()
    contexts = CONTEXTS + (FLASH_CONTEXTS if settings.hook_flash else ())
    absent = [name for name in modules if not (await _ask(operator, "ModuleCheck", Module=f"{name}.so")).success]
    findings.append(_all_there("modules", absent, "load them in modules.conf"))
    absent = [name for name in contexts if not await _output(operator, f"dialplan show {name}")]
    findings.append(
        _all_there("dialplan contexts", absent, "include callfloor.extensions.conf, then `dialplan reload`")
    )
    music = re.findall(r"^Class: (\S+)", await _output(operator, "moh show classes"), re.MULTILINE)
    absent = [name for name in (settings.music_class,) if name not in music]
    findings.append(_all_there("music classes", absent, "include callfloor.musiconhold.conf, then `moh reload`"))
    fallback = settings.fallback
    # Sounds named by an absolute path are not in Asterisk's index.
    names = [name for name in (fallback.sound, fallback.message_intro, fallback.message_thanks) if name[0] != "/"]
    absent = [name for name in names if not await _output(operator, f"core show sound {name}")]
    findings.append(_all_there("sounds", absent, "install them, for example Debian's asterisk-core-sounds-en"))
    return findings + (await _softphones(operator, settings.softphones) if settings.softphones else [])


async def _softphones(operator: Manager, softphones: Softphones) -> list[Finding]:
    names = [softphones.sip_name(user) for user in softphones.users]
    absent = [
        name for name in names if f"Endpoint:  {name} " not in await _output(operator, f"pjsip show endpoint {name}")
    ]
    findings = [_all_there("softphones", absent, "include callfloor.pjsip.conf, then `module reload res_pjsip.so`")]
    port = softphones.http_port
    http = await _output(operator, "http show status")
    if not re.search(rf":{port}\b", http) or "/ws" not in http:
        advice = "include callfloor.http.conf in http.conf's [general], then restart Asterisk"
        findings.append(Finding("error", f"Asterisk has no WebSocket on port {port}", advice))
    order = re.search(r"endpoint_identifier_order\s*:\s*(\S+)", await _output(operator, "pjsip show settings"))
    if order is None or not order[1].startswith("username"):
        what = f"endpoints are identified by {order[1] if order else 'an unknown order'}, not by username first"
        advice = "endpoint_identifier_order=username,ip,anonymous in pjsip.conf's [global], then restart Asterisk"
        findings.append(Finding("warning", what, advice))
    return findings


async def _version(operator: Manager) -> Finding:
    version = str((await _ask(operator, "CoreSettings")).asteriskversion)
    major = re.match(r"\d+", version)
    if major is None or int(major[0]) < OLDEST_ASTERISK:
        advice = f"{OLDEST_ASTERISK} is the oldest that filters manager events as we ask"
        return Finding("warning", f"Asterisk calls itself {version!r}", advice)
    return Finding("ok", f"Asterisk {version}")


def _all_there(kind: str, absent: list[str], advice: str) -> Finding:
    if absent:
        return Finding("error", f"{kind} not found: {', '.join(absent)}", advice)
    return Finding("ok", f"{kind} are there")


async def _ask(manager: Manager, action: str, **headers: str) -> Any:
    return await manager.send_action({"Action": action, **headers})


async def _output(manager: Manager, command: str) -> str:
    """What a CLI command prints, or "" where it fails."""
    answer = await manager.send_command(command)
    if not answer.success:
        return ""
    # panoramisk gives one line as a text and several as a list.
    lines = answer.output if isinstance(answer.output, list) else [answer.output]
    return "\n".join(lines)
