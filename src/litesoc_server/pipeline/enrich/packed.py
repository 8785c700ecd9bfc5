"""The packed form of IP data as it ships in the package: xz of a magic, a JSON header and columns stored by byte plane.

Layout: 4 bytes magic, the header's length as little-endian u32, the header, then the sections it names. A number column of
width w holds all lowest bytes first, then all second bytes, and so on, which is what makes it small.
"""

import lzma
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

Progress = Callable[[str, float], None]  # what is being prepared ("city"), and how much of it is done (0.0 to 1.0)
Arrays = dict[str, npt.NDArray[Any]]

_READ_BYTES = 256 * 1024
_UNPACKED_BYTES_MAX = 1024**3  # a ceiling for damaged or hostile files; the city data has 70 MB
_HEADER_BYTES_MAX = 64 * 1024
_PREFIX_BYTES = 8  # magic and length of the header


class IpDataError(Exception):
    """IP data cannot be used; the text names the file and the fix."""


class Header(msgspec.Struct, frozen=True):
    """The header of a packed file."""

    source: str  # who made it, ends in its date
    licence: str
    n4: int  # number of IPv4 ranges
    n6: int  # number of IPv6 ranges
    sections: list[tuple[str, int, int]]  # name, offset from the end of the header, length; both bytes

    @property
    def data_date(self) -> date:
        """The day the data describes."""
        found = re.search(r"\d{4}-\d\d-\d\d", self.source)
        return date.fromisoformat(found[0]) if found else date.min


_HEADER_DECODER = msgspec.json.Decoder(Header)


class Packed(msgspec.Struct, frozen=True):
    """One packed file, decompressed."""

    header: Header
    sections: dict[str, memoryview]

    def numbers(self, name: str, width: int, kind: str) -> npt.NDArray[Any]:
        """Return a number column of ``width`` bytes per value as little-endian ``kind`` ("u4", "i2"; at least as wide)."""
        planes = np.frombuffer(self.sections[name], np.uint8).reshape(width, -1)
        dtype = np.dtype("<" + kind)
        values = np.zeros((planes.shape[1], dtype.itemsize), np.uint8)
        values[:, :width] = planes.T
        return values.view(dtype)[:, 0]

    def lines(self, name: str) -> Arrays:
        """Return a text column as ``<name>_text`` (UTF-8 bytes) and ``<name>_end`` (where each line ends)."""
        text = np.frombuffer(self.sections[name], np.uint8)
        ends = np.append(np.flatnonzero(text == ord("\n")), len(text)).astype("<u4")
        return {f"{name}_text": text, f"{name}_end": ends}


def read_header(path: Path, magic: bytes) -> Header:
    """Read the header only, which takes milliseconds. Raises IpDataError."""
    try:
        with lzma.open(path) as file:
            return _parse_header(file.read(_PREFIX_BYTES + _HEADER_BYTES_MAX), magic)[0]
    except (OSError, EOFError, lzma.LZMAError, msgspec.MsgspecError, ValueError) as error:
        raise _unusable(path, error) from error


def read_packed(path: Path, magic: bytes, report: Callable[[float], None]) -> Packed:
    """Decompress a packed file, reporting the share done. Raises IpDataError if it cannot be read or is damaged."""
    try:
        content = _decompress(path, report)
        header, start = _parse_header(content, magic)
        sections = _slice_sections(memoryview(content)[start:], header)
    except (OSError, EOFError, lzma.LZMAError, msgspec.MsgspecError, ValueError) as error:
        raise _unusable(path, error) from error
    return Packed(header, sections)


def _decompress(path: Path, report: Callable[[float], None]) -> bytes:
    decompressor = lzma.LZMADecompressor()
    parts: list[bytes] = []
    size = read = 0
    packed_size = path.stat().st_size
    with path.open("rb") as file:
        while not decompressor.eof:
            chunk = file.read(_READ_BYTES)
            if not chunk:
                raise EOFError("the file is cut short")
            read += len(chunk)
            parts.append(decompressor.decompress(chunk))
            size += len(parts[-1])
            if size > _UNPACKED_BYTES_MAX:
                raise ValueError("it unpacks to more than 1 GiB")
            report(read / packed_size)
    return b"".join(parts)


def _parse_header(content: bytes, magic: bytes) -> tuple[Header, int]:
    """Return the header and where the sections begin."""
    if content[:4] != magic:
        raise ValueError("it is in another format")
    end = _PREFIX_BYTES + int.from_bytes(content[4:_PREFIX_BYTES], "little")
    return _HEADER_DECODER.decode(content[_PREFIX_BYTES:end]), end


def _slice_sections(content: memoryview, header: Header) -> dict[str, memoryview]:
    sections = {name: content[offset : offset + length] for name, offset, length in header.sections}
    if any(len(sections[name]) != length for name, _, length in header.sections):
        raise ValueError("a section is cut short")
    return sections


def _unusable(path: Path, error: Exception) -> IpDataError:
    return IpDataError(f"the IP data file {path.name} cannot be used ({error}): install the package again")
