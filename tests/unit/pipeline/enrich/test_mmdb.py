"""MaxMind DB files that are damaged or say what cannot be: the record, or the file, is as if it were not there."""

from ipaddress import ip_address
from pathlib import Path

import pytest

from litesoc_server.pipeline.enrich.mmdb import MmdbPlaces
from litesoc_server.pipeline.enrich.packed import IpDataError
from mmdb_data import GEOLITE2_CITY, city_record, mmdb_bytes, write_mmdb

NETWORK, ADDRESS = "203.0.113.0/24", ip_address("203.0.113.7")


@pytest.mark.parametrize("built_at_s", [253_402_300_800, 2**62, 2**63 - 1])
def test_a_file_from_no_year_is_refused(tmp_path: Path, built_at_s: int) -> None:
    path = tmp_path / "own.mmdb"
    write_mmdb(path, GEOLITE2_CITY, {NETWORK: city_record("NO", "Oslo", 59.91, 10.75)}, built_at_s=built_at_s)
    with pytest.raises(IpDataError, match=r"own\.mmdb says that it was built in a year that no calendar has"):
        MmdbPlaces(path)


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(float("nan"), 10.75), (59.91, float("inf")), (1e308, 10.75), (59.91, -180.5)]
)
def test_a_place_that_is_not_on_earth_is_none(tmp_path: Path, latitude: float, longitude: float) -> None:
    path = tmp_path / "own.mmdb"
    write_mmdb(path, GEOLITE2_CITY, {NETWORK: city_record("NO", "Oslo", latitude, longitude)})
    assert MmdbPlaces(path).find(ADDRESS) is None


def test_a_text_that_is_not_utf8_costs_its_record_only(tmp_path: Path) -> None:
    path = tmp_path / "own.mmdb"
    records = {NETWORK: city_record("NO", "Oslo", 59.91, 10.75), "198.51.100.0/24": city_record("NO", "Moss", 59.43, 10.66)}
    path.write_bytes(mmdb_bytes(GEOLITE2_CITY, records).replace(b"Oslo", b"O\xff\xfeo"))
    places = MmdbPlaces(path)
    assert places.find(ADDRESS) is None
    moss = places.find(ip_address("198.51.100.7"))
    assert moss is not None
    assert moss.city == "Moss"
