"""Which network announces an address: AS number and organisation from the packaged origin data."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from litesoc_server.events.event import Network
from litesoc_server.pipeline.enrich.packed import Arrays, Packed, Progress
from litesoc_server.pipeline.enrich.ranges import RangeTable, unpack_ranges
from litesoc_server.pipeline.enrich.unpacked import Dataset, Unpacked, open_dataset

_NETWORKS_CACHED = 16_384  # of 95,762; about 4 MB when full


def _unpack(packed: Packed) -> Arrays:
    return {
        **unpack_ranges(packed, value_section="asn"),
        **packed.lines("org"),
        "asn": packed.numbers("asn", 4, "u4"),
    }


ASN_DATASET = Dataset(kind="asn", suffix=".ipa.xz", magic=b"IPA1", unpack=_unpack)


class AsnFinder:
    """The origin data, open. Safe for any thread."""

    def __init__(self, opened: Unpacked) -> None:
        self.header = opened.header
        self._opened = opened
        self._ranges = RangeTable(opened.arrays)
        self._network = lru_cache(maxsize=_NETWORKS_CACHED)(self._read_network)

    @classmethod
    def open(cls, data_dir: Path, progress: Progress) -> "AsnFinder":
        """Open the packaged data, unpacking it into ``data_dir`` first if need be. Raises IpDataError."""
        return cls(open_dataset(ASN_DATASET, data_dir, progress))

    def find(self, address: IPv4Address | IPv6Address) -> Network | None:
        """Return the network that announces a global address, or None when nobody does. Equal networks are one object."""
        row = self._ranges.value_at(address)
        return self._network(row) if row else None

    def _read_network(self, row: int) -> Network:
        return Network(asn=int(self._opened.arrays["asn"][row]), as_org=self._opened.line("org", row) or None)
