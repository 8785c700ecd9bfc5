"""Where a backup is written to: with room, by one at a time, and never over another one."""

import os
import shutil
from pathlib import Path

import pytest

from litesoc_server.config import Config
from litesoc_server.runtime.backup.errors import BackupError
from litesoc_server.runtime.backup.make import _check_room, _partial, make_backup


def test_a_disk_without_room_is_told_before_anything_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config(data_dir=tmp_path / "data")
    (config.data_dir / "events").mkdir(parents=True)
    with (config.data_dir / "events/part").open("wb") as part:
        part.truncate(100 * 1024**2)
    usage = type("Usage", (), {"free": 200 * 1024**2})
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(BackupError, match="200 MB free, and a backup may need 364 MB") as refused:
        _check_room(config, tmp_path / "to")
    assert refused.value.fix == "make room, or name a directory on another disk"


def test_two_backups_never_write_to_one_place(tmp_path: Path) -> None:
    target = tmp_path / "made"
    (tmp_path / "made.partial/events").mkdir(parents=True)  # one was killed
    with _partial(target) as directory:
        assert {path.name for path in directory.iterdir()} == {"lock"}
        with pytest.raises(BackupError, match="another backup is being written"), _partial(target):
            pass
        assert directory.exists()
    target.mkdir()
    with pytest.raises(BackupError, match="made exists"):
        make_backup(Config(data_dir=tmp_path), target, with_keys=True, report=lambda *_: None)


def test_a_directory_that_somebody_else_made_or_led_elsewhere_is_not_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    partial, elsewhere = tmp_path / "made.partial", tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    partial.symlink_to(elsewhere)
    with pytest.raises(BackupError, match="is a link"), _partial(tmp_path / "made"):
        pass
    assert list(elsewhere.iterdir()) == []
    partial.unlink()
    partial.mkdir(mode=0o777)
    with _partial(tmp_path / "made") as directory:
        assert directory.stat().st_mode & 0o777 == 0o700
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(BackupError, match="belongs to somebody else"), _partial(tmp_path / "made"):
        pass
