"""All lists of ranges laid over each other: one search tells everything that any list says about an address."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address

import msgspec
import numpy as np

from litesoc_server.events.event import NetworkKind
from litesoc_server.pipeline.enrich.range_list import V4_TYPE, V6_TYPE, Column, Label, RangeList, Ranges, v6_bytes


class Listing(msgspec.Struct, frozen=True):
    """That one list has an address."""

    label: Label
    source: str  # id of the list


class NamedList(msgspec.Struct, frozen=True):
    """A list and where it comes from."""

    source: str
    ranges: RangeList


class ListedRanges:
    """Every range of every list. Immutable; safe for any thread."""

    def __init__(self, lists: Sequence[NamedList]) -> None:
        self._v4_start, self._v4_listings = _lay_over(lists, [named.ranges.v4 for named in lists], is_v4=True)
        self._v6_start, self._v6_listings = _lay_over(lists, [named.ranges.v6 for named in lists], is_v4=False)
        self._known_kinds = {
            version: frozenset[NetworkKind]().union(*(named.ranges.kinds(version) for named in lists)) for version in (4, 6)
        }

    def find(self, address: IPv4Address | IPv6Address) -> tuple[Listing, ...]:
        """Return what the lists say about an address, in the order of the lists."""
        if isinstance(address, IPv4Address):
            position = self._v4_start.searchsorted(np.uint32(int(address)), "right")
            return self._v4_listings.at(position)
        position = self._v6_start.searchsorted(np.bytes_(address.packed), "right")
        return self._v6_listings.at(position)

    def known_kinds(self, version: int) -> frozenset[NetworkKind]:
        """Return the kinds that some list has for an address family (4 or 6): only of these a missing entry means "no"."""
        return self._known_kinds[version]


class _Listings(msgspec.Struct, frozen=True):
    """What is listed between two edges; there are few different answers, so each is kept once."""

    answers: list[tuple[Listing, ...]]
    numbers: Column

    def at(self, position: np.intp) -> tuple[Listing, ...]:
        return self.answers[self.numbers[position]]


def _lay_over(lists: Sequence[NamedList], ranges: Sequence[Ranges], *, is_v4: bool) -> tuple[Column, _Listings]:
    """Return all edges, sorted, and what is listed from each on; position 0 is what lies before the first."""
    ends = [_after(each.last, is_v4=is_v4) for each in ranges]
    starts = np.unique(np.concatenate([np.array([], V4_TYPE if is_v4 else V6_TYPE), *(r.first for r in ranges), *ends]))
    columns = np.zeros((len(starts) + 1, len(lists)), "<u2")  # per list the label's number + 1; 0: not listed
    for index, each in enumerate(ranges):
        if not len(each):
            continue
        position = each.first.searchsorted(starts, "right")
        is_inside = (position > 0) & (starts <= each.last[position - 1])
        columns[1:, index] = np.where(is_inside, each.label[position - 1] + 1, 0)
    rows, numbers = np.unique(columns, axis=0, return_inverse=True)
    answers = [
        tuple(
            Listing(named.ranges.labels[number - 1], named.source)
            for named, number in zip(lists, row, strict=True)
            if number
        )
        for row in rows.tolist()
    ]
    return starts, _Listings(answers, numbers.reshape(-1).astype("<u2" if len(answers) < 1 << 16 else "<u4"))


def _after(last: Column, *, is_v4: bool) -> Column:
    """Return the addresses after the given ones. After the very last address nothing comes, so it has none."""
    if is_v4:
        return last[last < np.iinfo(V4_TYPE).max] + np.uint32(1)
    values = [int.from_bytes(bytes(value).ljust(16, b"\0"), "big") + 1 for value in last.tolist()]
    return np.array([v6_bytes(value) for value in values if value < 1 << 128], V6_TYPE)
