"""`litesoc serve`: run the server."""

import sys
from typing import Annotated

import typer

from litesoc_server.cli.console import fail
from litesoc_server.cli.options import DataDir, configure_data_dir, fail_with_data_dir, set_up_django
from litesoc_server.config import ConfigError
from litesoc_server.runtime.data_dir import DataDirInUse, DataDirUnusable, RestoreUnfinished
from litesoc_server.runtime.roles import Role


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on. Put a TLS proxy in front before you open it up.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 picks a free one.")] = 8000,
    data_dir: DataDir = None,
    role: Annotated[Role, typer.Option(help="Run everything, or one part of a larger installation.")] = Role.ALL,
) -> None:
    """Run the server until SIGTERM or Ctrl-C. Prints `ready http://…` when it accepts requests."""
    config = configure_data_dir(data_dir)
    set_up_django(log_level="INFO")
    from litesoc_server.runtime.serve import CannotStart, run_server  # noqa: PLC0415 # needs Django set up

    try:
        exit_code = run_server(config, role=role, host=host, port=port, on_ready=_say_ready)
    except DataDirUnusable as error:
        fail_with_data_dir(error)
    except (CannotStart, ConfigError, DataDirInUse, RestoreUnfinished) as error:
        fail(f"the server cannot start: {error}", "see above; `litesoc doctor` checks everything and says the fix")
    raise typer.Exit(exit_code)


def _say_ready(url: str) -> None:
    sys.stdout.write(f"ready {url}\n")
    sys.stdout.flush()
