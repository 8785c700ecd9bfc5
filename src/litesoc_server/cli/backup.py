"""`litesoc backup`: copy everything while the server runs, and check a copy."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from litesoc_server.cli.console import fail, out, print_json, shown
from litesoc_server.cli.copying import copying_progress
from litesoc_server.cli.migrate import migrate_control_database
from litesoc_server.cli.options import DataDir, Json, configure_data_dir, set_up_django

if TYPE_CHECKING:
    from litesoc_server.runtime.backup.manifest import Manifest

app = typer.Typer(help="Back everything up while the server runs, and check backups.", no_args_is_help=True)


@app.command()
def create(
    directory: Annotated[Path, typer.Argument(help="New directory to write; it appears when the backup is whole.")],
    without_keys: Annotated[
        bool, typer.Option("--without-keys", help="Leave the keys out that are kept in the data directory.")
    ] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Write everything that was acknowledged until now into DIRECTORY. Works while the server runs.

    The backup holds personal data and, unless you say otherwise, the keys: keep it as safe as the server.
    """
    config = configure_data_dir(data_dir)
    set_up_django()
    migrate_control_database()
    from litesoc_server.runtime.backup.errors import BackupError  # noqa: PLC0415 # needs Django set up
    from litesoc_server.runtime.backup.make import make_backup  # noqa: PLC0415 # needs Django set up

    try:
        with copying_progress(is_quiet=as_json) as report:
            manifest = make_backup(config, directory.absolute(), with_keys=not without_keys, report=report)
    except BackupError as error:
        fail(str(error), error.fix)
    say(manifest, f"Written to {shown(str(directory))}", as_json=as_json)
    if manifest.missing_keys and not as_json:
        out.print(f"Not in it: {', '.join(manifest.missing_keys)}. Keep them apart: without them a restore is not possible.")


@app.command()
def verify(directory: Annotated[Path, typer.Argument(help="A backup.", show_default=False)], as_json: Json = False) -> None:
    """Check that a backup is whole and as it was written. Needs no server and none of its data."""
    from litesoc_server.runtime.backup.errors import BackupError  # noqa: PLC0415 # takes half a second
    from litesoc_server.runtime.backup.verify import verify_backup  # noqa: PLC0415 # same

    try:
        with copying_progress(is_quiet=as_json) as report:
            manifest = verify_backup(directory.absolute(), report)
    except BackupError as error:
        fail(str(error), error.fix)
    say(manifest, "Whole, and as it was written", as_json=as_json)


def say(manifest: "Manifest", text: str, *, as_json: bool) -> None:
    """Say what was done with a backup, and what is in it."""
    counts = manifest.counts
    if as_json:
        print_json(
            {
                "id": manifest.id,
                "version": manifest.version,
                "started_at": manifest.started_at.isoformat(),
                "ended_at": manifest.ended_at.isoformat(),
                "size_bytes": manifest.size_bytes,
                "missing_keys": manifest.missing_keys,
                **{name: getattr(counts, name) for name in counts.__struct_fields__},
            }
        )
        return
    out.print(f"[green]{text}.[/] As of {manifest.started_at:%Y-%m-%d %H:%M:%S} UTC, {manifest.size_bytes / 1e6:,.1f} MB:")
    for name, count in (
        ("events", counts.events),
        ("alerts", counts.alerts),
        ("organisations", counts.organizations),
        ("people", counts.users),
        ("messages on their way", counts.raw + counts.detections),
        ("dead letters", counts.dead_letters),
    ):
        out.print(f"{count:>12,} {name}")
