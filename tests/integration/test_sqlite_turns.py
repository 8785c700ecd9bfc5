"""Transactions on SQLite queue up within a process, and every way in which one ends lets the next begin."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connections, transaction
from pytest_django import DjangoDbBlocker

from litesoc_server.database import SQLITE_ENGINE

ALIAS = "other"


@pytest.fixture
def database(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """A database of its own, known to Django for the test; with one table that takes each number once."""
    connections.settings[ALIAS] = {
        **connections.settings["default"],
        "ENGINE": SQLITE_ENGINE,
        "NAME": str(tmp_path / "other.db"),
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 0.2},
    }
    with django_db_blocker.unblock():
        execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY)")
        yield ALIAS
        connections[ALIAS].close()
    del connections[ALIAS]
    del connections.settings[ALIAS]


def execute(statement: str) -> None:
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(statement)


def numbers() -> list[int]:
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("SELECT number FROM numbers ORDER BY number")
        return [number for (number,) in cursor.fetchall()]


def in_another_thread(work: Callable[[], None]) -> BaseException | None:
    """Run ``work`` with a connection of its own and return what it raised."""
    raised: list[BaseException] = []

    def run() -> None:
        with closing(connections[ALIAS]):
            try:
                work()
            except DatabaseError as error:
                raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return raised[0] if raised else None


def insert(number: int) -> None:
    with transaction.atomic(using=ALIAS):
        execute(f"INSERT INTO numbers VALUES ({number})")


def test_a_second_writer_waits_for_its_time_and_says_that_the_database_is_locked(database: str) -> None:
    with transaction.atomic(using=database):
        execute("INSERT INTO numbers VALUES (1)")
        refused = in_another_thread(lambda: insert(2))
        assert isinstance(refused, OperationalError)
        assert "locked" in str(refused)
    assert in_another_thread(lambda: insert(3)) is None
    assert numbers() == [1, 3]


def raise_an_error() -> None:
    with transaction.atomic(using=ALIAS):
        execute("INSERT INTO numbers VALUES (10)")
        raise ValueError


def break_a_constraint() -> None:
    insert(11)
    insert(11)


def close_in_a_transaction() -> None:
    with transaction.atomic(using=ALIAS):
        execute("INSERT INTO numbers VALUES (12)")
        connections[ALIAS].close()


def nest() -> None:
    with transaction.atomic(using=ALIAS):
        insert(13)
        with pytest.raises(IntegrityError):
            insert(13)


def fail_to_begin() -> None:
    execute("BEGIN IMMEDIATE")  # within a transaction none can begin
    try:
        insert(14)
    finally:
        execute("ROLLBACK")


@pytest.mark.parametrize("end", [raise_an_error, break_a_constraint, close_in_a_transaction, nest, fail_to_begin])
def test_however_a_transaction_ends_the_next_begins(database: str, end: Callable[[], None]) -> None:
    with suppress(ValueError, DatabaseError):
        end()
    assert in_another_thread(lambda: insert(99)) is None
    insert(100)
    assert numbers()[-2:] == [99, 100]


def test_other_processes_are_still_waited_for(database: str, tmp_path: Path) -> None:
    """Theirs is SQLite's own lock, as that of a connection that knows nothing of turns."""
    with closing(sqlite3.connect(tmp_path / "other.db", isolation_level=None)) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"):
            insert(1)
        foreign.execute("COMMIT")
    insert(2)
    assert numbers() == [2]
