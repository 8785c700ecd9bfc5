"""Servers on data directories where one has started before: the first start on an empty one takes three times as long."""

import shutil
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

from live_server import LiveServer
from made_once import made_once
from unpacked_ip_data import link_ip_data


def started_before(data_dir: Path, *, env: dict[str, str] | None = None, args: tuple[str, ...] = ()) -> LiveServer:
    """Return a server with its databases made, its IP data unpacked and nobody in it; it does not run yet."""
    template = _template()
    data_dir.mkdir(mode=0o700)
    shutil.copy2(template / "control.db", data_dir)
    shutil.copytree(template / "events", data_dir / "events", symlinks=True)
    link_ip_data(data_dir)
    return LiveServer(data_dir, env=env, args=args)


@cache
def _template() -> Path:
    """Return a data directory as `litesoc migrate` leaves it."""
    return made_once("migrated", _migrate) / "data"


def _migrate(directory: Path) -> None:
    live = LiveServer(directory / "data")
    done = live.litesoc("migrate")
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(live.data_dir / "control.db")) as control:
        control.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the one file then is all of it
