"""What kind of network an address is in, from the lists of ranges and the classes of networks together."""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

from litesoc_server.events.event import Network
from litesoc_server.pipeline.enrich.asn_classes import AsnEntry
from litesoc_server.pipeline.enrich.ladder import judge
from litesoc_server.pipeline.enrich.listed import ListedRanges, Listing

_JUDGEMENTS_CACHED = 16_384  # different networks with what is listed in them; about 6 MB when full


class NetworkJudge:
    """The lists and the classes, loaded. Immutable but for its cache; safe for any thread."""

    def __init__(self, listed: ListedRanges, classes: Mapping[int, AsnEntry]) -> None:
        self._listed = listed
        self._classes = classes
        self._judge = lru_cache(maxsize=_JUDGEMENTS_CACHED)(self._judge_anew)

    def judge(self, address: IPv4Address | IPv6Address, network: Network) -> Network:
        """Return ``network`` (AS number and organisation of a global address) with kind and flags."""
        return self._judge(network, self._listed.find(address), address.version)

    def _judge_anew(self, network: Network, listings: tuple[Listing, ...], version: int) -> Network:
        entry = self._classes.get(network.asn) if network.asn is not None else None
        return judge(network, listings, entry, self._listed.known_kinds(version), has_classes=bool(self._classes))
