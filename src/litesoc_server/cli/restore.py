"""`litesoc restore`: put a backup into an empty installation."""

from pathlib import Path
from typing import Annotated

import typer

from litesoc_server.cli.backup import say
from litesoc_server.cli.console import fail, out
from litesoc_server.cli.copying import copying_progress
from litesoc_server.cli.options import DataDir, Json, configure_data_dir, set_up_django


def restore(
    directory: Annotated[Path, typer.Argument(help="A backup of `litesoc backup create`.", show_default=False)],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Put a backup into an empty data directory, or into the empty servers that the settings name.

    It is verified first. When the restore is interrupted, run it again: it begins anew.
    """
    config = configure_data_dir(data_dir)
    from litesoc_server.runtime.backup.errors import BackupError  # noqa: PLC0415 # takes half a second
    from litesoc_server.runtime.backup.restore import restore_backup  # noqa: PLC0415 # same

    try:
        with copying_progress(is_quiet=as_json) as report:
            manifest = restore_backup(directory.absolute(), config, set_up_django=set_up_django, report=report)
    except BackupError as error:
        fail(str(error), error.fix)
    say(manifest, "Restored", as_json=as_json)
    if not as_json:
        out.print("Start the server; what was on its way is processed then.")
