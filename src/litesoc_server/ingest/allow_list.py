"""Lists of addresses that keys may be used from: one address or range a line, with comments, kept as written."""

from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network

import msgspec

ENTRIES_MAX = 1_000
TEXT_LENGTH_MAX = 64 * 1024  # characters, with comments
PROBLEMS_SHOWN_MAX = 10
_COMPILED_MAX = 512  # texts; keys are read anew every two seconds and their lists seldom change
_ADDRESSES_MAX = 8_192
_IPV4_MAPPED = IPv6Network("::ffff:0:0/96")

Network = IPv4Network | IPv6Network


class Problem(msgspec.Struct, frozen=True):
    """One line that cannot be taken."""

    line: int  # from 1
    text: str  # a sentence about it


class AllowListInvalid(Exception):
    """The text is no allow-list; ``problems`` say what is wrong, at most PROBLEMS_SHOWN_MAX of them, in order."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"line {problem.line}: {problem.text}" for problem in problems))
        self.problems = problems


class AllowList:
    """The addresses of a parsed list."""

    __slots__ = ("_ends", "_starts", "entry_count")

    def __init__(self, networks: list[Network]) -> None:
        self.entry_count = len(networks)
        merged = [*_merged(networks, 4), *_merged(networks, 6)]
        # One line of numbers for both families: IPv6 addresses are lifted above all of IPv4.
        self._starts = [_number(int(network.network_address), network.version) for network in merged]
        self._ends = [_number(int(network.broadcast_address), network.version) for network in merged]

    def includes(self, address: str | None) -> bool:
        """Return whether an address, in canonical text, is on the list; an unknown one (None) never is."""
        if address is None:
            return False
        number = _number_of(address)
        index = bisect_right(self._starts, number) - 1
        return index >= 0 and number <= self._ends[index]


def parse_allow_list(text: str) -> AllowList:
    """Return what ``text`` allows. What follows a # is a comment. Raises AllowListInvalid, whose problems name the lines."""
    if len(text) > TEXT_LENGTH_MAX:
        raise AllowListInvalid([Problem(1, f"The list is longer than {TEXT_LENGTH_MAX // 1024} KiB: shorten it.")])
    networks: list[Network] = []
    problems: list[Problem] = []
    for line, entry in _entries(text):
        if len(networks) == ENTRIES_MAX:
            problems.append(Problem(line, f"There are more than {ENTRIES_MAX:,} entries: join neighbours into ranges."))
            break
        found = _network(entry)
        if isinstance(found, str):
            problems.append(Problem(line, found))
        else:
            networks.append(found)
    if problems:
        raise AllowListInvalid(problems[:PROBLEMS_SHOWN_MAX])
    return AllowList(networks)


@lru_cache(maxsize=_COMPILED_MAX)
def stored_allow_list(text: str) -> AllowList:
    """Return what a stored list allows. One that a later release cannot read allows nothing: it fails closed."""
    try:
        return parse_allow_list(text)
    except AllowListInvalid:
        return AllowList([])


def _entries(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.partition("#")[0].strip()
        if entry:
            yield number, entry


def _network(entry: str) -> Network | str:
    """Return the range, or what is wrong with it."""
    try:
        network = ip_network(entry, strict=False)
    except ValueError:
        return "This is neither an address nor a range, such as 203.0.113.7, 203.0.113.0/24 or 2001:db8::/48."
    address, _, length = entry.partition("/")
    if length and network.network_address != ip_address(address):
        return f"The range does not begin at this address: write {network} for the range or {address} for the address."
    if isinstance(network, IPv6Network) and network.subnet_of(_IPV4_MAPPED):
        return ip_network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
    return network


def _merged(networks: list[Network], version: int) -> list[Network]:
    """Return the ranges of one family, in order and without overlaps."""
    return list(collapse_addresses(network for network in networks if network.version == version))  # type: ignore[type-var] # one family


@lru_cache(maxsize=_ADDRESSES_MAX)
def _number_of(address: str) -> int:
    found = ip_address(address)
    return _number(int(found), found.version)


def _number(value: int, version: int) -> int:
    return value if version == 4 else value + (1 << 32)  # noqa: PLR2004 # the family
