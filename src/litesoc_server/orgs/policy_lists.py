"""The lists of a policy: what each may hold, how much of it, and the canonical form of an entry."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

import msgspec

from litesoc_server.events.detection import AlertSeverity
from litesoc_server.orgs.countries import COUNTRY_CODES
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.pipeline.normalise.text import clean_text

DETECTOR_IDS = frozenset(detector.id for detector in DETECTORS)
ASN_MAX = 2**32 - 1  # RFC 6793
ACTOR_LENGTH_MAX = 255  # characters; events hold no longer ids
USER_AGENT_LENGTH_MIN, USER_AGENT_LENGTH_MAX = 4, 1024  # characters; a shorter beginning would let everybody pass
# What all browsers begin with, and programs that pose as one
# (https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/User-Agent).
EVERY_BROWSER = "Mozilla/5.0 ("
# A wider range would let a good part of the internet pass: in IPv6 a whole registry holds a /12
# (https://www.iana.org/assignments/ipv6-unicast-address-assignments). Private ranges (fc00::/7) may be as wide as they are.
PREFIX_MIN = {4: 8, 6: 16}

SHOWN_LENGTH_MAX = 80  # characters of a refused value that are shown to the one who sent it


class ValueRefused(Exception):
    """A value cannot be taken; the text names it and the fix."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def shown(value: object) -> str:
    """Return a value as it was sent, short enough for a message."""
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= SHOWN_LENGTH_MAX else f"{text[:SHOWN_LENGTH_MAX]}…"


@dataclass(frozen=True, kw_only=True)
class ListRule:
    """What a list, or a mapping from detectors to values, may hold."""

    what: str  # as the end of a sentence: "a list of …"
    description: str
    length_max: int  # entries
    entry: Callable[[object], Any]  # entry as sent -> canonical; raises ValueRefused
    is_mapping: bool = False  # then an entry is a pair

    def canonical(self, value: object) -> object:
        """Return ``value`` with every entry in canonical form and none twice. Raises ValueRefused."""
        entries = self._entries(value)
        if len(entries) > self.length_max:
            msg = f"may have at most {self.length_max:,} entries; {len(entries):,} were sent"
            raise ValueRefused(msg)
        return self._together([self.entry(entry) for entry in entries])

    def canonical_part(self, value: object) -> object:
        """Return the same without the entries that cannot be taken. Raises ValueRefused when ``value`` is no list at all."""
        kept = []
        for entry in self._entries(value)[: self.length_max]:
            try:
                kept.append(self.entry(entry))
            except ValueRefused:
                continue
        return self._together(kept)

    def _entries(self, value: object) -> list[object]:
        if self.is_mapping and isinstance(value, dict):
            return list(value.items())
        if not self.is_mapping and isinstance(value, list):
            return value
        msg = f"must be {self.what}"
        raise ValueRefused(msg)

    def _together(self, entries: list[Any]) -> object:
        return dict(entries) if self.is_mapping else list(dict.fromkeys(entries))


def address_range(entry: object) -> str:
    """Return an address or a CIDR range in canonical text. Raises ValueRefused."""
    text = _text(entry, "an address or a CIDR range such as 203.0.113.0/24").strip()
    try:
        network = ip_network(text, strict=False)
        address = ip_address(text.partition("/")[0])
    except ValueError:
        msg = f"holds {shown(text)}, which is no address and no CIDR range such as 203.0.113.0/24"
        raise ValueRefused(msg) from None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        msg = f"holds {shown(text)}: write it as the IPv4 address {address.ipv4_mapped}"
        raise ValueRefused(msg)
    if network.prefixlen < PREFIX_MIN[network.version] and not network.is_private:
        least = PREFIX_MIN[network.version]
        msg = f"holds {shown(text)}, which is too wide: a range must be /{least} or narrower"
        raise ValueRefused(msg)
    if network.prefixlen == network.max_prefixlen:
        return str(address)
    if address != network.network_address:
        msg = f"holds {shown(text)}, which begins inside the range: write {network} or a single address"
        raise ValueRefused(msg)
    return str(network)


