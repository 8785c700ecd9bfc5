"""Sorted address ranges with one number each, for IPv4 and IPv6: the part that both data sets share."""

from ipaddress import IPv4Address, IPv6Address

import numpy as np

from litesoc_server.pipeline.enrich.packed import Arrays, Packed

_HOST_BITS = 64  # IPv6 ranges are cut at /64


def unpack_ranges(packed: Packed, *, value_section: str) -> Arrays:
    """Return starts and values of the ranges; the values are in ``v4_<value_section>`` and ``v6_<value_section>``."""
    return {
        "v4_start": np.cumsum(packed.numbers("v4_delta", 4, "u4"), dtype="<u4"),
        "v4_value": packed.numbers(f"v4_{value_section}", 3, "u4"),
        "v6_start": np.cumsum(packed.numbers("v6_delta", 8, "u8"), dtype="<u8"),
        "v6_value": packed.numbers(f"v6_{value_section}", 3, "u4"),
    }


class RangeTable:
    """Finds the range an address is in. A range ends where the next one begins."""

    def __init__(self, arrays: Arrays) -> None:
        self._v4_start, self._v4_value = arrays["v4_start"], arrays["v4_value"]
        self._v6_start, self._v6_value = arrays["v6_start"], arrays["v6_value"]

    def value_at(self, address: IPv4Address | IPv6Address) -> int:
        """Return the number of the range that ``address`` is in; 0 means that nothing is known about it."""
        # The type of the needle must be the column's: with a plain int numpy converts the whole column first.
        if isinstance(address, IPv4Address):
            position = self._v4_start.searchsorted(np.uint32(int(address)), "right")
            return int(self._v4_value[position - 1]) if position else 0
        position = self._v6_start.searchsorted(np.uint64(int(address) >> _HOST_BITS), "right")
        return int(self._v6_value[position - 1]) if position else 0
