"""Takes a MaxMind DB file out of what it comes in (.mmdb, .mmdb.gz, .tar.gz), however much the archive claims to hold."""

import gzip
import io
import shutil
import tarfile
import zlib
from pathlib import Path
from typing import IO, cast

from litesoc_server.pipeline.enrich.update.errors import UpdateError

UNPACKED_BYTES_MAX = 1024**3  # the largest free database has 130 MB
_GZIP_MAGIC = b"\x1f\x8b"
_SUFFIX = ".mmdb"


class _Bounded(io.RawIOBase):
    """Reads at most so many bytes of another file; more raises UpdateError."""

    def __init__(self, file: IO[bytes], bytes_max: int) -> None:
        self._file = file
        self._left = bytes_max

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # pyright: ignore[reportIncompatibleMethodOverride] # narrower
        chunk = self._file.read(min(len(buffer), self._left + 1))
        self._left -= len(chunk)
        if self._left < 0:
            msg = f"it unpacks to more than {UNPACKED_BYTES_MAX / 1024**3:.0f} GiB"
            raise UpdateError(msg)
        buffer[: len(chunk)] = chunk
        return len(chunk)


def unpack_mmdb(archive: Path, target: Path, *, bytes_max: int = UNPACKED_BYTES_MAX) -> None:
    """Write the database in ``archive`` to ``target``. Raises UpdateError: there is none, it is damaged or too large."""
    try:
        with archive.open("rb") as file:
            is_gzip = file.read(2) == _GZIP_MAGIC
            file.seek(0)
            if not is_gzip:
                _write(_Bounded(file, bytes_max), target)
                return
            with gzip.GzipFile(fileobj=file) as unzipped:
                bounded = io.BufferedReader(_Bounded(cast("IO[bytes]", unzipped), bytes_max))
                if archive.name.endswith(".tar.gz") or _is_tar(bounded):
                    _write_member(bounded, target)
                else:
                    _write(bounded, target)
    except (gzip.BadGzipFile, EOFError, zlib.error, tarfile.TarError) as error:
        msg = f"it is damaged ({error or type(error).__name__}): run the command again"
        raise UpdateError(msg) from error
    except OSError as error:
        msg = f"{target.parent} cannot be written ({error.strerror}): make room there"
        raise UpdateError(msg) from error


def _is_tar(file: "io.BufferedReader[_Bounded]") -> bool:
    return file.peek(262)[257:262] == b"ustar"


def _write_member(file: "io.BufferedReader[_Bounded]", target: Path) -> None:
    # Read as a stream, member by member: nothing is extracted by its name, so names cannot lead anywhere.
    with tarfile.open(fileobj=file, mode="r|") as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isreg() and member.name.endswith(_SUFFIX) else None
            if content is not None:
                _write(content, target)
                return
    msg = f"there is no {_SUFFIX} file in it"
    raise UpdateError(msg)


def _write(source: "IO[bytes] | io.RawIOBase | io.BufferedIOBase", target: Path) -> None:
    with target.open("wb") as file:
        shutil.copyfileobj(source, file, 1024**2)  # pyright: ignore[reportArgumentType] # anything with read()
