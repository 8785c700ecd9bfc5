"""A list of address ranges of one kind (Tor exits, a VPN's servers, a cloud …) as sorted numpy columns."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from ipaddress import IPv4Network, IPv6Network
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from litesoc_server.events.event import NetworkKind

V4_TYPE = np.dtype("<u4")
V6_TYPE = np.dtype("S16")  # 16 bytes, most significant first, so that they sort as addresses do
Column = npt.NDArray[Any]
ListedNetwork = tuple[IPv4Network | IPv6Network, int]  # a network and the number of its label


class Label(msgspec.Struct, frozen=True):
    """What a list says about an address."""

    kind: NetworkKind
    provider: str | None = None


class Ranges(msgspec.Struct, frozen=True):
    """Ranges of one address family, sorted, without overlaps."""

    first: Column
    last: Column
    label: Column  # u2, a position in the list's labels

    def __len__(self) -> int:
        return len(self.first)


class RangeList(msgspec.Struct, frozen=True):
    """One list."""

    labels: tuple[Label, ...]
    v4: Ranges
    v6: Ranges

    def __len__(self) -> int:
        return len(self.v4) + len(self.v6)

    def kinds(self, version: int) -> frozenset[NetworkKind]:
        """Return what the list knows of in one address family (4 or 6)."""
        ranges = self.v4 if version == 4 else self.v6  # noqa: PLR2004 # IPv4
        return frozenset(self.labels[number].kind for number in np.unique(ranges.label))


def build_list(labels: tuple[Label, ...], networks: Iterable[ListedNetwork]) -> RangeList:
    """Sort networks into a list. Of networks that nest the smaller one counts, of equal ones the first."""
    v4: list[tuple[int, int, int]] = []
    v6: list[tuple[int, int, int]] = []
    for network, label in networks:
        first = int(network.network_address)
        rows = v4 if network.version == 4 else v6  # noqa: PLR2004 # IPv4
        rows.append((first, first + network.num_addresses - 1, label))
    return RangeList(labels, _columns(_flatten(v4), is_v4=True), _columns(_flatten(v6), is_v4=False))


def without_kinds(ranges: RangeList, kinds: AbstractSet[NetworkKind]) -> RangeList:
    """Return the list without the entries of some kinds."""
    if not kinds:
        return ranges
    kept = np.array([label.kind not in kinds for label in ranges.labels], bool)

    def keep(each: Ranges) -> Ranges:
        mask = kept[each.label]
        return Ranges(each.first[mask], each.last[mask], each.label[mask])

    return RangeList(ranges.labels, keep(ranges.v4), keep(ranges.v6))


def v6_bytes(value: int) -> bytes:
    """Return an address or the one after the last (which wraps to 0) as its sixteen bytes."""
    return (value & (1 << 128) - 1).to_bytes(16, "big")


def _flatten(rows: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Cut nested ranges apart. Networks in CIDR form either nest or do not touch, so a stack of open ones is enough."""
    flat: list[tuple[int, int, int]] = []
    open_rows: list[tuple[int, int]] = []  # last address and label of the ranges around the current position
    position = 0

    def fill_up_to(end: int) -> None:
        nonlocal position
        while open_rows and position < end:
            last, label = open_rows[-1]
            until = min(last + 1, end)
            if position < until:
                flat.append((position, until - 1, label))
                position = until
            if last < end:
                open_rows.pop()

    previous: tuple[int, int] | None = None
    for first, last, label in sorted(rows, key=lambda row: (row[0], -row[1])):
        if (first, last) == previous:
            continue
        previous = (first, last)
        fill_up_to(first)
        while open_rows and open_rows[-1][0] < first:
            open_rows.pop()
        position = first
        open_rows.append((last, label))
    fill_up_to(1 << 128)
    return flat


def _columns(rows: list[tuple[int, int, int]], *, is_v4: bool) -> Ranges:
    labels = np.array([label for _, _, label in rows], "<u2")
    if is_v4:
        return Ranges(
            np.array([first for first, _, _ in rows], V4_TYPE), np.array([last for _, last, _ in rows], V4_TYPE), labels
        )
    return Ranges(
        np.array([v6_bytes(first) for first, _, _ in rows], V6_TYPE),
        np.array([v6_bytes(last) for _, last, _ in rows], V6_TYPE),
        labels,
    )
