"""Connections to ClickHouse, in process or remote: opening them, sharing a few among threads, and naming their errors."""

import logging
import queue
import struct
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from clickhouse_connect.driver import create_client, options
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DataError, Error, OperationalError

from litesoc_server.store.base import RejectedRows, StoreUnavailable

READERS_MAX = 4  # queries at once; each may use every core, so more would only wait inside the engine
SLOW_READERS_MAX = 2  # questions at once that look through all that an organisation has
READER_WAIT_S = 10.0  # a query may run 30 s, see QUERY_SECONDS_MAX; who waits longer than this for its turn gets 503
QUERY_SECONDS_MAX = 30

# ClickHouse error codes that blame the rows, so that trying again cannot help (src/Common/ErrorCodes.cpp).
_ROWS_AT_FAULT = frozenset({
    6,  # CANNOT_PARSE_TEXT
    38,  # CANNOT_PARSE_DATE
    41,  # CANNOT_PARSE_DATETIME
    53,  # TYPE_MISMATCH
    69,  # ARGUMENT_OUT_OF_BOUND
    70,  # CANNOT_CONVERT_TYPE
    72,  # CANNOT_PARSE_NUMBER
    117,  # INCORRECT_DATA
    131,  # TOO_LARGE_STRING_SIZE
    321,  # VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
    349,  # CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
    376,  # CANNOT_PARSE_UUID
    469,  # VIOLATED_CONSTRAINT
})  # fmt: skip

# What to do about the errors that people meet when they set a server up.
_FIXES = {
    81: "create the database first, or name another one in the URL",  # UNKNOWN_DATABASE
    497: "the user needs the rights to create tables and views, to insert and to select",  # ACCESS_DENIED
    516: "check user and password in the URL",  # AUTHENTICATION_FAILED
}

# Its log lines repeat, with values, what it also raises.
logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)

# The client looks for pandas at every insert; nothing here uses data frames, and importing it takes a second and 48 MB.
options.__dict__["pd"] = None


def connect(arguments: dict[str, Any]) -> Client:
    """Open one connection; ``arguments`` as for ``create_client``. Raises clickhouse-connect's errors."""
    return create_client(**arguments)


@contextmanager
def store_errors(store_name: str, doing: str) -> Generator[None]:
    """Turn the client's errors into StoreUnavailable.

    Their texts hold statements and bound values, hence personal data: only the code and its name are passed on.
    """
    try:
        yield
    except ClickHouseError as error:
        msg = f"{store_name} could not {doing}: {_reason_of(error)}"
        raise StoreUnavailable(msg) from None
    except OSError as error:  # the disk, while an insert is being prepared
        msg = f"{store_name} could not {doing}: {error.strerror}"
        raise StoreUnavailable(msg) from None


@contextmanager
def insert_errors(store_name: str) -> Generator[None]:
    """Turn the client's errors during an insert into StoreUnavailable or, where the rows are at fault, RejectedRows."""
    with store_errors(store_name, "take rows"):
        try:
            yield
        except Error as error:
            if isinstance(error, DataError) or error.code in _ROWS_AT_FAULT:
                msg = f"{store_name} refused the rows: {_reason_of(error)}"
                raise RejectedRows(msg) from None
            raise
        # The client found a value that does not fit its column, e.g. a lone surrogate in a text.
        except (AttributeError, OverflowError, TypeError, ValueError, struct.error) as error:
            msg = f"{store_name} refused the rows: {type(error).__name__} while they were encoded"
            raise RejectedRows(msg) from None


def _reason_of(error: ClickHouseError) -> str:
    if not isinstance(error, Error) or error.code is None:
        return "no answer" if isinstance(error, OperationalError) else f"the client raised {type(error).__name__}"
    reason = f"ClickHouse error {error.code} {error.name or ''}".rstrip()
    return f"{reason}; {_FIXES[error.code]}" if error.code in _FIXES else reason


class ReaderPool:
    """A few connections, opened when first needed, each used by one thread at a time."""

    def __init__(self, open_reader: Callable[[], Client]) -> None:
        self._open_reader = open_reader
        self._is_closed = False
        self._free: queue.LifoQueue[Client | None] = queue.LifoQueue()
        for _ in range(READERS_MAX):
            self._free.put(None)

    @contextmanager
    def reader(self) -> Generator[Client]:
        """Lend a connection. Raises StoreUnavailable when all stay busy, and the client's errors when opening one fails."""
        try:
            client = self._free.get(timeout=READER_WAIT_S)
        except queue.Empty:
            msg = f"all {READERS_MAX} connections to the event store were busy for {READER_WAIT_S:.0f} s"
            raise StoreUnavailable(msg) from None
        try:
            if self._is_closed:
                raise StoreUnavailable("the event store is closed")
            if client is None:
                client = self._open_reader()
            yield client
        finally:
            self._free.put(client)

    def close(self) -> None:
        """Wait for each connection to come back, then close it; who asks for one from now on is refused."""
        self._is_closed = True
        for _ in range(READERS_MAX):
            client = self._free.get()
            if client is not None:
                client.close()
        self._free.put(None)  # whoever still waits in reader() finds the pool closed, one after the other
