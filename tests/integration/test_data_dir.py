"""Who owns a data directory, when several look at it at once."""

import fcntl
import os
import threading
from pathlib import Path

import pytest

from litesoc_server.runtime.data_dir import DataDirInUse, DataDirLock, is_in_use


def test_a_directory_is_in_use_while_a_server_owns_it(tmp_path: Path) -> None:
    assert not is_in_use(tmp_path)
    with DataDirLock(tmp_path):
        assert is_in_use(tmp_path)
        with pytest.raises(DataDirInUse, match=f"process {os.getpid()}"), DataDirLock(tmp_path):
            pass
    assert not is_in_use(tmp_path)


def test_a_command_that_is_just_looking_neither_stops_a_start_nor_looks_like_a_server(tmp_path: Path) -> None:
    with DataDirLock(tmp_path):
        pass
    looking = os.open(tmp_path / "lock", os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    assert not is_in_use(tmp_path)
    done = threading.Timer(0.1, os.close, [looking])
    done.start()
    with DataDirLock(tmp_path):
        assert is_in_use(tmp_path)
    done.join()
