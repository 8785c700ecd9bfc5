"""Where a running server hands its events out to a backup, when something is wrong with it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from http_client import wait_until
from litesoc_server.runtime.backup.door import SOCKET_NAME, EventDoor, parts_from
from litesoc_server.runtime.backup.errors import BackupError
from litesoc_server.store.chdb import ChdbStore


@contextmanager
def door_of_a_store_that_is_not_open(data_dir: Path) -> Iterator[None]:
    stop = threading.Event()
    door = EventDoor(store=ChdbStore(data_dir / "events", memory_bytes=1024**3), data_dir=data_dir)
    thread = threading.Thread(target=door.run, args=(stop,))
    thread.start()
    wait_until((data_dir / SOCKET_NAME).is_socket, bool, what="the socket")
    yield
    stop.set()
    thread.join()


@pytest.mark.parametrize("name", ["short", "a directory with a name that is " + "very " * 15 + "long"])
def test_the_reason_arrives_and_the_next_one_is_served(tmp_path: Path, name: str) -> None:
    data_dir = tmp_path / name
    data_dir.mkdir()
    (data_dir / SOCKET_NAME).touch()  # a server that was killed left it behind
    with door_of_a_store_that_is_not_open(data_dir):
        for _ in range(2):
            with pytest.raises(BackupError, match=r"could not hand out its events: the event store in .* is not open"):
                list(parts_from(data_dir))
        assert (data_dir / SOCKET_NAME).stat().st_mode & 0o077 == 0
    assert not (data_dir / SOCKET_NAME).exists()


def test_a_server_that_is_away_is_told_with_its_fix(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="does not hand out its events") as refused:
        list(parts_from(tmp_path))
    assert "as the user that runs the server" in refused.value.fix
