"""Putting a backup into an empty installation, of the same kind or of another one.

A note in the data directory says that a restore goes on. It is there until all is in place: a server does not start while it
is, and the same restore, run again, removes what the one before it had put there and begins anew.
"""

import gzip
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import islice
from pathlib import Path

import psycopg
from django.db import Error, transaction

from litesoc_server.clock import SystemClock
from litesoc_server.config import Config
from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.pipeline.enrich.manifest import updates_dir
from litesoc_server.runtime.backup import control, messages
from litesoc_server.runtime.backup.contents import CONTROL, EVENTS, GAP, IDEMPOTENCY, IP_DATA, gap_file, key_files
from litesoc_server.runtime.backup.errors import BackupError
from litesoc_server.runtime.backup.manifest import Manifest
from litesoc_server.runtime.backup.progress import Report
from litesoc_server.runtime.backup.verify import verify_backup
from litesoc_server.runtime.build import build_store, build_stream, events_directory, stream_directory
from litesoc_server.runtime.control_database import migrate_control_database
from litesoc_server.runtime.data_dir import RESTORING, DataDirInUse, DataDirLock
from litesoc_server.store.base import EventCopies, RejectedRows, StoreUnavailable
from litesoc_server.store.migrations import HEAD
from litesoc_server.stream.base import Stream
from litesoc_server.stream.sqlite_files import sync_directory
from litesoc_server.stream.subjects import Subject

LINES_AT_ONCE = 50_000  # about 30 MB of text
_ROOM_MIN_BYTES = 64 * 1024**2
_EMPTY_FIX = "restore into an empty data directory: stop the server and move what is there away, or give another --data-dir"
_AGAIN_FIX = "mend that, then run the same restore again"


def restore_backup(directory: Path, config: Config, *, set_up_django: Callable[[], None], report: Report) -> Manifest:
    """Put what ``directory`` holds into the installation that ``config`` describes. Raises BackupError.

    ``set_up_django`` is called when the keys are in place: without them it would make others.
    """
    manifest = verify_backup(directory, report)
    if manifest.events_revision > HEAD:
        msg = f"the backup was made by version {manifest.version}, which is newer"
        raise BackupError(msg, f"restore it with version {manifest.version} or later")
    try:
        with DataDirLock(config.data_dir):
            _Restore(directory, config, manifest, report).run(set_up_django)
    except DataDirInUse as error:
        raise BackupError(str(error), _EMPTY_FIX) from error
    except (StreamUnavailable, StoreUnavailable, RejectedRows) as error:
        raise BackupError(str(error), _AGAIN_FIX) from error
    except (sqlite3.Error, psycopg.Error, Error) as error:
        msg = f"the control database could not be written: {error}"
        raise BackupError(msg, _AGAIN_FIX) from error
    except OSError as error:
        msg = f"{error.filename or config.data_dir} cannot be written: {error.strerror}"
        raise BackupError(msg, "make room or mend permissions, then run the same restore again") from error
    return manifest


