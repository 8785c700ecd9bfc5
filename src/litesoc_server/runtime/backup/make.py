"""Making a backup while the server runs.

The order is what makes it consistent: what comes first on an event's way is copied first. Whatever moves on meanwhile is
met again further down its way, and what is met twice is passed over after a restore, as after a crash (delivery is at least
once, effects are idempotent). So everything that was acknowledged before the start is in the backup:

claims of Idempotency-Keys → raw events → stored events → detections → control database.

Dead letters can go back to raw, so they are read before it and after it.
"""

import fcntl
import os
import shutil
import sqlite3
import stat
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from django.db import Error, transaction

from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By, Target
from litesoc_server.audit.record import INSTALLATION, record
from litesoc_server.clock import SystemClock
from litesoc_server.config import Config
from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.runtime.backup import control, messages
from litesoc_server.runtime.backup.contents import (
    CONTROL,
    EVENTS,
    GAP,
    IDEMPOTENCY,
    gap_file,
    key_files,
    keys_in_use,
    other_files,
)
from litesoc_server.runtime.backup.door import parts_from
from litesoc_server.runtime.backup.errors import BackupError
from litesoc_server.runtime.backup.event_parts import Lines as EventLines
from litesoc_server.runtime.backup.event_parts import Part, Plan, parts_of
from litesoc_server.runtime.backup.files import BackupFiles
from litesoc_server.runtime.backup.manifest import MANIFEST, Counts, Manifest, encode
from litesoc_server.runtime.backup.progress import Report
from litesoc_server.runtime.build import build_store, build_stream, events_directory, open_dead_letters, stream_directory
from litesoc_server.runtime.data_dir import DataDirLock, is_in_use
from litesoc_server.store.base import StoreUnavailable
from litesoc_server.store.migrations import HEAD
from litesoc_server.stream.base import DeadLetter
from litesoc_server.stream.sqlite_files import sync_directory
from litesoc_server.stream.subjects import Subject

PARTIAL = ".partial"
_LOCK = "lock"
_ROOM = 3  # text that gzip packed takes about twice the room that the store needs
_ROOM_MIN_BYTES = 64 * 1024**2


def make_backup(config: Config, target: Path, *, with_keys: bool, report: Report) -> Manifest:
    """Write everything into the new directory ``target``; it appears whole, under that name, or not at all.

    Needs Django set up and the databases up to date. Raises BackupError.
    """
    if target.exists():
        msg = f"{target} exists"
        raise BackupError(msg, "name a directory that does not exist yet, for example with the date in it")
    started_at = datetime.now(UTC)
    try:
        with _partial(target) as directory:
            _check_room(config, directory)
            manifest = _write(config, BackupFiles(directory), started_at, with_keys=with_keys, report=report)
            directory.rename(target)
            sync_directory(target.parent)
        _record(manifest)
    except (StreamUnavailable, StoreUnavailable) as error:
        raise BackupError(str(error), "run `litesoc doctor`; no backup was made") from error
    except (sqlite3.Error, Error) as error:
        msg = f"a database could not be copied: {error}"
        raise BackupError(msg, "run `litesoc doctor`; no backup was made") from error
    except OSError as error:
        msg = f"{error.filename or target} cannot be written or read: {error.strerror}"
        raise BackupError(msg, "name a directory on a disk with room, writable for the user that runs the server") from error
    return manifest


@contextmanager
def _partial(target: Path) -> Iterator[Path]:
    """Yield the directory that a backup grows in, empty; what a backup that was killed left in it is removed."""
    directory = target.with_name(target.name + PARTIAL)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_is_ours(directory)
    descriptor = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for path in directory.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != _LOCK:
                path.unlink()
        yield directory
    except BlockingIOError as error:
        msg = f"another backup is being written to {target}"
        raise BackupError(msg, "wait for it, or name another directory") from error
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    finally:
        os.close(descriptor)


def _check_is_ours(directory: Path) -> None:
    """Raise BackupError unless nobody else can open ``directory``: in /tmp, somebody may have made it before us."""
    there = directory.lstat()
    if not stat.S_ISDIR(there.st_mode) or there.st_uid != os.geteuid():
        msg = f"{directory} is a link, or belongs to somebody else, who could read the backup"
        raise BackupError(msg, "remove it, or better name a directory in one that only you can write to")
    directory.chmod(0o700)


