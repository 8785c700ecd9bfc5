"""Place and network look-ups against the panels of well-known and of special addresses."""

import csv
import math
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from litesoc_server.pipeline.enrich.enricher import Enricher
from litesoc_server.special_addresses import plan_look_up

pytestmark = pytest.mark.shared_data

EARTH_RADIUS_KM = 6371.0088  # IUGG mean radius
DISTANCE_MAX_KM = 250.0  # the error radius that the travel detector grants to fixed IPv4 addresses
WITHIN_DISTANCE_SHARE_MIN = 0.95


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def distance_km(latitude_a: float, longitude_a: float, latitude_b: float, longitude_b: float) -> float:
    phi_a, phi_b = math.radians(latitude_a), math.radians(latitude_b)
    half_phi, half_lambda = (phi_b - phi_a) / 2, math.radians(longitude_b - longitude_a) / 2
    chord = math.sin(half_phi) ** 2 + math.cos(phi_a) * math.cos(phi_b) * math.sin(half_lambda) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(chord))


def test_special_addresses(shared_data: Path) -> None:
    panel = list(rows(shared_data / "ip" / "special_ips.csv"))
    wrong = []
    for row in panel:
        plan = plan_look_up(row["ip"])
        looked_up = str(plan.address) if row["lookup_as"] else ""
        if (plan.special or "global", looked_up) != (row["class"], row["lookup_as"]):
            wrong.append((row["ip"], plan))
    assert (len(panel), wrong) == (55, [])


def test_well_known_addresses(shared_data: Path, tmp_path: Path) -> None:
    enricher = Enricher.open(tmp_path)
    panel = list(rows(shared_data / "ip" / "truth_ips.csv"))
    wrong_country = []
    distances_km = {}
    for row in panel:
        geo, network = enricher.locate(row["ip"])
        assert network is not None
        if geo is None or geo.country_code not in row["countries"].split("|"):
            wrong_country.append((row["ip"], row["what"], geo))
        elif row["lat"] and geo.latitude is not None and geo.longitude is not None:
            distances_km[row["ip"]] = distance_km(float(row["lat"]), float(row["lon"]), geo.latitude, geo.longitude)
    near = [ip for ip, distance in distances_km.items() if distance <= DISTANCE_MAX_KM]
    sys.stdout.write(f"country: {len(panel) - len(wrong_country)}/{len(panel)}, place: {len(near)}/{len(distances_km)}\n")
    assert (len(panel), wrong_country) == (88, [])
    assert len(near) >= WITHIN_DISTANCE_SHARE_MIN * len(distances_km)
