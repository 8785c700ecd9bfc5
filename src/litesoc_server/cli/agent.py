"""`litesoc agent`: send what this computer's logs say of sign-ins, sudo and su to a server."""

import logging.config
import shutil
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from litesoc_server.agent.agent import Agent
from litesoc_server.agent.check import check_agent
from litesoc_server.agent.server import Server
from litesoc_server.agent.settings import AgentSettings, SettingsWrong, make_settings, read_config, read_key
from litesoc_server.agent.state import StateFile, StateUnusable
from litesoc_server.agent.unit import unit_text
from litesoc_server.cli.console import fail, out, shown
from litesoc_server.logs import logging_config


class _RunUnlessTold(TyperGroup):
    """Takes `litesoc agent` and `litesoc agent --server …` as `litesoc agent run …`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 # the type is private to typer
        """Put the command that is left out where it belongs."""
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_RunUnlessTold, help="Send what this computer's logs say of sign-ins, sudo and su to a server.")

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="TOML file with the options.  [default: /etc/litesoc/agent.toml]")
]
ServerOption = Annotated[
    str | None, typer.Option("--server", envvar="LITESOC_SERVER", help="Root address of the server.", show_default=False)
]
KeyOption = Annotated[
    str | None,
    typer.Option(
        "--key",
        envvar="LITESOC_KEY",
        help="API key with the scope ingest. Better in LITESOC_KEY: a command line is visible to others on the machine.",
        show_default=False,
    ),
]
KeyFileOption = Annotated[
    Path | None, typer.Option("--key-file", envvar="LITESOC_KEY_FILE", help="File that holds the key.", show_default=False)
]
WatchOption = Annotated[
    list[str] | None,
    typer.Option(
        "--watch",
        metavar="PATH[:auth|sshd|sudo|pam]",
        help="Log file to read, and whose lines of it; repeatable.  [default: /var/log/auth.log, else the journal]",
        show_default=False,
    ),
]
JournalOption = Annotated[
    bool | None, typer.Option("--journald/--no-journald", help="Read the systemd journal.", show_default=False)
]
StateDirOption = Annotated[
    Path | None, typer.Option("--state-dir", help="Where to note what was sent.  [default: /var/lib/litesoc-agent]")
]


@app.command()
def run(
    config: ConfigOption = None,
    server: ServerOption = None,
    key: KeyOption = None,
    key_file: KeyFileOption = None,
    watch: WatchOption = None,
    is_journal_read: JournalOption = None,
    state_dir: StateDirOption = None,
    is_from_start: Annotated[
        bool, typer.Option("--from-start", help="At the first start, read what the logs hold already.")
    ] = False,
    is_once: Annotated[bool, typer.Option("--once", help="Send what is there now, and end.")] = False,
) -> None:
    """Read the logs and send what they tell, each line once, until stopped."""
    logging.config.dictConfig(logging_config("INFO", is_watched=sys.stderr.isatty()))
    try:
        file = read_config(config)
        settings = make_settings(
            file,
            server=server,
            watch=watch,
            is_journal_read=is_journal_read,
            state_dir=state_dir,
            is_from_start=is_from_start,
            is_once=is_once,
        )
        api = _server(settings, read_key(key, key_file, file))
        agent = Agent(settings, api, StateFile(settings.state_dir))
    except (SettingsWrong, StateUnusable) as error:
        fail(str(error), "`litesoc agent check` shows what the agent would read and whether it may")
    stop = threading.Event()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    try:
        if is_once:
            agent.run_once(stop.wait)
        else:
            agent.run(stop.is_set, stop.wait)
    except StateUnusable as error:
        fail(str(error), "what was read since is read again by the next start")
    finally:
        agent.close()


@app.command()
def check(
    config: ConfigOption = None,
    server: ServerOption = None,
    key: KeyOption = None,
    key_file: KeyFileOption = None,
    watch: WatchOption = None,
    is_journal_read: JournalOption = None,
    state_dir: StateDirOption = None,
) -> None:
    """Say what the agent would read and send, and whether it may; ends with 1 when something is in its way."""
    try:
        file = read_config(config)
        settings = make_settings(file, server=server, watch=watch, is_journal_read=is_journal_read, state_dir=state_dir)
        api = _server(settings, read_key(key, key_file, file))
    except SettingsWrong as error:
        fail(str(error), "`litesoc agent check --help` lists the options")
    findings = check_agent(settings, api)
    api.close()
    for finding in findings:
        out.print(f"{'[green]ok[/]  ' if finding.is_good else '[red]no[/]  '} {shown(finding.text)}", highlight=False)
    if not all(finding.is_good for finding in findings):
        raise typer.Exit(1)


@app.command("print-unit")
def print_unit(
    config: ConfigOption = None,
    server: ServerOption = None,
    watch: WatchOption = None,
    is_journal_read: JournalOption = None,
) -> None:
    """Print a systemd unit for the agent, with only the rights that it needs. The key is no part of it."""
    try:
        settings = make_settings(read_config(config), server=server, watch=watch, is_journal_read=is_journal_read)
    except SettingsWrong as error:
        fail(str(error), "`litesoc agent print-unit --help` lists the options")
    typer.echo(unit_text(settings, str(Path(shutil.which("litesoc") or sys.argv[0]).absolute())), nl=False)


def _server(settings: AgentSettings, key: str) -> Server:
    return Server(settings.server, key, ca_file=settings.ca_file)
