"""The command line. Does I/O: reads arguments, prints, and runs what they name."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from importlib.metadata import version as package_version
from importlib.resources import as_file
from pathlib import Path
from typing import Annotated

import msgspec
import structlog
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from acd.core import Acd
from agent_console.api_keys import hash_key, new_key
from agent_console.passwords import hash_password
from agent_console.server import PortTaken
from callfloor.clock import Clock
from callfloor.config import Config, ConfigError, Node, load
from callfloor.config_export import export
from callfloor.demo import CUSTOMERS, PASSWORD, YOU, Demo, DemoStage
from callfloor.house import CannotStart, House, parts_of
from callfloor.house import Progress as Report
from callfloor.live import run_until_signalled, twisted_reactor
from callfloor.logs import set_up as set_up_log
from callfloor.remembering import remember
from callfloor.replay import replay as replay_record
from callfloor.rules_cli import show_rules
from callfloor.simulate import compare, simulate
from callfloor.staff import staff
from callfloor.watchdog import watched
from ivr.speech import SpeechError
from pbx_config.check import check
from pbx_config.render import render
from records.customers import Customers, CustomersError
from records.database import Database
from records.journal import JournalCorrupt, JournalError, replay, verify
from records.story import story

app = typer.Typer(
    help="Callfloor, a call center on Asterisk: IVR, queues, agents' screens, records.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
pbx = typer.Typer(help="Asterisk's side: its configuration, rendered and checked.", no_args_is_help=True)
journal = typer.Typer(help="The journal: everything that was said and decided.", no_args_is_help=True)
config_commands = typer.Typer(
    help="The configuration: the file, and what was changed on the page.", no_args_is_help=True
)
customers = typer.Typer(help="The customers whose records pop up.", no_args_is_help=True)
app.add_typer(customers, name="customers")
app.add_typer(pbx, name="pbx")
app.add_typer(journal, name="journal")
app.add_typer(config_commands, name="config")
app.command()(simulate)
app.command()(compare)
app.command()(staff)
app.command("replay")(replay_record)
app.command("rules")(show_rules)

ConfigPath = Annotated[Path, typer.Option("--config", "-c", help="The configuration file.", metavar="FILE")]
CONFIG = Path("callfloor.toml")
DEMO_FOLDER = Path("demo-data")
screen = Console()
errors = Console(stderr=True, highlight=False, soft_wrap=True)
log = structlog.get_logger(__name__)


class Usage(Exception):
    """Said to the person at the terminal as one clear message; no traceback."""


@app.command()
def serve(config: ConfigPath = CONFIG) -> None:
    """Run the live system on the Asterisk that the configuration names. Ctrl-C ends it; calls stay on the switch."""
    settings = load(config)

    async def main(stop: asyncio.Event) -> None:
        async with twisted_reactor() as reactor, open_house(settings, reactor) as house:
            errors.print(f"Callfloor is running. The web page: {house.console.url}")
            async with watched():
                await house.run(stop)

    run_until_signalled(main)


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where the demo keeps journal, database, speech.")] = DEMO_FOLDER,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The web page's port; 0 takes any free one.")] = 8080,
    calls_per_hour: Annotated[float, typer.Option(min=1, max=20_000, help="How many callers there are.")] = 400,
    speed: Annotated[float, typer.Option(min=0.1, max=100, help="How much faster than life people act.")] = 1,
) -> None:
    """Run everything on a simulated PBX with simulated callers and colleagues; nothing else need be installed."""

    async def main(stop: asyncio.Event) -> None:
        stage = DemoStage(Demo(folder.resolve(), port, calls_per_hour, speed))
        async with stage.switch_on() as settings, twisted_reactor() as reactor, open_house(settings, reactor) as house:
            with as_file(CUSTOMERS) as customers_file:
                await house.customers.load(customers_file)
            async with stage.populated(house.console.url):
                errors.print(
                    f"The web page: {house.console.url} - sign in as {YOU!r} (an agent), 'boss' (a supervisor),"
                    f" 'admin' or 'wall' (a big screen), password {PASSWORD!r}. Ctrl-C ends the demo."
                )
                await house.run(stop)

    run_until_signalled(main)


@asynccontextmanager
async def open_house(settings: Config, reactor: object) -> AsyncIterator[House]:
    """A house that has started; closed at the end of the block, whatever ends it."""
    set_up_log(settings.log)
    house = House(settings, reactor)
    try:
        with progress() as report:
            await house.start(report)
        yield house
    finally:
        await house.close()


@app.command()
def explain(call: Annotated[str, typer.Argument(help="The call's id.")], config: ConfigPath = CONFIG) -> None:
    """Tell the story of a call: fact by fact, what was decided and why, with all who were passed over."""
    path = load(config).records.journal.path
    told = story(replay(path), call)
    if not told:
        raise Usage(f"{path} never mentions a call {call!r}")
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for line in told:
        text = Text(line.text)
        for detail in line.details:
            text.append(f"\n  {detail}", style="dim")
        table.add_row(clock_time(line.at), text)
    screen.print(table)


@customers.command("load")
def customers_load(
    file: Annotated[Path, typer.Argument(help="CSV in UTF-8: reference, name, company, note, numbers.")],
    config: ConfigPath = CONFIG,
) -> None:
    """Load customers from a CSV file; one whose reference is known already is replaced."""
    settings = load(config)

    async def main() -> int:
        database = Database(settings.records.database)
        try:
            await database.migrate()
            return await Customers(database, settings.records, Clock()).load(file)
        finally:
            await database.close()

    screen.print(f"{asyncio.run(main())} customers loaded from {file}", markup=False, highlight=False)


@app.command()
def password() -> None:
    """Ask for a password and print its hash, to be put into `[users.NAME]` as `password_hash`."""
    text = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    screen.print(hash_password(text), soft_wrap=True)


@app.command("api-key")
def api_key() -> None:
    """Make a machine's key and print it, this once, and its hash, to be put into `[api_keys.NAME]` as `key_hash`."""
    key = new_key()
    errors.print(f"The key, which is kept nowhere: {key}")
    screen.print(hash_key(key), soft_wrap=True, highlight=False)


