"""Directories that take seconds to make, made once for all processes of a run of tests."""

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

_PLACE = "LITESOC_TEST_MADE_ONCE"  # handed on to the processes that pytest-xdist starts


def begin() -> None:
    """Choose the place, before other processes are started: whoever chose it takes everything away at its end."""
    if _PLACE not in os.environ:
        os.environ[_PLACE] = tempfile.mkdtemp(prefix="litesoc-made-once-")
        atexit.register(shutil.rmtree, os.environ[_PLACE], ignore_errors=True)


def made_once(name: str, make: Callable[[Path], object]) -> Path:
    """Return the directory of this name, which whoever is first makes and fills; nobody may write to it later."""
    begin()
    place = Path(os.environ[_PLACE])
    directory, done = place / name, place / f"{name}.done"
    with (place / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(directory, ignore_errors=True)  # of somebody who failed
            directory.mkdir()
            make(directory)
            done.touch()
    return directory
