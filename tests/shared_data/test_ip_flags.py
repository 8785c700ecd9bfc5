"""Flags of networks against lists that are not part of the product: how many are found, and how many are wrong."""

import csv
import random
import sys
from collections.abc import Callable, Iterable
from ipaddress import ip_network
from pathlib import Path

import pytest

from litesoc_server.events.event import Network, NetworkKind
from litesoc_server.pipeline.enrich.asn_classes import AsnClass, read_asn_classes
from litesoc_server.pipeline.enrich.enricher import Enricher

pytestmark = pytest.mark.shared_data

ANONYMOUS = (NetworkKind.TOR, NetworkKind.RELAY, NetworkKind.VPN, NetworkKind.PROXY)


@pytest.fixture(scope="module")
def enricher(tmp_path_factory: pytest.TempPathFactory) -> Enricher:
    return Enricher.open(tmp_path_factory.mktemp("data"))


def networks_of(enricher: Enricher, addresses: Iterable[str]) -> list[Network]:
    found = [enricher.locate(address)[1] for address in addresses]
    return [network for network in found if network is not None]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def one_address_in_each(networks: Iterable[str]) -> list[str]:
    chosen = random.Random(7)
    parsed = [ip_network(text.strip()) for text in networks if text.strip()]
    return [str(network.network_address + chosen.randrange(network.num_addresses)) for network in parsed]


def share(networks: list[Network], test: Callable[[Network], bool | None]) -> float:
    return sum(1 for network in networks if test(network)) / len(networks)


def report(what: str, **shares: float) -> None:
    sys.stdout.write(f"{what}: " + ", ".join(f"{name} {value:.1%}" for name, value in shares.items()) + "\n")


def test_well_known_addresses_have_the_flag_they_should_and_no_other(shared_data: Path, enricher: Enricher) -> None:
    wrong: list[tuple[str, str, Network | None]] = []
    for row in rows(shared_data / "ip" / "truth_ips.csv"):
        network = enricher.locate(row["ip"])[1]
        assert network is not None
        flags = {
            "hosting": network.is_datacenter,
            "tor": network.is_tor,
            "vpn": network.is_vpn,
            "mobile": network.is_mobile,
            "relay": network.is_relay,
            "proxy": network.is_proxy,
        }
        expected = row["expect"]
        too_many = [
            name for name, flag in flags.items() if flag and name != expected and not (name == "hosting" and expected)
        ]
        if too_many or (expected and not flags[expected]):
            wrong.append((row["ip"], row["what"], network))
    assert wrong == []


def test_tor_exits(shared_data: Path, enricher: Enricher) -> None:
    exits = (shared_data / "ip" / "tor_exits.txt").read_text().split()
    found = networks_of(enricher, exits)
    tor = share(found, lambda network: network.is_tor)
    report("Tor exits three months older than the packaged list", tor=tor)
    assert tor > 0.48


def test_vpn_networks(shared_data: Path, enricher: Enricher) -> None:
    networks = networks_of(enricher, one_address_in_each((shared_data / "ip" / "vpn_ranges.txt").read_text().split()))
    servers = networks_of(enricher, (row["ip"] for row in rows(shared_data / "ip" / "vpn_servers.csv")))
    for what, found, vpn_min, machine_min in (("VPN networks", networks, 0.78, 0.87), ("VPN servers", servers, 0.64, 0.75)):
        vpn = share(found, lambda network: network.is_vpn)
        machine = share(found, lambda network: network.is_vpn or network.is_datacenter)
        report(what, vpn=vpn, vpn_or_datacenter=machine)
        assert vpn > vpn_min
        assert machine > machine_min


def test_relay_networks(shared_data: Path, enricher: Enricher) -> None:
    found = networks_of(enricher, one_address_in_each((shared_data / "ip" / "relay_ranges.txt").read_text().split()))
    relay, vpn = share(found, lambda network: network.is_relay), share(found, lambda network: network.is_vpn)
    report("iCloud Private Relay", relay=relay, wrongly_vpn=vpn)
    assert relay > 0.98
    assert vpn < 0.001


def test_data_centres_and_clouds(shared_data: Path, enricher: Enricher) -> None:
    ranges = networks_of(enricher, one_address_in_each((shared_data / "ip" / "datacenter_ranges.txt").read_text().split()))
    clouds = networks_of(enricher, one_address_in_each(row["cidr"] for row in rows(shared_data / "ip" / "cloud_ranges.csv")))
    for what, found, least in (("data centre networks", ranges, 0.68), ("clouds", clouds, 0.97)):
        machine = share(found, lambda network: network.is_datacenter)
        report(what, datacenter=machine)
        assert machine > least


def test_classes_of_networks(shared_data: Path) -> None:
    ours = read_asn_classes()
    groups = {
        AsnClass.VPN: "vpn",
        AsnClass.VPN_HOSTING: "vpn",
        AsnClass.PROXY: "vpn",
        AsnClass.GATEWAY: "gateway",
        AsnClass.MOBILE: "mobile",
        AsnClass.MIXED: "isp",
        AsnClass.ISP: "isp",
        AsnClass.HOSTING: "hosting",
        AsnClass.HOSTING_BY_NAME: "hosting",
        AsnClass.SATELLITE: "satellite",
    }
    panel = {int(row["asn"]): row["flag"].replace("cdn", "hosting") for row in rows(shared_data / "ip" / "asn_flags.csv")}
    least = {"mobile": (0.66, 0.97), "gateway": (0.7, 0.8), "isp": (0.99, 0.4), "vpn": (0.74, 0.65), "hosting": (0.35, 0.97)}
    for flag, (recall_min, precision_min) in least.items():
        listed = {asn for asn, name in panel.items() if name == flag}
        claimed = {asn for asn in panel if asn in ours and groups[ours[asn].asn_class] == flag}
        recall, precision = len(listed & claimed) / len(listed), len(listed & claimed) / len(claimed)
        report(f"networks listed as {flag} ({len(listed)})", recall=recall, precision=precision)
        assert recall > recall_min
        assert precision > precision_min


def test_ordinary_addresses_are_seldom_called_anonymous(enricher: Enricher) -> None:
    """Random announced addresses: most are homes, offices and phones, so a large share would be wrong."""
    chosen = random.Random(11)
    found = networks_of(enricher, (f"{chosen.randrange(1, 224)}.{chosen.randrange(256)}.7.9" for _ in range(20_000)))
    announced = [network for network in found if network.asn is not None]
    anonymous = share(announced, lambda network: network.kind in ANONYMOUS)
    machine = share(announced, lambda network: network.is_datacenter)
    report("random announced addresses", anonymous=anonymous, datacenter=machine)
    assert anonymous < 0.01
    assert machine < 0.2
