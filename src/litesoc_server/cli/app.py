"""The command tree."""

import logging
import os
import sys
from typing import Annotated

import typer

from litesoc_server import __version__
from litesoc_server.cli import accounts, dead_letters, geo, keys, policy, suppress
from litesoc_server.cli.demo import demo
from litesoc_server.cli.detectors import detectors
from litesoc_server.cli.doctor import doctor
from litesoc_server.cli.evaluate import evaluate
from litesoc_server.cli.explain import explain
from litesoc_server.cli.init import init
from litesoc_server.cli.migrate import migrate
from litesoc_server.cli.replay import replay
from litesoc_server.cli.serve import serve
from litesoc_server.cli.simulate import simulate
from litesoc_server.cli.tail import tail

app = typer.Typer(
    name="litesoc",
    help="Self-hosted security observability for applications. Start with `litesoc init`, then `litesoc serve`.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,  # locals can hold keys and personal data
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (init, serve, demo, replay, simulate, evaluate, tail, explain, detectors, doctor, migrate):
    app.command()(command)
app.add_typer(accounts.app, name="accounts")
app.add_typer(keys.app, name="keys")
app.add_typer(policy.app, name="policy")
app.add_typer(suppress.app, name="suppress")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(geo.app, name="geo")


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"litesoc-server {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Self-hosted security observability for applications. Start with `litesoc init`, then `litesoc serve`."""


def main() -> None:
    """Run the command line."""
    os.umask(0o077)  # all that it writes is for its user alone, also in a directory that others can read
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    app()
