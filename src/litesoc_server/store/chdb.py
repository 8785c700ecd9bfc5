"""The event store inside this process: ClickHouse as a library (chDB), its data in a directory."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ProgrammingError

from litesoc_server.store.base import StoreUnavailable
from litesoc_server.store.connections import QUERY_SECONDS_MAX
from litesoc_server.store.sql_store import SqlStore

_INSERTS = "inserts"  # chDB reads inserts from files; kill -9 leaves them behind
_ENGINE = "engine"
_ENGINE_LOCK = "status"  # the engine's own lock file; it holds the process id of the owner
_CACHE_SHARE = 16  # each cache may take this part of the memory; the engine's defaults add up to 15 GB


class ChdbStore(SqlStore):
    """One directory, one process: the engine locks it. Open it in the final process; a fork must not use it."""

    def __init__(self, path: Path, *, memory_bytes: int) -> None:
        super().__init__(name=f"the event store in {path}")
        self._engine_path = path / _ENGINE
        self._inserts_path = path / _INSERTS
        self._memory_bytes = memory_bytes

    def _connect_arguments(self) -> dict[str, Any]:
        return {
            "interface": "chdb",
            "path": str(self._engine_path),
            "chdb_options": self._engine_options(),
            "settings": {
                "max_memory_usage": self._memory_bytes // 2,  # one query; leaves room for inserts and merges
                "max_execution_time": QUERY_SECONDS_MAX,
                # 0: every core works on a question. By default one does while less than 1 GiB of memory for each is free,
                # of which the engine counts what the whole process has.
                "max_threads_min_free_memory_per_thread": 0,
            },
        }

    def _engine_options(self) -> dict[str, int]:
        cache_bytes = self._memory_bytes // _CACHE_SHARE
        return {
            "max_server_memory_usage": self._memory_bytes,
            "mark_cache_size": cache_bytes,
            "index_mark_cache_size": cache_bytes,
            "primary_index_cache_size": cache_bytes,
            "query_condition_cache_size": cache_bytes,
        }

    def _connect_first(self) -> Client:
        self._make_directories()
        try:
            client = self._connect()
        except ProgrammingError as error:  # the engine itself did not start; the text is about paths, not data
            msg = f"{self._name} cannot be opened: {error}"
            raise StoreUnavailable(msg) from error
        self._check_memory(client)
        return client

    def _make_directories(self) -> None:
        try:
            self._engine_path.mkdir(parents=True, exist_ok=True, mode=0o700)
            owner = _owner_of(self._engine_path / _ENGINE_LOCK)
            if owner is not None:
                msg = f"{self._name} is already open in process {owner}; stop that one first"
                raise StoreUnavailable(msg)
            shutil.rmtree(self._inserts_path, ignore_errors=True)
            self._inserts_path.mkdir(mode=0o700)
        except OSError as error:
            msg = f"{self._name} cannot be opened: {error.strerror}"
            raise StoreUnavailable(msg) from error

    def _check_memory(self, client: Client) -> None:
        """Make sure that the memory options took effect: the engine ignores names it does not know, in silence."""
        wanted = {name: str(value) for name, value in self._engine_options().items()}
        settings = client.query(
            "SELECT name, value FROM system.server_settings WHERE name IN {names:Array(String)}",
            parameters={"names": list(wanted)},
        ).result_rows
        if {row[0]: row[1] for row in settings} != wanted:
            client.close()
            msg = f"{self._name} ignores its memory ceiling; install the version of chdb-core that the requirements name"
            raise StoreUnavailable(msg)

    def _during_insert(self) -> AbstractContextManager[None]:
        return _temporary_files_in(self._inserts_path)


@contextmanager
def _temporary_files_in(path: Path) -> Generator[None]:
    """Have the standard library put temporary files into ``path``.

    The client offers no other way to choose. Another thread's temporary file may end up there too, which does no harm.
    """
    previous = tempfile.tempdir
    tempfile.tempdir = str(path)
    try:
        yield
    finally:
        tempfile.tempdir = previous


def _owner_of(lock_path: Path) -> str | None:
    """Return the process that holds the engine's lock, None when nobody does. Raises OSError."""
    try:
        descriptor = os.open(lock_path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        # First line as the engine writes it: "PID: 4711"
        first_line = os.read(descriptor, 64).decode("ascii", "replace").partition("\n")[0]
        return first_line.removeprefix("PID: ") or "unknown"
    finally:
        os.close(descriptor)
    return None
