"""The ladder from evidence to the kind of a network and its flags."""

import pytest

from litesoc_server.events.event import Network, NetworkKind
from litesoc_server.pipeline.enrich.asn_classes import AsnClass, AsnEntry
from litesoc_server.pipeline.enrich.ladder import CLASS_CONFIDENCE, LISTED_CONFIDENCE, judge
from litesoc_server.pipeline.enrich.listed import Listing
from litesoc_server.pipeline.enrich.range_list import Label

ALL = frozenset(LISTED_CONFIDENCE)
NETWORK = Network(asn=64500, as_org="Example")


def judged(
    *kinds: NetworkKind, asn_class: AsnClass | None = None, known: frozenset[NetworkKind] = ALL, has_classes: bool = True
) -> Network:
    listings = tuple(Listing(Label(kind, f"a {kind}"), "test") for kind in kinds)
    entry = AsnEntry(asn_class, "an operator", "Example") if asn_class is not None else None
    return judge(NETWORK, listings, entry, known, has_classes=has_classes)


@pytest.mark.parametrize(
    ("listed", "asn_class", "expected"),
    [
        ((NetworkKind.HOSTING, NetworkKind.VPN, NetworkKind.RELAY, NetworkKind.TOR), AsnClass.VPN, NetworkKind.TOR),
        ((NetworkKind.HOSTING, NetworkKind.VPN, NetworkKind.RELAY), AsnClass.VPN, NetworkKind.RELAY),
        ((NetworkKind.HOSTING, NetworkKind.VPN), AsnClass.GATEWAY, NetworkKind.VPN),
        ((NetworkKind.HOSTING,), AsnClass.VPN, NetworkKind.VPN),
        ((NetworkKind.HOSTING,), AsnClass.VPN_HOSTING, NetworkKind.VPN),
        ((NetworkKind.HOSTING, NetworkKind.PROXY), AsnClass.GATEWAY, NetworkKind.PROXY),
        ((NetworkKind.HOSTING,), AsnClass.GATEWAY, NetworkKind.GATEWAY),
        ((NetworkKind.HOSTING,), AsnClass.SATELLITE, NetworkKind.SATELLITE),
        ((NetworkKind.HOSTING,), AsnClass.MOBILE, NetworkKind.MOBILE),
        ((NetworkKind.HOSTING,), AsnClass.MIXED, NetworkKind.ISP),
        ((NetworkKind.HOSTING,), AsnClass.ISP, NetworkKind.ISP),
        ((NetworkKind.HOSTING,), None, NetworkKind.HOSTING),
        ((), AsnClass.HOSTING_BY_NAME, NetworkKind.HOSTING),
        ((), None, None),
    ],
)
def test_the_first_rung_that_fits_is_the_kind(
    listed: tuple[NetworkKind, ...], asn_class: AsnClass | None, expected: NetworkKind | None
) -> None:
    assert judged(*listed, asn_class=asn_class).kind is expected


def test_an_address_on_no_list_has_every_flag_false() -> None:
    assert judged() == Network(64500, "Example", None, False, False, False, False, False, False)


def test_without_any_data_nothing_is_claimed() -> None:
    assert judged(known=frozenset(), has_classes=False) == NETWORK


def test_a_flag_whose_list_is_missing_stays_unknown() -> None:
    network = judged(known=ALL - {NetworkKind.TOR, NetworkKind.RELAY})
    assert (network.is_tor, network.is_relay, network.is_vpn) == (None, None, False)


def test_a_relay_is_no_vpn_and_no_machine_even_where_other_lists_have_it_too() -> None:
    network = judged(NetworkKind.HOSTING, NetworkKind.VPN, NetworkKind.RELAY)
    assert (network.is_relay, network.is_vpn, network.is_datacenter) == (True, False, False)


def test_people_behind_a_gateway_are_not_machines() -> None:
    assert judged(NetworkKind.HOSTING, asn_class=AsnClass.GATEWAY).is_datacenter is False


def test_flags_add_up_below_the_kind() -> None:
    network = judged(NetworkKind.TOR, NetworkKind.HOSTING, asn_class=AsnClass.VPN)
    assert (network.is_tor, network.is_vpn, network.is_datacenter) == (True, True, True)


@pytest.mark.parametrize(
    ("asn_class", "expected"), [(AsnClass.MOBILE, True), (AsnClass.ISP, False), (AsnClass.MIXED, None), (None, False)]
)
def test_whether_a_line_is_mobile_is_unknown_where_the_operator_has_both(
    asn_class: AsnClass | None, expected: bool | None
) -> None:
    assert judged(asn_class=asn_class).is_mobile is expected


def test_confidence_and_provider_come_from_the_evidence_for_the_kind() -> None:
    both = judged(NetworkKind.VPN, asn_class=AsnClass.VPN_HOSTING)
    assert (both.confidence, both.provider) == (LISTED_CONFIDENCE[NetworkKind.VPN], "a vpn")
    alone = judged(NetworkKind.HOSTING, asn_class=AsnClass.VPN_HOSTING)
    assert (alone.confidence, alone.provider) == (CLASS_CONFIDENCE[AsnClass.VPN_HOSTING], "an operator")


def test_every_kind_of_evidence_has_a_confidence() -> None:
    assert set(CLASS_CONFIDENCE) == set(AsnClass)
    assert all(0 < value < 1 for value in (*CLASS_CONFIDENCE.values(), *LISTED_CONFIDENCE.values()))