def detector_id(entry: object) -> str:
    """Return a detector's id. Raises ValueRefused with the nearest ones."""
    text = _text(entry, "the id of a detector").strip()
    if text in DETECTOR_IDS:
        return text
    near = difflib.get_close_matches(text, sorted(DETECTOR_IDS), n=3, cutoff=0.5)
    fix = f"did you mean {' or '.join(near)}?" if near else "`litesoc detectors` and GET /detectors list them"
    msg = f"names {shown(text)}, which is no detector: {fix}"
    raise ValueRefused(msg)


def actor_id(entry: object) -> str:
    """Return an actor's id as events have it. Raises ValueRefused."""
    text = clean_text(_text(entry, "the id of an actor"))
    if not text.strip() or len(text) > ACTOR_LENGTH_MAX:
        msg = f"must hold ids of 1 to {ACTOR_LENGTH_MAX} characters"
        raise ValueRefused(msg)
    return text


def _asn(entry: object) -> int:
    if isinstance(entry, bool) or not isinstance(entry, int) or not 1 <= entry <= ASN_MAX:
        msg = f"holds {shown(entry)}; a network is a number from 1 to {ASN_MAX:,}, without AS in front"
        raise ValueRefused(msg)
    return entry


def _user_agent(entry: object) -> str:
    text = clean_text(_text(entry, "the beginning of a user agent"))
    if not USER_AGENT_LENGTH_MIN <= len(text) <= USER_AGENT_LENGTH_MAX:
        limits = f"{USER_AGENT_LENGTH_MIN} to {USER_AGENT_LENGTH_MAX:,}"
        msg = f"must hold beginnings of user agents of {limits} characters; {shown(text)} was sent"
        raise ValueRefused(msg)
    if EVERY_BROWSER.startswith(text):
        msg = f"holds {shown(text)}, which every browser begins with: write more of it, or the name of your program"
        raise ValueRefused(msg)
    return text


def _country(entry: object) -> str:
    text = _text(entry, "a country code such as NO").strip().upper()
    if text not in COUNTRY_CODES:
        msg = f"holds {shown(text)}, which is no country code of ISO 3166-1 with two letters, such as NO"
        raise ValueRefused(msg)
    return text


def _severity_of_detector(entry: object) -> tuple[str, str]:
    assert isinstance(entry, tuple)  # an item of a dict
    name, severity = entry
    if severity not in list(AlertSeverity):
        choices = ", ".join(AlertSeverity)
        msg = f"gives {shown(name)} the severity {shown(severity)}; it must be one of {choices}"
        raise ValueRefused(msg)
    return detector_id(name), str(severity)


def _text(entry: object, what: str) -> str:
    if not isinstance(entry, str):
        msg = f"holds {shown(entry)}; an entry must be a text: {what}"
        raise ValueRefused(msg)
    return entry


LISTS: Mapping[str, ListRule] = {
    "muted_detectors": ListRule(
        what="a list of detectors' ids",
        description="Detectors that are off.",
        length_max=200,
        entry=detector_id,
    ),
    "severities": ListRule(
        what='an object from detectors\' ids to severities, e.g. {"brute_force_address": "low"}',
        description="The severity that a detector's alerts get instead of its own.",
        length_max=200,
        entry=_severity_of_detector,
        is_mapping=True,
    ),
    # Every event is held against each range, so their number costs time.
    "allowed_addresses": ListRule(
        what="a list of addresses and CIDR ranges",
        description="Addresses and CIDR ranges whose events no detector looks at.",
        length_max=200,
        entry=address_range,
    ),
    "allowed_asns": ListRule(
        what="a list of network numbers (ASN)",
        description="Networks (ASN) whose events no detector looks at.",
        length_max=1_000,
        entry=_asn,
    ),
    "allowed_actors": ListRule(
        what="a list of actors' ids",
        description="Actors whose events no detector looks at.",
        length_max=1_000,
        entry=actor_id,
    ),
    "allowed_user_agents": ListRule(
        what="a list of beginnings of user agents",
        description="Beginnings of user agents whose events no detector looks at.",
        length_max=100,
        entry=_user_agent,
    ),
    "blocked_countries": ListRule(
        what="a list of country codes (ISO 3166-1, two letters)",
        description="Countries from which a login is always reported.",
        length_max=250,
        entry=_country,
    ),
}
