"""The control database: from its URL to Django's settings, and connections for threads that live long."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.db import OperationalError, connection, connections

from litesoc_server.config import Config

SQLITE_ENGINE = "litesoc_server.sqlite_turns"
SQLITE_BUSY_TIMEOUT_S = 10  # waiting for the one writer; longer means something is stuck
# An alert is acknowledged to the stream once it is committed, so the commit has to survive a power cut: FULL, not NORMAL.
SQLITE_INIT_COMMANDS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
POSTGRESQL_CONNECT_TIMEOUT_S = 5
POSTGRESQL_POOL_WAIT_S = 5  # then the caller answers 503
POSTGRESQL_POOL_SIZE_MAX = 16  # per process


def database_settings(config: Config) -> dict[str, Any]:
    """Return the value of Django's ``DATABASES["default"]``.

    SQLite takes its write lock when a transaction begins (IMMEDIATE): a transaction that reads first and writes later would
    otherwise fail at once, without waiting, when another one wrote in between.
    """
    url = config.database_url
    if url is None or url.startswith("sqlite://"):
        return _sqlite(str(config.data_dir / "control.db") if url is None else url.removeprefix("sqlite://"))
    return _postgresql(url)


def _sqlite(path: str) -> dict[str, Any]:
    return {
        "ENGINE": SQLITE_ENGINE,
        "NAME": path,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": SQLITE_BUSY_TIMEOUT_S,
            "init_command": SQLITE_INIT_COMMANDS,
        },
    }


def _postgresql(url: str) -> dict[str, Any]:
    """Use a pool per process: each request runs in a thread of its own, so connections cannot stay with threads."""
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.removeprefix("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "application_name": "litesoc",
            "connect_timeout": POSTGRESQL_CONNECT_TIMEOUT_S,
            "pool": {"min_size": 1, "max_size": POSTGRESQL_POOL_SIZE_MAX, "timeout": POSTGRESQL_POOL_WAIT_S},
            **dict(parse_qsl(parts.query)),
        },
    }


def scrub_control_database() -> None:
    """Take off the disk what deleted and changed rows left there, as far as the database can. Outside of a transaction.

    SQLite writes its file anew, for which others that write wait (about a second per 200 MB), and empties its write-ahead
    log. PostgreSQL frees what it may; its own log and its backups are the operator's. Raises django.db.Error, also while
    somebody reads.
    """
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            (is_busy, *_) = cursor.fetchone()
            if is_busy:
                raise OperationalError("the write-ahead log is in use")


@contextmanager
def fresh_connections() -> Iterator[None]:
    """Wrap database work outside of a request: no connection to a server from before is trusted, none is kept after it.

    One to a file breaks no more than the file does: it is kept unless something went wrong. Inside a transaction of the
    caller's it does nothing.
    """
    _close_old_connections()
    try:
        yield
    finally:
        _close_old_connections()


def release_connection() -> None:
    """Give this thread's connection back to the pool before it waits for something else; the next query takes another.

    Inside a transaction it does nothing, nor on SQLite, where a connection is no one else's to have.
    """
    if connection.vendor != "sqlite" and not connection.in_atomic_block:
        connection.close()


def _close_old_connections() -> None:
    for one in connections.all(initialized_only=True):
        if not one.in_atomic_block and (one.vendor != "sqlite" or one.errors_occurred):
            one.close_if_unusable_or_obsolete()
