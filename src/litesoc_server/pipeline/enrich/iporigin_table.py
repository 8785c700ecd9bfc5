"""The table of the library iporigin (MIT): ranges of clouds, CDNs, crawlers, some VPN services, Apple's relay and Tor.

The library itself answers one address at a time and asks `ipaddress.is_global` first, which costs more than the search and
is wrong for several ranges; so its data file is read into the columns that all lists share. Format: `iporigin/_data.py`,
version 1.
"""

import importlib.util
import struct
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import numpy as np

from litesoc_server.events.event import NetworkKind
from litesoc_server.pipeline.enrich.packed import IpDataError
from litesoc_server.pipeline.enrich.range_list import Label, RangeList, Ranges

SOURCE = "iporigin"
LICENCE = "MIT"
_RELAY_PROVIDERS = frozenset({"Apple Private Relay"})  # listed as "vpn" there
_KINDS = {
    "tor": NetworkKind.TOR,
    "vpn": NetworkKind.VPN,
    "hosting": NetworkKind.HOSTING,
    "cdn": NetworkKind.HOSTING,
    "bot": NetworkKind.HOSTING,  # declared crawlers: machines in data centres
}
_MAGIC, _VERSION = b"IPORIGIN", 1
_HEADER = struct.Struct("<8sHQHII")  # magic, version, built at (Unix s), number of labels, IPv4 ranges and IPv6 ranges
_V4_RECORD = np.dtype([("first", "<u4"), ("last", "<u4"), ("label", "<u2")])
_V6_RECORD = np.dtype([("first", "S16"), ("last", "S16"), ("label", "<u2")])


class IporiginTable(msgspec.Struct, frozen=True):
    """The table and the day it was made."""

    ranges: RangeList
    data_date: date


def default_path() -> Path:
    """Return where the installed library keeps its table. Raises IpDataError when it is not installed."""
    found = importlib.util.find_spec("iporigin")
    if found is None or found.origin is None:
        msg = "the library iporigin is not installed: install the package again"
        raise IpDataError(msg)
    return Path(found.origin).parent / "data" / "ranges.bin"


def read_iporigin(path: Path | None = None) -> IporiginTable:
    """Read the table. Raises IpDataError when it is missing, damaged or of another version."""
    path = path or default_path()
    try:
        return _parse(path.read_bytes())
    except (OSError, ValueError, struct.error, OverflowError) as error:
        msg = f"the table of iporigin ({path.name}) cannot be used ({error}): install the package again"
        raise IpDataError(msg) from error


def _parse(content: bytes) -> IporiginTable:
    magic, version, built_at_s, labels_count, v4_count, v6_count = _HEADER.unpack_from(content)
    if (magic, version) != (_MAGIC, _VERSION):
        raise ValueError("it is in another format")
    labels, offset = _read_labels(content, _HEADER.size, labels_count)
    v4 = np.frombuffer(content, _V4_RECORD, v4_count, offset)
    v6 = np.frombuffer(content, _V6_RECORD, v6_count, offset + v4.nbytes)
    ranges = RangeList(labels, _ranges(v4), _ranges(v6))
    if any(int(each.label.max(initial=0)) >= max(labels_count, 1) for each in (ranges.v4, ranges.v6)):
        raise ValueError("a range has no label")
    return IporiginTable(ranges, datetime.fromtimestamp(built_at_s, UTC).date())


def _read_labels(content: bytes, offset: int, count: int) -> tuple[tuple[Label, ...], int]:
    """Return the labels and where they end. Kinds that a later version may add count as hosting, the widest of them."""
    labels: list[Label] = []
    for _ in range(count):
        (length,) = struct.unpack_from("<H", content, offset)
        offset += 2
        provider, _, kind = content[offset : offset + length].decode().partition("\t")
        offset += length
        is_relay = provider in _RELAY_PROVIDERS
        labels.append(Label(NetworkKind.RELAY if is_relay else _KINDS.get(kind, NetworkKind.HOSTING), provider or None))
    return tuple(labels), offset


def _ranges(records: np.ndarray[tuple[int], np.dtype[np.void]]) -> Ranges:
    return Ranges(*(np.ascontiguousarray(records[name]) for name in ("first", "last", "label")))
