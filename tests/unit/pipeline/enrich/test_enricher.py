"""The enricher on the data in the package."""

from datetime import date
from pathlib import Path

import msgspec
import pytest

from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Device, Event, Geo, Network, NetworkKind, Severity
from litesoc_server.events.ids import EventId, OrgId
from litesoc_server.pipeline.enrich.enricher import Enricher
from unpacked_ip_data import unpacked_ip_data

EVENT = Event(
    event_id=EventId("018bcfe5-6800-7bbf-9361-026e931ddb0c"),
    org_id=OrgId("0b9f6f0e-6b0f-4d5e-8b53-6f1d5f3f9a01"),
    environment=Environment.LIVE,
    key_id="7",
    source="collect",
    occurred_at_ms=1,
    received_at_ms=1,
    name="auth.login_success",
    category="auth",
    severity=Severity.INFO,
    actor=None,
    user_ip=None,
    server_ip=None,
    metadata=msgspec.Raw(b"{}"),
)
MIT = (
    Geo("US", "Massachusetts", "Cambridge", 42.36, -71.09, "America/New_York"),
    Network(3, "Massachusetts Institute of Technology", None, False, False, False, False, False, False),
)


@pytest.fixture(scope="module")
def enricher() -> Enricher:
    return Enricher.open(unpacked_ip_data())


@pytest.mark.parametrize("address", ["18.9.22.169", "::ffff:18.9.22.169", "64:ff9b::18.9.22.169", "2002:1209:16a9::1"])
def test_place_and_network_of_an_address_however_it_is_wrapped(enricher: Enricher, address: str) -> None:
    event = enricher.enrich(msgspec.structs.replace(EVENT, user_ip=address))
    assert (event.geo, event.network) == MIT
    assert event == msgspec.structs.replace(EVENT, user_ip=address, geo=MIT[0], network=MIT[1])


@pytest.mark.parametrize(
    ("address", "special"), [("10.1.2.3", "private"), ("203.0.113.9", "documentation"), ("::1", "loopback")]
)
def test_special_ranges_have_a_class_and_no_place(enricher: Enricher, address: str, special: str) -> None:
    assert enricher.locate(address) == (None, Network(special=special))


@pytest.mark.parametrize("address", [None, "", "unknown", "[REDACTED]"])
def test_without_an_address_nothing_is_known(enricher: Enricher, address: str | None) -> None:
    assert enricher.locate(address) == (None, None)


def test_an_address_that_nobody_announces_is_on_no_list(enricher: Enricher) -> None:
    unannounced = Network(
        None, None, None, is_vpn=False, is_proxy=False, is_relay=False, is_datacenter=False, is_mobile=False
    )
    assert enricher.locate("2d00::1")[1] == unannounced  # is_tor stays unknown: the packaged list has no IPv6 exits


def test_a_cloud_is_told_with_its_name(enricher: Enricher) -> None:
    network = enricher.locate("3.120.0.1")[1]
    assert network is not None
    assert (network.kind, network.provider, network.is_datacenter) == (NetworkKind.HOSTING, "Amazon AWS", True)


def test_equal_networks_are_one_object(enricher: Enricher) -> None:
    assert enricher.locate("18.9.22.169")[1] is enricher.locate("18.9.22.170")[1]


def test_the_device_is_read_from_the_user_agent(enricher: Enricher) -> None:
    event = enricher.enrich(msgspec.structs.replace(EVENT, device=Device("curl/8.5.0")))
    assert event.device == Device("curl/8.5.0", "curl", "8")
    assert enricher.enrich(EVENT) == EVENT


def test_a_second_start_opens_what_the_first_unpacked(tmp_path: Path) -> None:
    shares: list[tuple[str, float]] = []
    Enricher.open(tmp_path, lambda kind, share: shares.append((kind, share)))
    assert [shares[0][0], shares[-1]] == ["city", ("asn", 1.0)]
    shares.clear()
    assert Enricher.open(tmp_path, lambda kind, share: shares.append((kind, share))).locate("18.9.22.169") == MIT
    assert shares == []


def test_the_age_of_the_data_is_told(enricher: Enricher) -> None:
    city, asn, ranges = enricher.state().infos
    assert (city.kind, city.data_date, city.ranges_count) == ("city", date(2026, 9, 1), 7_288_384)
    assert (asn.kind, asn.data_date, asn.ranges_count) == ("asn", date(2026, 9, 16), 661_611)
    assert (ranges.kind, ranges.source, ranges.licence) == ("ranges", "iporigin", "MIT")
    assert city.age_days(date(2026, 10, 1)) == 30
    assert enricher.state().problems == ()
