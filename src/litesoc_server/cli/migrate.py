"""`litesoc migrate`: bring the databases up to date."""

import typer

from litesoc_server.cli.console import fail, out
from litesoc_server.cli.options import DataDir, configure_data_dir, set_up_django
from litesoc_server.runtime.data_dir import is_in_use


def migrate_control_database() -> None:
    """Apply the control database's migrations; quick when there are none. Ends the command when it cannot be reached."""
    from django.db import DatabaseError  # noqa: PLC0415 # needs Django set up

    from litesoc_server.runtime import control_database  # noqa: PLC0415 # needs Django set up

    try:
        control_database.migrate_control_database()
    except DatabaseError as error:
        fail(
            f"the control database cannot be reached or changed ({type(error).__name__})",
            "check LITESOC_DATABASE_URL, or that the data directory is writable and its disk not full",
        )


def migrate(data_dir: DataDir = None) -> None:
    """Bring the control database and the event store up to date. `litesoc serve` does this by itself."""
    config = configure_data_dir(data_dir)
    set_up_django()
    migrate_control_database()
    out.print("Control database: up to date.")
    if config.events_url is None and is_in_use(config.data_dir):
        out.print("Event store: in use by the running server, which brought it up to date when it started.")
        return
    from litesoc_server.runtime.build import build_store  # noqa: PLC0415 # loads the engine, 0.5 s
    from litesoc_server.store.base import StoreUnavailable  # noqa: PLC0415 # same

    store = build_store(config)
    try:
        store.open()
    except StoreUnavailable as error:
        fail(f"the event store cannot be opened: {error}", "check LITESOC_EVENTS_URL and that the server runs there")
    store.close()
    out.print("Event store: up to date.")
    raise typer.Exit
