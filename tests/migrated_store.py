"""Event stores whose tables are there already: to make these takes half a second, and most files of tests need them."""

import shutil
from pathlib import Path

from litesoc_server.store.chdb import ChdbStore
from made_once import made_once


def copy_migrated_store(directory: Path) -> None:
    """Fill ``directory``, which may be there, with what an embedded store without events has on the disk."""
    shutil.copytree(made_once("store", _make) / "events", directory, symlinks=True, dirs_exist_ok=True)


def _make(directory: Path) -> None:
    store = ChdbStore(directory / "events", memory_bytes=512 * 1024**2)
    store.open()
    store.close()