class _Restore:
    """One backup on its way into one installation."""

    def __init__(self, directory: Path, config: Config, manifest: Manifest, report: Report) -> None:
        self._directory = directory
        self._config = config
        self._manifest = manifest
        self._report = report
        self._note = config.data_dir / RESTORING

    def run(self, set_up_django: Callable[[], None]) -> None:
        is_begun = self._note.exists() and self._note.read_text() == self._manifest.id
        if not is_begun:
            self._check_target()
            self._check_room()
            _write(self._note, self._manifest.id.encode())
        self._put_keys()
        set_up_django()
        try:
            control.check_migrations(self._manifest.migrations, self._manifest.version)
        except BackupError:
            if not is_begun:
                self._take_back()
            raise
        self._clear()
        self._restore_control_database()
        self._restore_events()
        self._restore_stream()
        if self._config.state_url is None:
            self._put_file(IDEMPOTENCY, self._config.data_dir / IDEMPOTENCY)
        self._put_file(GAP, gap_file(self._config))
        self._put_ip_data()
        self._record()
        self._note.unlink()
        sync_directory(self._config.data_dir)

    def _check_target(self) -> None:
        """Raise BackupError unless there is nothing yet. Nothing is changed, but for tables that are made."""
        config = self._config
        if self._note.exists():
            msg = f"another restore into {config.data_dir} was interrupted"
            raise BackupError(msg, "run that one again, or remove the data directory and start anew")
        for path in self._own_paths():
            if path.exists():
                msg = f"{config.data_dir} is not empty: it holds {path.name}"
                raise BackupError(msg, _EMPTY_FIX)
        self._check_keys()
        if config.database_url is not None and control.sqlite_file(config) is None:
            control.check_postgresql_is_empty(config.database_url)
        if config.events_url is not None:
            self._with_store(_check_no_events)
        if config.stream_url is not None:
            self._with_stream(_check_nothing_waits)

    def _check_keys(self) -> None:
        """Raise BackupError where a key is missing that the backup's rows need, or another one is in its place."""
        for name, path in key_files(self._config).items():
            is_setting = getattr(self._config, path.name) is not None
            if path.exists() and self._has(name) and path.read_bytes() != (self._directory / name).read_bytes():
                msg = f"{path} is another key than that of the backup"
                raise BackupError(msg, f"move it away if nothing else needs it. Or: {_EMPTY_FIX}")
            if path.name in self._manifest.keys and not (is_setting or path.exists() or self._has(name)):
                msg = f"the backup does not hold the key {path.name}, without which what it encrypted or signed is lost"
                raise BackupError(msg, f"put the key's file to {path}, or set LITESOC_{path.name.upper()} as it was")

    def _check_room(self) -> None:
        needed, free = self._manifest.size_bytes + _ROOM_MIN_BYTES, shutil.disk_usage(self._config.data_dir).free
        if needed > free:
            msg = f"{self._config.data_dir} has {free // 1024**2:,} MB free, and {needed // 1024**2:,} MB are needed"
            raise BackupError(msg, "make room, or restore to another disk")

    def _clear(self) -> None:
        """Remove what an interrupted restore of this backup has put here."""
        for path in self._own_paths():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def _take_back(self) -> None:
        """Remove what a restore begins with."""
        for name, path in key_files(self._config).items():
            if self._has(name):
                path.unlink(missing_ok=True)
        self._note.unlink()

    def _put_keys(self) -> None:
        for name, path in key_files(self._config).items():
            self._put_file(name, path)

    def _restore_control_database(self) -> None:
        self._report("control database", 0, 1)
        file = control.sqlite_file(self._config)
        if file is not None:
            self._put_file(CONTROL, file)
        migrate_control_database()
        if file is None:
            control.restore_rows(self._directory / CONTROL, self._config.data_dir / f"{RESTORING}.db")
        self._report("control database", 1, 1)

    def _restore_events(self) -> None:
        self._with_store(self._fill_store)

    def _fill_store(self, store: EventCopies) -> None:
        store.remove_everything()  # of a restore that was interrupted, on a server
        total = self._manifest.counts.events
        done = 0
        self._report("events", done, total)
        for path in sorted((self._directory / EVENTS).glob("*.gz")):
            with gzip.open(path, "rb") as file:
                while lines := list(islice(file, LINES_AT_ONCE)):
                    store.add_lines(b"".join(lines), self._manifest.event_columns)
                    done += len(lines)
                    self._report("events", done, total)

    def _restore_stream(self) -> None:
        self._with_stream(self._fill_stream)

    def _fill_stream(self, stream: Stream) -> None:
        for subject in Subject:
            for payloads in messages.groups_in(self._directory, subject):
                stream.publisher.publish(subject, payloads)
        there = messages.letters_by_id(stream.dead_letters)  # of a restore that was interrupted, on a server
        stream.dead_letters.remove(list(there))
        for letter in messages.letters_in(self._directory):
            stream.dead_letters.add(letter.subject, letter.payload, letter.reason, failed_at_ms=letter.failed_at_ms)

    def _put_ip_data(self) -> None:
        for name in self._manifest.files:
            if name.startswith(f"{IP_DATA}/"):
                self._put_file(name, updates_dir(self._config.data_dir) / name.removeprefix(f"{IP_DATA}/"))

    def _record(self) -> None:
        # Only now: it needs Django set up.
        from litesoc_server.audit.actions import Action  # noqa: PLC0415
        from litesoc_server.audit.by import By, Target  # noqa: PLC0415
        from litesoc_server.audit.record import INSTALLATION, record  # noqa: PLC0415

        target = Target(kind="backup", id=self._manifest.id)
        with transaction.atomic():
            record(org_id=INSTALLATION, action=Action.BACKUP_RESTORED, by=By.operator(), target=target)

    def _has(self, name: str) -> bool:
        return name in self._manifest.files

    def _put_file(self, name: str, path: Path) -> None:
        if self._has(name):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(path, self._directory / name)

    def _own_paths(self) -> list[Path]:
        """Return what a restore makes in the data directory, and what it must not find there."""
        file = control.sqlite_file(self._config)
        databases = [*([] if file is None else [file]), self._config.data_dir / IDEMPOTENCY]
        beside = [one.with_name(one.name + ending) for one in databases for ending in ("-wal", "-shm")]
        return [*databases, *beside, events_directory(self._config), stream_directory(self._config)]

    def _with_store(self, use: Callable[[EventCopies], None]) -> None:
        store = build_store(self._config)
        with closing(store):
            store.open()
            use(store)

    def _with_stream(self, use: Callable[[Stream], None]) -> None:
        stream = build_stream(self._config, SystemClock())
        stream.open(None)
        with closing(stream):
            use(stream)


def _check_no_events(store: EventCopies) -> None:
    if store.event_days():
        raise BackupError("the event store holds events", "name an empty database in LITESOC_EVENTS_URL")


def _check_nothing_waits(stream: Stream) -> None:
    if any(stream.backlog(subject).messages for subject in Subject) or stream.dead_letters.count():
        raise BackupError("messages or dead letters are in the stream", "name an empty NATS server in LITESOC_STREAM_URL")


def _write(path: Path, content: Path | bytes) -> None:
    """Put a file in place whole, for its owner alone."""
    draft = path.with_name(f"{path.name}.{RESTORING}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        if isinstance(content, bytes):
            file.write(content)
        else:
            with content.open("rb") as source:
                shutil.copyfileobj(source, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
