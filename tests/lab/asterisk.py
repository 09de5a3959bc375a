"""A real Asterisk for one test, in its own mount namespace, folders and ports. Does I/O; needs root.

The system that it runs in is made once by `scripts/asterisk-lab`. Mounts are made in a namespace that only the
Asterisk process lives in, so they end with it, however it ends.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from pbx_config.render import HTTP, MUSIC, PJSIP, render
from pbx_config.settings import Fallback, HookFlash, IvrPorts, ManagerUser, PbxSettings, Softphones

_START_S = 60
_STOP_S = 20

# What the rendered dialplan and SIP calls with telephone events need, and no more: it starts in half a second.
_MODULES = """
app_chanspy app_confbridge app_exec app_mixmonitor app_playback app_playtones app_record app_senddtmf app_stack
app_userevent app_waitforsilence
bridge_builtin_features bridge_native_rtp bridge_simple bridge_softmix
chan_pjsip codec_ulaw format_pcm format_sln format_wav
func_callerid func_channel func_cut func_global func_groupcount func_lock func_logic func_sprintf func_strings
pbx_config res_agi res_manager_devicestate res_musiconhold
res_sorcery_config res_sorcery_memory res_sorcery_astdb
res_pjproject res_pjsip res_pjsip_session res_pjsip_sdp_rtp res_pjsip_caller_id res_pjsip_dtmf_info
res_pjsip_pubsub res_pjsip_registrar res_pjsip_endpoint_identifier_ip res_pjsip_rfc3326
res_rtp_asterisk res_speech res_timing_timerfd res_tonedetect
"""

# What telephones in browsers need beside that.
_SOFTPHONE_MODULES = """
res_http_websocket res_pjsip_authenticator_digest res_pjsip_endpoint_identifier_user res_pjsip_nat
res_pjsip_transport_websocket res_srtp
"""

# What is dialed from outside: a number is a hotline, q and a number goes straight to the queue `support`, ivr and four
# digits is a port line of an old PBX.
HOTLINE = """
#include callfloor.extensions.conf

[from-outside]
exten => _X.,1,Gosub(callfloor-call,s,1(${EXTEN}))
exten => _qX.,1,Gosub(callfloor-call,s,1(${EXTEN:1},,support))
exten => _ivrXXXX,1,Goto(callfloor-ports,${EXTEN},1)
"""

_ASTERISK = """
[directories]
astetcdir => {folder}/etc
astmoddir => /usr/lib/x86_64-linux-gnu/asterisk/modules
astvarlibdir => {folder}/lib
astdbdir => {folder}/lib
astkeydir => {folder}/lib
astdatadir => /usr/share/asterisk
astagidir => /usr/share/asterisk/agi-bin
astspooldir => {folder}/spool
astrundir => {folder}/run
astlogdir => {folder}/log

[options]
verbose = {verbose}
nocolor = yes
hideconnect = yes
"""

_LOGGER = """
[general]
dateformat = %T.%3q
[logfiles]
full => notice,warning,error,verbose,dtmf
"""

_MANAGER = """
[general]
enabled = yes
bindaddr = 127.0.0.1
port = {port}

#include callfloor.manager.conf
"""

_PJSIP = """
[global]
type = global
user_agent = lab

[udp]
type = transport
protocol = udp
bind = 127.0.0.1:{port}

; Calls from outside. SIPp asks for no password; the address tells who it is.
[outside]
type = endpoint
; The address tells who it is, also of a telephone that registers.
aors = desk
context = from-outside
disallow = all
allow = ulaw
direct_media = no
rtp_symmetric = yes
dtmf_mode = rfc4733

[outside]
type = identify
endpoint = outside
match = 127.0.0.1

; A telephone that registers.
[desk]
type = aor
max_contacts = 1
remove_existing = yes

[desk]
type = endpoint
context = from-agents
aors = desk
disallow = all
allow = ulaw
direct_media = no
rtp_symmetric = yes

; Every agent's phone: dialed as PJSIP/agents/sip:NAME@127.0.0.1:PORT.
[agents]
type = endpoint
context = from-agents
disallow = all
allow = ulaw
direct_media = no
rtp_symmetric = yes
dtmf_mode = rfc4733
"""

_PJSIP_OF_SOFTPHONES = f"""
[global](+)
endpoint_identifier_order = username,ip,anonymous

