"""What `litesoc geo update` has fetched: one JSON file, replaced in one step, that names the files in force."""

import os
import tempfile
from datetime import date
from pathlib import Path

import msgspec

from litesoc_server.pipeline.enrich.packed import IpDataError

MANIFEST_NAME = "manifest.json"
_VERSION = 1


class Entry(msgspec.Struct, frozen=True):
    """One source's data in force."""

    kind: str  # "city", "asn" or "ranges"
    file: str  # name beside the manifest
    title: str
    licence: str
    data_date: date  # the day the data describes, or else the day it was fetched
    fetched_at_ms: int  # Unix ms
    ranges_count: int  # of a list; nodes of the search tree of a MaxMind DB file
    size_bytes: int  # of the file
    sha256: str
    etags: dict[str, str] = {}  # address -> what its server calls this version


class Manifest(msgspec.Struct, frozen=True):
    """Every source that was fetched, by its id."""

    version: int = _VERSION
    entries: dict[str, Entry] = {}


_DECODER = msgspec.json.Decoder(Manifest)


def updates_dir(data_dir: Path) -> Path:
    """Return the folder of fetched data."""
    return data_dir / "ipdata" / "updates"


def read_manifest(folder: Path) -> Manifest:
    """Return what is in force; nothing when nothing was ever fetched. Raises IpDataError when the file is damaged."""
    try:
        manifest = _DECODER.decode((folder / MANIFEST_NAME).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return Manifest()
    except (OSError, msgspec.MsgspecError) as error:
        msg = f"{folder / MANIFEST_NAME} cannot be read ({error}): run `litesoc geo update --force`"
        raise IpDataError(msg) from error
    if manifest.version != _VERSION:
        msg = f"{folder / MANIFEST_NAME} was written by another version: run `litesoc geo update --force`"
        raise IpDataError(msg)
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put a manifest in force in one step. Raises OSError."""
    write_atomically(folder / MANIFEST_NAME, msgspec.json.format(msgspec.json.encode(manifest)))


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file beside its place and move it there, so that it is never seen half-written. Raises OSError."""
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
