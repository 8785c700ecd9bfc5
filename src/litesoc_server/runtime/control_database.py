"""Brings the control database up to date, one process at a time."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

_ADVISORY_LOCK = 0x6C69_7465_736F_63  # "litesoc" in ASCII; such locks are numbers, shared by all users of a database


def migrate_control_database() -> None:
    """Apply the migrations; quick when there are none. Needs Django set up. Raises django.db.DatabaseError.

    Who comes second waits: on an empty database, `litesoc init` beside `litesoc serve`, or several roles started at once,
    would otherwise all create the same tables, and all but one would fail.
    """
    with _postgresql_lock() if connection.vendor == "postgresql" else _sqlite_lock():
        # The command would look at every model for permissions and content types also when there is nothing to apply.
        if not _is_up_to_date():
            call_command("migrate", interactive=False, verbosity=0)


def _is_up_to_date() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


@contextmanager
def _postgresql_lock() -> Generator[None]:
    """Hold a lock of the session: it outlives the transactions of the migrations, and ends with the connection at last."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_ADVISORY_LOCK])
    yield  # an error ends the process and so the session: nothing to undo then
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [_ADVISORY_LOCK])


@contextmanager
def _sqlite_lock() -> Generator[None]:
    """Lock the directory, not the file: closing the file here would end the locks that SQLite has on it."""
    directory = Path(connection.settings_dict["NAME"]).parent
    if not directory.is_dir():
        yield  # SQLite says what is wrong
        return
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