#include {PJSIP}
"""

_RTP = """
[general]
rtpstart = 20000
rtpend = 29998
strictrtp = no
icesupport = {ice}
"""


def lab_folder() -> Path:
    """Where `scripts/asterisk-lab` has made its system."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("CALLFLOOR_LAB") or f"{cache}/callfloor") / "asterisk"


def why_no_asterisk() -> str:
    """Empty if a real Asterisk can be run here, else the reason, for people."""
    if os.geteuid() != 0:
        return "a real Asterisk needs root (it runs in a chroot)"
    if not (lab_folder() / ".callfloor-lab-2").exists():
        return "no Asterisk in the lab: run scripts/asterisk-lab as root"
    if shutil.which("sipp") is None:
        return "no SIPp: install Debian's package sip-tester"
    return ""


def free_port(kind: socket.SocketKind = socket.SOCK_DGRAM) -> int:
    """A port that was free a moment ago on the loopback interface."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def lab_settings(
    *,
    agi_port: int,
    node: str = "lab",
    ports: IvrPorts | None = IvrPorts(first=1, last=20),  # noqa: B008 (it is frozen)
    fallback: Fallback | None = None,
    hook_flash: HookFlash | None = None,
    softphones: Softphones | None = None,
) -> PbxSettings:
    """Settings for an Asterisk of the lab, with an AMI port of its own."""
    return PbxSettings(
        node=node,
        ami_port=free_port(socket.SOCK_STREAM),
        agi_port=agi_port,
        live=ManagerUser.model_validate({"name": "callfloor", "secret": "lab-live"}),
        operator=ManagerUser.model_validate({"name": "operator", "secret": "lab-operator"}),
        ports=ports,
        fallback=fallback or Fallback(),
        hook_flash=hook_flash,
        softphones=softphones,
    )


@dataclass
class AsteriskLab:
    """A running Asterisk. `folder` is the same path inside and outside of its chroot; so is everything in `visible`."""

    settings: PbxSettings
    folder: Path
    sip_port: int
    process: asyncio.subprocess.Process
    visible: Sequence[Path]
    ready: _ReadySocket

    async def restart(self) -> None:
        """Killed as by a crash, and started again with the same ports and folders."""
        self.process.kill()
        await self.process.wait()
        self.ready.told.clear()
        self.process = await _launch(self.folder, self.visible)
        await _until_ready(self.ready, self.process, self.folder)

    @property
    def log(self) -> str:
        """Asterisk's own log up to now: warnings, errors, each dialplan step, DTMF."""
        return (self.folder / "log/full").read_text(errors="replace")

    async def cli(self, command: str) -> str:
        """Run a CLI command and give its output."""
        inner = ["chroot", str(lab_folder()), "asterisk", "-C", f"{self.folder}/etc/asterisk.conf", "-rx", command]
        remote = await asyncio.create_subprocess_exec(
            "nsenter", f"--mount=/proc/{self.process.pid}/ns/mnt", *inner,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await asyncio.wait_for(remote.communicate(), _STOP_S)
        return output.decode(errors="replace")


@asynccontextmanager
async def run_asterisk(
    settings: PbxSettings,
    *,
    visible: Sequence[Path] = (),
    extensions: str = HOTLINE,
    verbose: int = 5,
    modules: str = "",
    files: Mapping[str, str] | None = None,
) -> AsyncIterator[AsteriskLab]:
    """Start Asterisk with what `pbx_config` renders from `settings`, wait until it is ready, and stop it at the end.

    `visible`: folders that Asterisk shall see at the same path, such as the one with our spoken prompts.
    `extensions`: text of extensions.conf, which includes the rendered dialplan. `verbose` 0 keeps dialplan steps out
    of the log, which costs Asterisk a good part of a call's time. `modules` and `files` (name → text) are what a test
    needs beside the usual ones, or in their place.
    """
    # Not in pytest's own folder: the path of a Unix socket in it may have 107 characters at most.
    folder = Path(tempfile.mkdtemp(prefix="callfloor-lab-"))
    try:
        sip_port = free_port()
        _write_configuration(folder, settings, sip_port, extensions, verbose, modules)
        for name, text in (files or {}).items():
            (folder / "etc" / name).write_text(text)
        async with _ReadySocket(folder / "ready") as ready:
            process = await _launch(folder, [folder, *visible])
            lab = AsteriskLab(settings, folder, sip_port, process, [folder, *visible], ready)
            try:
                await _until_ready(ready, process, folder)
                yield lab
            finally:
                await _stop(lab.process)
    finally:
        shutil.rmtree(folder)


def _write_configuration(
    folder: Path, settings: PbxSettings, sip_port: int, extensions: str, verbose: int, more_modules: str
) -> None:
    for name in ("etc", "lib", "spool", "run", "log"):
        (folder / name).mkdir()
    rendered = render(settings)
    more_modules += _SOFTPHONE_MODULES if settings.softphones else ""
    texts = {
        "asterisk.conf": _ASTERISK.format(folder=folder, verbose=verbose),
        "logger.conf": _LOGGER,
        "modules.conf": "[modules]\nautoload = no\n"
        + "".join(f"load = {name}.so\n" for name in (_MODULES + more_modules).split()),
        "manager.conf": _MANAGER.format(port=settings.ami_port),
        "pjsip.conf": _PJSIP.format(port=sip_port) + (_PJSIP_OF_SOFTPHONES if settings.softphones else ""),
        "rtp.conf": _RTP.format(ice="yes" if settings.softphones else "no"),
        "extensions.conf": extensions,
        "confbridge.conf": "",
        "musiconhold.conf": f"#include {MUSIC}\n",
        "http.conf": f"[general]\n#include {HTTP}\n" if settings.softphones else "[general]\n",
        **rendered,
    }
    for name, text in texts.items():
        (folder / "etc" / name).write_text(text)


async def _launch(folder: Path, visible: Sequence[Path]) -> asyncio.subprocess.Process:
    root = lab_folder()
    # An empty /tmp, so that the folders made below in it as mount points are gone with the namespace.
    mounts = [f"mount --rbind /dev {root}/dev", f"mount -t proc proc {root}/proc", f"mount -t tmpfs lab {root}/tmp"]
    for path in visible:
        mounts += [f"mkdir -p '{root}{path}'", f"mount --bind '{path}' '{root}{path}'"]
    # --pdeathsig: if the tests are killed, Asterisk dies too.
    run = f"exec setpriv --pdeathsig KILL chroot {root} asterisk -C {folder}/etc/asterisk.conf -f"
    script = "set -e; " + "; ".join([*mounts, run])
    with (folder / "log/output").open("wb") as output:
        return await asyncio.create_subprocess_exec(
            "unshare", "--mount", "--propagation", "private", "sh", "-c", script,
            stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
            env={"PATH": os.environ["PATH"], "NOTIFY_SOCKET": str(folder / "ready")},
        )  # fmt: skip


async def _until_ready(ready: _ReadySocket, process: asyncio.subprocess.Process, folder: Path) -> None:
    told = asyncio.ensure_future(ready.told.wait())
    ended = asyncio.ensure_future(process.wait())
    try:
        await asyncio.wait({told, ended}, timeout=_START_S, return_when=asyncio.FIRST_COMPLETED)
        if not told.done():
            output = (folder / "log/output").read_text(errors="replace")
            raise RuntimeError(f"Asterisk did not become ready (status {process.returncode}):\n{output[-4000:]}")
    finally:
        told.cancel()
        ended.cancel()


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOP_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise


class _ReadySocket(asyncio.DatagramProtocol):
    """Asterisk tells systemd that it is ready (sd_notify); here it tells us."""

    def __init__(self, path: Path) -> None:
        self.told = asyncio.Event()
        self._path = path
        self._transport: asyncio.DatagramTransport | None = None

    def datagram_received(self, data: bytes, addr: object) -> None:
        if b"READY=1" in data:
            self.told.set()

    async def __aenter__(self) -> Self:
        receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        receiver.setblocking(False)
        receiver.bind(str(self._path))
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=receiver)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._transport is not None:
            self._transport.close()
