"""The control database in a backup: always one SQLite file with the schema of that moment.

Of SQLite it is a compacted snapshot, without what deleted rows leave behind in free pages. PostgreSQL is copied row by row
into such a file, and from it, each time within one transaction: so either kind is restored from either.
"""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, connections, models, transaction
from django.db.migrations.loader import MigrationLoader

from litesoc_server.config import Config
from litesoc_server.database import SQLITE_BUSY_TIMEOUT_S, SQLITE_ENGINE, database_settings
from litesoc_server.runtime.backup.errors import BackupError

_ROWS_AT_ONCE = 500
_FILE = "backup"  # name of the connection to the file

_COUNTED = {
    "organizations": "orgs_organization",
    "users": "accounts_user",
    "alerts": "alerts_alert",
    "audit_entries": "audit_auditentry",
}


def snapshot(target: Path) -> None:
    """Write the control database as it is now to ``target``, which must not exist.

    Raises sqlite3.Error, django.db.Error and BackupError.
    """
    if connection.vendor == "sqlite":
        snapshot_sqlite(Path(connection.settings_dict["NAME"]), target)
        return
    migrate_file(target)
    with _opened(target), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")  # all tables as of one moment
        copy_rows("default", _FILE)


def snapshot_sqlite(source: Path, target: Path) -> None:
    """Write a SQLite database as it is now to ``target``; who writes to it goes on. Raises sqlite3.Error."""
    with closing(sqlite3.connect(source, isolation_level=None, timeout=SQLITE_BUSY_TIMEOUT_S)) as database:
        database.execute("VACUUM INTO ?", [str(target)])


def restore_rows(source: Path, scratch: Path) -> None:
    """Put the rows of a backup's file in place of those of PostgreSQL, which has the present schema.

    The file is brought up to date in ``scratch``. Raises sqlite3.Error and django.db.Error; then nothing was changed.
    """
    scratch.unlink(missing_ok=True)
    snapshot_sqlite(source, scratch)
    migrate_file(scratch)
    with _opened(scratch):
        copy_rows(_FILE, "default")
    scratch.unlink()


def sqlite_file(config: Config) -> Path | None:
    """Return the file of the control database, None when it is PostgreSQL."""
    found = database_settings(config)
    return Path(found["NAME"]) if found["ENGINE"] == SQLITE_ENGINE else None


def check_postgresql_is_empty(url: str) -> None:
    """Raise BackupError where an organisation or a person is in the database. Raises psycopg.Error."""
    with psycopg.connect(url) as database:
        for table in ("orgs_organization", "accounts_user"):
            there = database.execute("SELECT to_regclass(%s)", [table]).fetchone()
            query = psycopg.sql.SQL("SELECT 1 FROM {} LIMIT 1").format(psycopg.sql.Identifier(table))
            if there != (None,) and database.execute(query).fetchone() is not None:
                msg = "the control database is in use: organisations or people are in it"
                raise BackupError(msg, "name an empty database in LITESOC_DATABASE_URL: a restore never mixes two")


def counts_of(file: Path) -> dict[str, int]:
    """Return how many rows of some kinds a backup's file has. Raises sqlite3.Error, also where the file is damaged."""
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
        (finding,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if finding != "ok":
            raise sqlite3.DatabaseError(finding)
        return {
            name: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 # our own names
            for name, table in _COUNTED.items()
        }


def applied_migrations(file: Path) -> list[str]:
    """Return the migrations that a backup's file has, as app.name. Raises sqlite3.Error."""
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
        rows = database.execute("SELECT app || '.' || name FROM django_migrations ORDER BY 1").fetchall()
        return [name for (name,) in rows]


def check_migrations(names: list[str], version: str) -> None:
    """Raise BackupError when a backup has migrations that this version does not know: a newer one made it."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    known = {f"{app}.{name}" for app, name in loader.disk_migrations} | {
        f"{app}.{name}" for one in loader.disk_migrations.values() for app, name in one.replaces
    }
    unknown = sorted(set(names) - known)
    if unknown:
        msg = f"the backup was made by version {version}, which is newer: this one does not know {unknown[0]}"
        raise BackupError(msg, f"restore it with version {version} or later")


def migrate_file(file: Path) -> None:
    """Bring a SQLite file up to date, or make it, in a process of its own.

    Migrations speak to the default database, which here is another one. Raises BackupError.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LITESOC_DATABASE_URL")}
    environment |= {
        "LITESOC_DATABASE_URL": f"sqlite://{file.absolute()}",
        "DJANGO_SETTINGS_MODULE": "litesoc_server.settings",
    }
    command = [sys.executable, "-m", "django", "migrate", "--no-input", "--verbosity", "0"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 # our own
    if done.returncode:
        msg = f"the copy of the control database could not be brought up to date: {done.stderr.strip()[-500:]}"
        raise BackupError(msg, "report this together with the versions that made and read the backup")
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = DELETE")  # one file then is all of it


def copy_rows(source: str, target: str) -> None:
    """Put all rows of ``source`` in place of those of ``target``; both have the present schema. All or nothing."""
    tables = list(apps.get_models(include_auto_created=True))
    with transaction.atomic(using=target):
        with connections[target].cursor() as cursor:
            for model in tables:  # foreign keys are checked when the transaction ends
                cursor.execute(f"DELETE FROM {connections[target].ops.quote_name(model._meta.db_table)}")  # noqa: S608, SLF001 # Django's own name
        for model in tables:
            rows = _rows_of(model, source)
            while some := list(islice(rows, _ROWS_AT_ONCE)):
                model._base_manager.using(target).bulk_create(some)  # noqa: SLF001 # other managers hide rows
        with connections[target].cursor() as cursor:
            for statement in connections[target].ops.sequence_reset_sql(no_style(), tables):
                cursor.execute(statement)


def _rows_of(model: type[models.Model], source: str) -> Iterator[Any]:
    return model._base_manager.using(source).order_by("pk").iterator(_ROWS_AT_ONCE)  # noqa: SLF001 # see above


@contextmanager
def _opened(file: Path) -> Iterator[None]:
    """Let Django know ``file`` as a database for a while."""
    default = connections.settings["default"]
    connections.settings[_FILE] = {
        **default,
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(file),
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": SQLITE_BUSY_TIMEOUT_S},
    }
    try:
        yield
    finally:
        connections[_FILE].close()
        del connections[_FILE]
        del connections.settings[_FILE]
