"""The command tree."""

import logging
import os
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from litesoc_server import __version__

# As --help lists them. Each has a module of its name; a group is its `app`, a command its function of the same name.
_COMMANDS = (
    "init",
    "serve",
    "demo",
    "replay",
    "simulate",
    "evaluate",
    "tail",
    "usage",
    "explain",
    "mcp",
    "detectors",
    "doctor",
    "migrate",
    "restore",
)
_GROUPS = (
    "orgs",
    "members",
    "accounts",
    "keys",
    "agent",
    "servers",
    "access",
    "sources",
    "plans",
    "policy",
    "privacy",
    "suppress",
    "notify",
    "forward",
    "audit",
    "backup",
    "secrets",
    "dead-letters",
    "geo",
)


class _ImportedWhenAsked(TyperGroup):
    """Imports the module of the command that runs and no other: with all of them each command would start a second later."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 # the type is private to typer
        """Return the names as --help lists them."""
        return [*_COMMANDS, *_GROUPS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 # the types are private to typer
        """Return the command of this name. For a name that is none all are imported: typer then names the most similar."""
        names = self.list_commands(ctx)
        for name in [cmd_name] if cmd_name in names else names:
            if name not in self.commands:
                self.add_command(_imported(name), name)
        return super().get_command(ctx, cmd_name)


def _imported(name: str) -> Any:  # noqa: ANN401 # same
    module = import_module(f"litesoc_server.cli.{name.replace('-', '_')}")
    parent = typer.Typer(rich_markup_mode=app.rich_markup_mode)
    if name in _GROUPS:
        parent.add_typer(module.app, name=name)
    else:
        parent.command(name)(getattr(module, name))
    return get_group(parent).commands[name]


app = typer.Typer(
    name="litesoc",
    cls=_ImportedWhenAsked,
    help="Self-hosted security observability for applications. Start with `litesoc init`, then `litesoc serve`.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,  # locals can hold keys and personal data
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