@app.command()
def version() -> None:
    """Print the version."""
    screen.print(f"callfloor {package_version('callfloor')}", highlight=False)


@pbx.command("render")
def pbx_render(
    node: Annotated[str, typer.Argument(help="The node's name in the configuration.")] = "",
    into: Annotated[Path | None, typer.Option("--into", help="Write the files into this folder.")] = None,
    config: ConfigPath = CONFIG,
) -> None:
    """Render the files that Asterisk includes: dialplan, manager users, music on hold."""
    files = render(load_node(config, node).dialplan)
    for name, text in files.items():
        if into is None:
            screen.print(f"; ==== {name}\n{text}", markup=False, highlight=False, soft_wrap=True)
            continue
        into.mkdir(parents=True, exist_ok=True)
        (into / name).touch(mode=0o600)
        (into / name).write_text(text)
        errors.print(f"wrote {into / name}")


@pbx.command("check")
def pbx_check(
    node: Annotated[str, typer.Argument(help="The node's name in the configuration.")] = "",
    config: ConfigPath = CONFIG,
) -> None:
    """Ask a running Asterisk whether everything that Callfloor needs is there."""
    findings = asyncio.run(check(load_node(config, node).dialplan))
    for finding in findings:
        screen.print(f"{finding.level:7} {finding.what}", markup=False, highlight=False)
        if finding.advice:
            screen.print(f"        {finding.advice}", markup=False, highlight=False)
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(1)


@config_commands.command("export")
def config_export(
    into: Annotated[Path | None, typer.Option("--into", help="Write it there, readable for you alone.")] = None,
    config: ConfigPath = CONFIG,
) -> None:
    """Print the file that would begin the system as it stands now: what was changed on the page included."""
    text = export(config.read_text("utf-8"), load(config).settings)
    if into is None:
        sys.stdout.write(text)
        return
    into.touch(mode=0o600)
    into.write_text(text, "utf-8")
    errors.print(f"wrote {into}")


@journal.command("cat")
def journal_cat(
    config: ConfigPath = CONFIG,
    call: Annotated[str, typer.Option("--call", help="Only lines that mention this call.")] = "",
) -> None:
    """Print the journal's lines as JSON, one a line."""
    for line in replay(load(config).records.journal.path):
        text = msgspec.json.encode(line).decode()
        if f'"{call}"' in text or not call:
            print(text)  # noqa: T201 - data for another program, not for a person


@journal.command("verify")
def journal_verify(config: ConfigPath = CONFIG) -> None:
    """Check the journal: every line whole and in order, and the same decisions when everything is decided again."""
    path = load(config).records.journal.path
    found = verify(path)
    acd = Acd()
    with progress() as report:
        for line in replay(path):
            if acd.handle(line.input) != line.facts:
                errors.print(f"{path}, line {line.seq}: would be decided differently today")
                raise typer.Exit(1)
            if line.seq % 10_000 == 0:
                report("deciding again", line.seq, found.lines)
    torn = f", {found.torn_bytes} bytes of a torn last line" if found.torn_bytes else ""
    screen.print(f"{path}: {found.lines} lines, {found.facts} facts{torn}: whole, and decided the same again")


@journal.command("remember")
def journal_remember(config: ConfigPath = CONFIG) -> None:
    """Read the journal, so that the next start of this version need not: before an upgrade, while the old runs."""
    settings = load(config)
    set_up_log(settings.log)
    path = settings.records.journal.path
    with progress() as report:
        lines = remember(path, parts_of(settings), lambda done, of: report("reading the journal", done, of))
    screen.print(f"{path}: the next start need not read the first {lines} lines")


def load_node(config: Path, name: str) -> Node:
    nodes = load(config).nodes
    if not name and len(nodes) == 1:
        return next(iter(nodes.values()))
    if name not in nodes:
        raise Usage(f"there is no node {name!r} (nodes: {', '.join(sorted(nodes)) or 'none'})")
    return nodes[name]


def clock_time(at: int) -> str:
    return datetime.fromtimestamp(at / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


@contextmanager
def progress() -> Iterator[Report]:
    """A bar for what takes more than a moment; nothing at all where nobody watches."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def report(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=of)
            bar.update(tasks[what], completed=done, total=of)

        yield report


FOR_THE_PERSON = (
    CannotStart,
    ConfigError,
    CustomersError,
    FileNotFoundError,
    JournalCorrupt,
    JournalError,
    PortTaken,
    SpeechError,
    Usage,
)
"""What a person can mend: said as one clear message."""


WrongUsage: type[Exception] = typer.BadParameter.__bases__[0]
"""A wrong option, value or command. Typer exports only this one kind of it."""


def main() -> None:
    """The entry point: exit 2 with one line for what a person can mend; anything else is a traceback, exit 1."""
    try:
        sys.exit(app(standalone_mode=False))
    except WrongUsage as error:
        said = error.format_message()  # type: ignore[attr-defined]  # of click's, whichever typer brings
        errors.print(said if "\n" in said else f"callfloor: {said}", markup=False)  # several lines are the help
        sys.exit(2)
    except typer.Abort:
        sys.exit(130)
    except FOR_THE_PERSON as error:
        errors.print(f"callfloor: {message(error)}", markup=False)
        sys.exit(2)


def message(error: Exception) -> str:
    """An error in words; one of the operating system's without its number, and with its file in front."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)
