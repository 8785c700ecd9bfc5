"""Where an address is: country, region, city, coordinates and time zone from the packaged city data."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from litesoc_server.events.event import Geo
from litesoc_server.pipeline.enrich.packed import Arrays, Packed, Progress
from litesoc_server.pipeline.enrich.ranges import RangeTable, unpack_ranges
from litesoc_server.pipeline.enrich.unpacked import Dataset, Unpacked, open_dataset

_PLACES_CACHED = 16_384  # of 160,477; about 5 MB when full
_NO_COUNTRY = "ZZ"  # user-assigned code of ISO 3166-1 that the data uses for "unknown"


def _unpack(packed: Packed) -> Arrays:
    return {
        **unpack_ranges(packed, value_section="loc"),
        **packed.lines("city"),
        **packed.lines("region"),
        **packed.lines("tz"),
        "place_region": packed.numbers("loc_region", 2, "u2"),
        "place_tz": packed.numbers("loc_tz", 2, "u2"),
        "place_latitude": packed.numbers("loc_lat", 2, "i2"),  # hundredths of a degree
        "place_longitude": packed.numbers("loc_lon", 2, "i2"),
    }


CITY_DATASET = Dataset(kind="city", suffix=".ipc.xz", magic=b"IPC1", unpack=_unpack)


class PlaceFinder:
    """The city data, open. Safe for any thread."""

    def __init__(self, opened: Unpacked) -> None:
        self.header = opened.header
        self._opened = opened
        self._ranges = RangeTable(opened.arrays)
        self._place = lru_cache(maxsize=_PLACES_CACHED)(self._read_place)

    @classmethod
    def open(cls, data_dir: Path, progress: Progress) -> "PlaceFinder":
        """Open the packaged data, unpacking it into ``data_dir`` first if need be. Raises IpDataError."""
        return cls(open_dataset(CITY_DATASET, data_dir, progress))

    def find(self, address: IPv4Address | IPv6Address) -> Geo | None:
        """Return the place of a global address, or None when the data has none. Equal places are one object."""
        number = self._ranges.value_at(address)
        return self._place(number - 1) if number else None

    def _read_place(self, row: int) -> Geo:
        opened = self._opened
        arrays = opened.arrays
        country, _, region = opened.line("region", int(arrays["place_region"][row])).partition("\t")
        return Geo(
            country_code=country if country != _NO_COUNTRY else None,
            region=region or None,
            city=opened.line("city", row) or None,
            latitude=int(arrays["place_latitude"][row]) / 100,
            longitude=int(arrays["place_longitude"][row]) / 100,
            time_zone=opened.line("tz", int(arrays["place_tz"][row])) or None,
        )
