"""The file that says what a backup holds. It is written last: a directory without it is no backup."""

from datetime import datetime
from pathlib import Path

import msgspec

from litesoc_server import __version__
from litesoc_server.runtime.backup.errors import BackupError

MANIFEST = "manifest.json"
KEYS = "keys"  # the folder with the keys
FORMAT = 1  # goes up when an older version could not restore what is written


class FileEntry(msgspec.Struct, frozen=True):
    """One file."""

    size_bytes: int
    sha256: str


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How much a backup holds, for `verify` and for people."""

    events: int
    raw: int  # accepted requests that were not processed yet
    detections: int  # that were not applied to alerts yet
    dead_letters: int
    organizations: int
    users: int
    alerts: int
    audit_entries: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds. New fields have defaults."""

    id: str
    started_at: datetime  # everything that was acknowledged before is in it
    ended_at: datetime
    keys: list[str]  # names of the keys that were in use, whether they are in it or not
    events_revision: str  # of the event store's schema
    event_columns: list[str]
    migrations: list[str]  # applied to the control database, as app.name
    counts: Counts
    files: dict[str, FileEntry]  # by path below the backup's directory
    format: int = FORMAT
    version: str = __version__  # of the product

    @property
    def size_bytes(self) -> int:
        """The size of all files."""
        return sum(entry.size_bytes for entry in self.files.values())

    @property
    def missing_keys(self) -> list[str]:
        """The names of the keys that a restore needs and that are not in it."""
        return [name for name in self.keys if f"{KEYS}/{name}" not in self.files]


class _Format(msgspec.Struct):
    """What is read first: the rest may look different in another format."""

    format: int
    version: str


_FORMAT_DECODER = msgspec.json.Decoder(_Format)
_DECODER = msgspec.json.Decoder(Manifest)


def encode(manifest: Manifest) -> bytes:
    """Return the file's content, readable for people."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def read_manifest(directory: Path) -> Manifest:
    """Return what the backup in ``directory`` says of itself. Raises BackupError, also for a newer format."""
    try:
        content = (directory / MANIFEST).read_bytes()
    except OSError as error:
        msg = f"{directory} is no backup: {MANIFEST} cannot be read ({error.strerror})"
        raise BackupError(msg, "name the directory that `litesoc backup create` wrote") from error
    try:
        head = _FORMAT_DECODER.decode(content)
        if head.format > FORMAT:
            msg = f"{directory} was made by version {head.version}, in a format that this version does not know"
            raise BackupError(msg, f"restore it with version {head.version} or later")
        return _DECODER.decode(content)
    except msgspec.MsgspecError as error:
        msg = f"{directory / MANIFEST} is damaged"
        raise BackupError(msg, "take another backup: this one cannot be trusted") from error
