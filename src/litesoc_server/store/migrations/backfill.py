"""Adds a table of sums to a store that holds events already, while servers of the previous release go on writing.

The view that feeds the table takes what is inserted from a moment on that lies a little ahead; what was inserted before it
is added here, a day or less at a time. That moment is part of the view's text, so that a second run, or another server that migrates at
the same time, uses the same one; and each insert has a token, so that it happens once. An insert that takes longer
than SETTLE_S from its start to its end across that moment is missing in the sums, not in the events.
"""

import logging
import re
import time
from typing import Any, NamedTuple

from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError

AHEAD_S = 2  # creating the view takes less
SETTLE_S = 3  # an insert takes less from its start to its end
# A day of 330,000 events does not fit into 256 MB, the least memory that may be configured; each insert costs some 50 ms.
_MEMORY_PER_EVENT = 2_500  # bytes
EVENTS_PER_PIECE_MAX = 1_000_000
_PIECES_S = (86_400, 3_600, 60)
_OUT_OF_MEMORY = 241  # ClickHouse error code; what else is going on in the engine needs memory, too
_TRIES = 5
_PAUSE_S = 2.0
_DAYS_PER_REPORT = 10

_CUTOFF = re.compile(r"inserted_at >= toDateTime\((\d+)")  # as in add_rollup; the engine keeps the text of a view

_logger = logging.getLogger(__name__)


class Rollup(NamedTuple):
    """A table of sums over events."""

    table: str  # exists; its view is <table>_view
    select: str  # over ``events``, with ``{cutoff}`` among its conditions


def add_rollup(connection: Connection, rollup: Rollup) -> None:
    """Create the view that feeds the table, and add the events of before. May be run again. Raises SQLAlchemy's errors."""
    now_s = _scalar(connection, "SELECT toUnixTimestamp(now())")
    is_empty = not _scalar(connection, "SELECT count() FROM (SELECT 1 FROM events LIMIT 1)")
    wanted_s = 0 if is_empty else now_s + AHEAD_S
    select = rollup.select.replace("{cutoff}", f"inserted_at >= toDateTime({wanted_s}, 'UTC')")
    _run(connection, f"CREATE MATERIALIZED VIEW IF NOT EXISTS {rollup.table}_view TO {rollup.table} AS {select}")
    cutoff_s = _cutoff_of(connection, rollup)
    if cutoff_s == 0:
        return
    time.sleep(max(0, cutoff_s + SETTLE_S - now_s))
    _fill(connection, rollup, cutoff_s)


def _cutoff_of(connection: Connection, rollup: Rollup) -> int:
    """Return the moment that the view has: ours, or that of whoever created it first."""
    definition = _scalar(
        connection,
        f"SELECT create_table_query FROM system.tables WHERE database = currentDatabase() AND name = '{rollup.table}_view'",  # noqa: S608 # our own name
    )
    found = _CUTOFF.search(str(definition))
    assert found is not None, "the view holds the condition it was made with"
    return int(found[1])


def _fill(connection: Connection, rollup: Rollup, cutoff_s: int) -> None:
    """Add what was inserted before the cut-off, the newest day first: that is what people look at."""
    before = f"inserted_at < toDateTime({cutoff_s}, 'UTC')"
    events_max = _events_per_piece(connection)
    days = connection.execute(
        text(
            f"SELECT toInt64(toUnixTimestamp(toStartOfDay(ts))) AS day_s, count() FROM events WHERE {before}"  # noqa: S608 # a number
            " GROUP BY day_s ORDER BY day_s DESC"
        )
    ).all()
    for number, (day_s, events) in enumerate(days, 1):
        # A second run splits a day in the same way unless so many of its rows were deleted meanwhile that it needs fewer pieces.
        piece_s = next((length for length in _PIECES_S if events * length <= events_max * 86_400), _PIECES_S[-1])
        for from_s in range(day_s, day_s + 86_400, piece_s):
            _add_piece(connection, rollup, before, from_s, piece_s)
        if number % _DAYS_PER_REPORT == 0 or number == len(days):
            _logger.info("event store: %s: %s of %s days are summed up", rollup.table, number, len(days))


def _events_per_piece(connection: Connection) -> int:
    """Return how many events are summed up at once, by the memory that the engine may use (0: as much as there is)."""
    bytes_max = int(_scalar(connection, "SELECT value FROM system.server_settings WHERE name = 'max_server_memory_usage'"))
    return min(EVENTS_PER_PIECE_MAX, bytes_max // _MEMORY_PER_EVENT or EVENTS_PER_PIECE_MAX)


def _add_piece(connection: Connection, rollup: Rollup, before: str, from_s: int, length_s: int) -> None:
    condition = (
        f"{before} AND ts >= fromUnixTimestamp64Milli({from_s * 1000}, 'UTC')"
        f" AND ts < fromUnixTimestamp64Milli({(from_s + length_s) * 1000}, 'UTC')"
    )
    select = rollup.select.replace("{cutoff}", condition)
    token = f"{rollup.table} {from_s} {length_s} {before}".replace("'", "")
    settings = f"insert_deduplication_token = '{token}', max_threads = 1"  # one, so that servers go on answering
    for tries_left in reversed(range(_TRIES)):
        try:
            _run(connection, f"INSERT INTO {rollup.table} {select} SETTINGS {settings}")
        except DatabaseError as error:
            if getattr(error.orig, "code", None) != _OUT_OF_MEMORY or not tries_left:
                raise
            time.sleep(_PAUSE_S)
        else:
            return


def _scalar(connection: Connection, sql: str) -> Any:  # noqa: ANN401 # whatever was asked for
    return connection.execute(text(sql)).scalar_one()


def _run(connection: Connection, sql: str) -> None:
    connection.exec_driver_sql(sql)
