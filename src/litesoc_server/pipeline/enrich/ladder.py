"""What kind of network an address is in and how sure we are: the ladder from the lists and the operator's class to flags.

special -> tor -> relay -> vpn -> proxy -> gateway -> satellite -> mobile or isp -> hosting; the first rung that fits is the
kind. Flags are independent of it: a VPN's server in a data centre has both. docs/decisions/0016 says why each rung is there.
"""

from collections.abc import Sequence

import msgspec

from litesoc_server.events.event import Network, NetworkKind
from litesoc_server.pipeline.enrich.asn_classes import AsnClass, AsnEntry
from litesoc_server.pipeline.enrich.listed import Listing

# How far each kind of evidence can be believed, 0 to 1. The order matters more than the digits. What they rest on:
# tests/shared_data/test_ip_flags.py measures each against independent lists.
LISTED_CONFIDENCE = {
    NetworkKind.TOR: 0.95,  # the network publishes its exits; they change within hours
    NetworkKind.RELAY: 0.95,  # published by the operator
    NetworkKind.VPN: 0.85,
    NetworkKind.PROXY: 0.7,
    NetworkKind.HOSTING: 0.9,  # published by the clouds themselves for the most part
}
CLASS_CONFIDENCE = {
    AsnClass.GATEWAY: 0.8,
    AsnClass.VPN: 0.85,
    AsnClass.VPN_HOSTING: 0.5,  # ordinary servers are among them
    AsnClass.PROXY: 0.7,
    AsnClass.SATELLITE: 0.9,
    AsnClass.MOBILE: 0.8,
    AsnClass.MIXED: 0.7,
    AsnClass.ISP: 0.8,
    AsnClass.HOSTING: 0.8,
    AsnClass.HOSTING_BY_NAME: 0.6,
}
_LADDER = tuple(NetworkKind)  # in the order of the rungs
_KIND_OF_CLASS = {
    AsnClass.GATEWAY: NetworkKind.GATEWAY,
    AsnClass.VPN: NetworkKind.VPN,
    AsnClass.VPN_HOSTING: NetworkKind.VPN,
    AsnClass.PROXY: NetworkKind.PROXY,
    AsnClass.SATELLITE: NetworkKind.SATELLITE,
    AsnClass.MOBILE: NetworkKind.MOBILE,
    AsnClass.MIXED: NetworkKind.ISP,
    AsnClass.ISP: NetworkKind.ISP,
    AsnClass.HOSTING: NetworkKind.HOSTING,
    AsnClass.HOSTING_BY_NAME: NetworkKind.HOSTING,
}
_DATACENTER_CLASSES = frozenset(
    {AsnClass.VPN, AsnClass.VPN_HOSTING, AsnClass.PROXY, AsnClass.HOSTING, AsnClass.HOSTING_BY_NAME}
)
_PEOPLE_BEHIND = frozenset({NetworkKind.RELAY, NetworkKind.GATEWAY})


class _Evidence(msgspec.Struct, frozen=True):
    kind: NetworkKind
    confidence: float
    provider: str | None


def judge(
    network: Network,
    listings: Sequence[Listing],
    entry: AsnEntry | None,
    known_kinds: frozenset[NetworkKind],
    *,
    has_classes: bool,
) -> Network:
    """Return ``network`` with kind, confidence, provider and flags.

    A flag is True when a list or the operator's class (``entry``) says so, False when the data that would say so is there
    (``known_kinds`` of the lists; ``has_classes``) and does not, None otherwise.
    """
    evidence = [
        _Evidence(listing.label.kind, LISTED_CONFIDENCE[listing.label.kind], listing.label.provider) for listing in listings
    ]
    if entry is not None:
        evidence.append(_Evidence(_KIND_OF_CLASS[entry.asn_class], CLASS_CONFIDENCE[entry.asn_class], entry.provider))
    kinds = {each.kind for each in evidence}
    kind = min(kinds, key=_LADDER.index, default=None)
    of_kind = [each for each in evidence if each.kind is kind]

    def flag(kind: NetworkKind, *, by_class: bool) -> bool | None:
        if kind in kinds:
            return True
        return False if kind in known_kinds or (by_class and has_classes) else None

    return msgspec.structs.replace(
        network,
        kind=kind,
        confidence=max((each.confidence for each in of_kind), default=None),
        provider=next((each.provider for each in of_kind if each.provider is not None), None),
        is_tor=flag(NetworkKind.TOR, by_class=False),
        is_relay=flag(NetworkKind.RELAY, by_class=False),
        # Lists of VPN networks often have relays in them.
        is_vpn=False if kind is NetworkKind.RELAY else flag(NetworkKind.VPN, by_class=True),
        is_proxy=flag(NetworkKind.PROXY, by_class=True),
        is_mobile=_is_mobile(entry, has_classes=has_classes),
        is_datacenter=_is_datacenter(kind, kinds, entry, is_known=has_classes or NetworkKind.HOSTING in known_kinds),
    )


def _is_mobile(entry: AsnEntry | None, *, has_classes: bool) -> bool | None:
    if not has_classes or (entry is not None and entry.asn_class is AsnClass.MIXED):
        return None  # the operator has both, and the number does not tell which line this is
    return entry is not None and entry.asn_class is AsnClass.MOBILE


def _is_datacenter(
    kind: NetworkKind | None, kinds: set[NetworkKind], entry: AsnEntry | None, *, is_known: bool
) -> bool | None:
    """Relays and gateways stand in data centres too, but there are people at home or in an office behind them."""
    if kind in _PEOPLE_BEHIND:
        return False
    if NetworkKind.HOSTING in kinds or (entry is not None and entry.asn_class in _DATACENTER_CLASSES):
        return True
    return False if is_known else None
