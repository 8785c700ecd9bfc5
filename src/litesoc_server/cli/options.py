"""Options that several commands share, and the environment variables that stand in for them."""

import os
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from litesoc_server.cli.console import fail
from litesoc_server.config import Config, ConfigError, load_config
from litesoc_server.runtime.data_dir import DataDirUnusable, make_data_dir

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        envvar="LITESOC_DATA_DIR",
        help="Where everything lives.  [default: ~/.local/share/litesoc]",
        show_default=False,
    ),
]
Url = Annotated[str, typer.Option("--url", envvar="LITESOC_URL", help="Root address of the server.")]
Key = Annotated[
    str,
    typer.Option(
        "--key",
        envvar="LITESOC_API_KEY",
        help="API key. Better in LITESOC_API_KEY: a command line is visible to others on the machine.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


def configure(data_dir: Path | None) -> Config:
    """Read the settings with ``data_dir`` on top; on a mistake list every problem and end the command."""
    if data_dir is not None:
        # Django's settings module reads the environment by itself; both must see the same directory.
        os.environ["LITESOC_DATA_DIR"] = str(data_dir.expanduser().absolute())
    try:
        return load_config()
    except ConfigError as error:
        fail(
            f"the settings are wrong:\n{error}", "correct these environment variables; docs/reference/settings.md lists all"
        )


def configure_data_dir(data_dir: Path | None) -> Config:
    """Do what ``configure`` does and make the data directory if it is not there; end the command when that cannot be."""
    config = configure(data_dir)
    try:
        make_data_dir(config.data_dir)
    except DataDirUnusable as error:
        fail_with_data_dir(error)
    return config


def fail_with_data_dir(error: DataDirUnusable) -> NoReturn:
    """Say why the data directory cannot be used, and end the command."""
    fail(str(error), "name another one with --data-dir or LITESOC_DATA_DIR, or give this one to the user who runs litesoc")


def set_up_django(*, log_level: str = "WARNING") -> None:
    """Load the control plane. Its import takes half a second, so only commands that need it call this.

    What a command has to say it says itself, so by default only warnings are logged; LITESOC_LOG_LEVEL overrides that.
    """
    os.environ.setdefault("LITESOC_LOG_LEVEL", log_level)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "litesoc_server.settings")
    import django  # noqa: PLC0415 # see above

    try:
        django.setup()
    except OSError as error:  # the signing key is kept in the data directory
        fail_with_data_dir(DataDirUnusable(load_config().data_dir, error))
