"""Choose the cities and networks of the simulated world from the packaged IP data: atlas.json of the simulator.

    python docs/generate_atlas.py DATA_DIR FLAGS VPN_SERVERS RELAY_RANGES TOR_EXITS

DATA_DIR is where the packaged data is unpacked. FLAGS is a CSV of `asn,flag,…`; the three lists are those that `litesoc geo
update` downloads (`ip,provider` of VPN servers, ranges of iCloud Private Relay, addresses of Tor exits). The file is made
once and committed, so that a seed gives the same traffic whatever data a server has.
"""

import csv
import sys
from collections import defaultdict
from ipaddress import IPv4Address, ip_address, ip_network
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from litesoc_server.pipeline.enrich.asn import AsnFinder
from litesoc_server.pipeline.enrich.place import PlaceFinder

TARGET = Path(__file__).parent.parent / "src/litesoc_server/evaluation/simulator/atlas.json"
ISPS_PER_CITY = 4
MOBILE_PER_COUNTRY = 3
HOSTING_PER_CITY = 3
RANGES_PER_NETWORK = 3
RANGE_SIZE_MIN = 256  # addresses
VPN_ADDRESSES_MAX = 4  # per provider and city
TOR_EXITS = 80

# Large cities, several in large countries, by the names that DB-IP gives them.
CITIES = """
US New York|US Los Angeles
US Chicago|US Houston|US Seattle|US Miami|US Denver|US Atlanta|US Dallas|US Boston|US San Francisco
US Phoenix|US Minneapolis|CA Toronto|CA Vancouver|CA Montreal|CA Calgary|MX Mexico City|MX Guadalajara|MX Monterrey
BR São Paulo|BR Rio de Janeiro|BR Recife|BR Porto Alegre|AR Buenos Aires|AR Córdoba|CL Santiago|CO Bogotá|PE Lima
GB London|GB Manchester|GB Edinburgh|GB Birmingham|IE Dublin|FR Paris|FR Marseille|FR Toulouse|FR Lille|DE Berlin
DE Munich|DE Hamburg|DE Cologne|DE Frankfurt am Main|NL Amsterdam|BE Brussels|CH Zurich|AT Vienna|ES Madrid|ES Barcelona
ES Seville|PT Lisbon|IT Rome|IT Milan|IT Naples|IT Palermo|SE Stockholm|SE Malmo|SE Umeå|NO Oslo|NO Bergen|NO Tromsø
DK Copenhagen|FI Helsinki|FI Oulu|PL Warsaw|PL Gdańsk|CZ Prague|HU Budapest|RO Bucharest|GR Athens|UA Kyiv|UA Lviv
TR Istanbul|TR Ankara|IL Tel Aviv|EG Cairo|ZA Johannesburg|ZA Cape Town|NG Lagos|KE Nairobi|AE Dubai|SA Riyadh
IN Mumbai|IN New Delhi|IN Bengaluru|IN Chennai|IN Kolkata|PK Karachi|TH Bangkok|VN Hanoi|VN Ho Chi Minh City
SG Singapore|MY Kuala Lumpur|ID Jakarta|ID Surabaya|PH Manila|HK Hong Kong|TW Taipei|KR Seoul|KR Busan|JP Tokyo|JP Osaka
JP Sapporo|JP Fukuoka|AU Sydney|AU Melbourne|AU Perth|AU Brisbane|NZ Auckland|NZ Wellington|RU Moscow|RU Novosibirsk
CN Beijing|CN Shanghai|CN Guangzhou
"""
# No homes of ours: universities, exchanges and the like would be odd for a home line.
NOT_HOMES = (
    "universit",
    "college",
    "research",
    "ministry",
    "government",
    "bank",
    "institut",
    "school",
    "akadem",
    "army",
    "chase",
)