def _check_room(config: Config, directory: Path) -> None:
    sizes = [_size_of(stream_directory(config)), _ROOM * _size_of(events_directory(config))]
    sizes += [
        path.stat().st_size for path in (config.data_dir / "control.db", config.data_dir / IDEMPOTENCY) if path.exists()
    ]
    sizes += [path.stat().st_size for path in other_files(config).values()]
    needed, free = sum(sizes) + _ROOM_MIN_BYTES, shutil.disk_usage(directory).free
    if needed > free:
        msg = f"{directory.parent} has {free // 1024**2:,} MB free, and a backup may need {needed // 1024**2:,} MB"
        raise BackupError(msg, "make room, or name a directory on another disk")


def _size_of(directory: Path) -> int:
    total = 0
    for root, _, names in os.walk(directory):
        for name in names:
            path = Path(root, name)
            total += path.stat().st_size if path.exists() else 0  # the engine removes files at any time
    return total


def _write(config: Config, files: BackupFiles, started_at: datetime, *, with_keys: bool, report: Report) -> Manifest:
    with ExitStack() as stack:
        is_running = is_in_use(config.data_dir)
        claims = config.data_dir / IDEMPOTENCY
        if config.state_url is None and claims.exists():
            control.snapshot_sqlite(claims, files.directory / IDEMPOTENCY)
            files.note(IDEMPOTENCY)
        letters = _letters(config)
        stream = build_stream(config, SystemClock())
        if config.stream_url is not None:
            stack.enter_context(closing(stream))
            stream.open(None)
        raw = messages.copy_waiting(files, stream, Subject.RAW)
        plan, events = _copy_events(files, _event_parts(config, stack, is_running=is_running), report)
        if gap_file(config).exists():
            files.add(GAP, gap_file(config))
        detections = messages.copy_waiting(files, stream, Subject.DETECTIONS)
        letters |= _letters(config)
        messages.copy_letters(files, letters)
    report("control database", 0, 1)
    control.snapshot(files.directory / CONTROL)
    files.note(CONTROL)
    report("control database", 1, 1)
    for name, path in {**(key_files(config) if with_keys else {}), **other_files(config)}.items():
        if path.exists():
            files.add(name, path)
    counts = Counts(
        events=events,
        raw=raw,
        detections=detections,
        dead_letters=len(letters),
        **control.counts_of(files.directory / CONTROL),
    )
    manifest = Manifest(
        id=str(uuid.uuid4()),
        started_at=started_at,
        ended_at=datetime.now(UTC),
        keys=keys_in_use(config),
        events_revision=HEAD,
        event_columns=plan.columns,
        migrations=control.applied_migrations(files.directory / CONTROL),
        counts=counts,
        files=files.entries,
    )
    _seal(files.directory, manifest)
    return manifest


def _letters(config: Config) -> dict[str, DeadLetter]:
    with open_dead_letters(config) as dead_letters:
        return messages.letters_by_id(dead_letters)


def _event_parts(config: Config, stack: ExitStack, *, is_running: bool) -> Iterator[Part]:
    """Return the events: from the server that has the embedded store open, else from the store itself."""
    if config.events_url is None and is_running:
        return parts_from(config.data_dir)
    if config.events_url is None:
        stack.enter_context(DataDirLock(config.data_dir))  # no server starts meanwhile
    store = build_store(config)
    stack.callback(store.close)
    store.open()
    return parts_of(store)


def _copy_events(files: BackupFiles, parts: Iterator[Part], report: Report) -> tuple[Plan, int]:
    """Write one file for each day; return the plan and how many events there were."""
    plan = next(parts)
    assert isinstance(plan, Plan), "the plan comes first"
    total = sum(day.events for day in plan.days)
    count = 0
    report("events", 0, total)
    with ExitStack() as opened:
        day_s, file = None, None
        for part in parts:
            if not isinstance(part, EventLines):
                break
            if part.day_s != day_s or file is None:
                opened.close()
                day_s = part.day_s
                file = opened.enter_context(files.packed(event_file(day_s)))
            file.write(part.text)
            count += part.text.count(b"\n")
            report("events", count, max(total, count))
    return plan, count


def event_file(day_s: int) -> str:
    """Return the name of the file with the events of a day (Unix s)."""
    return f"{EVENTS}/{datetime.fromtimestamp(day_s, UTC):%Y-%m-%d}.tsv.gz"


def _seal(directory: Path, manifest: Manifest) -> None:
    """Write the manifest last, when all else is on disk."""
    descriptor = os.open(directory / MANIFEST, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(encode(manifest))
        file.flush()
        os.fsync(file.fileno())
    (directory / _LOCK).unlink()
    for root, _, _ in os.walk(directory):
        sync_directory(Path(root))


def _record(manifest: Manifest) -> None:
    with transaction.atomic():
        record(
            org_id=INSTALLATION,
            action=Action.BACKUP_CREATED,
            by=By.operator(),
            target=Target(kind="backup", id=manifest.id),
        )