def main(  # noqa: C901 - one pass over the cities
    data_dir: Path, flags_path: Path, vpn_path: Path, relay_path: Path, tor_path: Path
) -> None:
    """Write the atlas."""
    places, networks = PlaceFinder.open(data_dir, lambda *_: None), AsnFinder.open(data_dir, lambda *_: None)
    flags: dict[int, str] = {}
    with flags_path.open(encoding="utf-8") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            flags.setdefault(int(row["asn"]), row["flag"])
    arrays = places._opened.arrays
    starts, values = arrays["v4_start"].astype(np.int64), arrays["v4_value"]
    sizes = np.diff(np.append(starts, 2**32))
    wanted = [(text[:2], text[3:]) for line in CITIES.split("\n") for text in line.split("|") if text]
    rows = _rows_of(places, wanted)
    cities: list[dict[str, Any]] = []
    nets: list[dict[str, Any]] = []
    mobile: dict[str, dict[int, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for country, name in wanted:
        if not (found := rows.get((country, name))):
            print("no such city in the data:", country, name, file=sys.stderr)
            continue
        place = places._place(found[0])
        index = len(cities)
        cities.append(
            {"name": name, "country": country, "region": place.region, "lat": place.latitude, "lon": place.longitude}
            | {"tz": place.time_zone}
        )
        by_asn: dict[int, list[tuple[int, int]]] = defaultdict(list)
        orgs: dict[int, str] = {}
        for at in np.flatnonzero(np.isin(values, np.array(found) + 1) & (sizes >= RANGE_SIZE_MIN)):
            network = networks.find(ip_address(int(starts[at])))
            if network is not None and network.asn is not None:
                by_asn[network.asn].append((int(sizes[at]), int(starts[at])))
                orgs[network.asn] = network.as_org or ""
        ranked = sorted(by_asn, key=lambda asn: -sum(size for size, _ in by_asn[asn]))
        taken = {"isp": 0, "hosting": 0}
        for asn in ranked:
            kind = flags.get(asn, "isp")
            if kind == "mobile":
                mobile[country][asn].extend((size, start, orgs[asn], index) for size, start in by_asn[asn])
            limit = {"isp": ISPS_PER_CITY, "hosting": HOSTING_PER_CITY}.get(kind, 0)
            if taken.get(kind, 0) >= limit or any(word in orgs[asn].lower() for word in NOT_HOMES):
                continue
            taken[kind] += 1
            nets.append(_net(kind, index, asn, orgs[asn], sorted(by_asn[asn], reverse=True)[:RANGES_PER_NETWORK]))
    for by_asn_of_country in mobile.values():
        ranked = sorted(by_asn_of_country, key=lambda asn: -sum(row[0] for row in by_asn_of_country[asn]))
        for asn in ranked[:MOBILE_PER_COUNTRY]:
            best = sorted(by_asn_of_country[asn], reverse=True)[:RANGES_PER_NETWORK]
            nets.append(_net("mobile", best[0][3], asn, best[0][2], [(size, start) for size, start, _, _ in best]))
    nets.extend(_listed(places, networks, cities, vpn_path, relay_path, tor_path))
    lines = [",\n".join(msgspec.json.encode(row).decode() for row in rows_of) for rows_of in (cities, nets)]
    TARGET.write_text('{"cities":[\n%s\n],"networks":[\n%s\n]}\n' % tuple(lines), encoding="utf-8")  # noqa: UP031
    print(len(cities), "cities", len(nets), "networks", TARGET.stat().st_size, "bytes")


def _rows_of(places: PlaceFinder, wanted: list[tuple[str, str]]) -> dict[tuple[str, str], list[int]]:
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    names = {name for _, name in wanted}
    for row in range(len(places._opened.arrays["place_latitude"])):
        city = places._opened.line("city", row)
        if city in names:
            rows[places._place(row).country_code or "", city].append(row)
    return rows


def _net(
    kind: str, city: int, asn: int, org: str, ranges: list[tuple[int, int]], provider: str | None = None
) -> dict[str, Any]:
    listed = [[str(ip_address(start)), size] for size, start in ranges]
    return {"kind": kind, "city": city, "asn": asn, "org": org, "provider": provider, "ranges": listed}


def _listed(  # noqa: C901 - three lists, one after the other
    places: PlaceFinder, networks: AsnFinder, cities: list[dict[str, Any]], vpn: Path, relay: Path, tor: Path
) -> list[dict[str, Any]]:
    """Return the networks that public lists name: VPN servers, relays and Tor exits, by the city they are nearest to."""
    found: dict[tuple[str, int, str], list[tuple[int, int]]] = defaultdict(list)

    def put(kind: str, text: str, provider: str, size: int) -> None:
        address = ip_address(text)
        place = places.find(address)
        if not isinstance(address, IPv4Address) or place is None:
            return
        same = [i for i, city in enumerate(cities) if city["country"] == place.country_code]
        if same:
            near = min(same, key=lambda i: abs(cities[i]["lat"] - place.latitude) + abs(cities[i]["lon"] - place.longitude))
            found[kind, near, provider].append((size, int(address)))

    with vpn.open() as file:
        for row in csv.DictReader(file):
            put("vpn", row["ip"], row["provider"], 1)
    for line in relay.read_text().split():
        network = ip_network(line)
        put("relay", str(network.network_address), "icloud", network.num_addresses)
    exits = [line for line in tor.read_text().split() if ":" not in line]
    for line in exits[:: max(1, len(exits) // TOR_EXITS)]:
        put("tor", line, "", 1)
    nets: list[dict[str, Any]] = []
    for (kind, city, provider), addresses in sorted(found.items()):
        step = max(1, len(addresses) // VPN_ADDRESSES_MAX)
        by_asn: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for size, start in sorted(addresses)[::step][:VPN_ADDRESSES_MAX]:
            network_of = networks.find(ip_address(start))
            if network_of is not None and network_of.asn is not None:
                by_asn[network_of.asn].append((size, start))
        for asn, listed in by_asn.items():
            org = networks.find(ip_address(listed[0][1]))
            nets.append(_net(kind, city, asn, (org.as_org if org else None) or "", listed, provider or None))
    return nets


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:6]))
