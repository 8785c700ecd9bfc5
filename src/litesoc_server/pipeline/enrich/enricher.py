"""Adds to an event what can be looked up: place and network of its address, browser and system of its user agent."""

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Self

import msgspec

from litesoc_server.events.event import Device, Event, Geo, Network
from litesoc_server.pipeline.enrich import iporigin_table
from litesoc_server.pipeline.enrich.asn import ASN_DATASET, AsnFinder
from litesoc_server.pipeline.enrich.asn_classes import read_asn_classes
from litesoc_server.pipeline.enrich.listed import ListedRanges, NamedList
from litesoc_server.pipeline.enrich.network_judge import NetworkJudge
from litesoc_server.pipeline.enrich.packed import Header, Progress
from litesoc_server.pipeline.enrich.place import CITY_DATASET, PlaceFinder
from litesoc_server.pipeline.enrich.special import plan_look_up
from litesoc_server.pipeline.enrich.user_agent import UserAgentReader

_ADDRESSES_CACHED = 65_536  # about 16 MB when full; a hit takes 0.1 µs, a miss 10
_DEVICES_CACHED = 8_192  # different user agents; about 8 MB when full


class DatasetAge(msgspec.Struct, frozen=True):
    """What an operator wants to know about one data set."""

    kind: str  # "city" or "asn"
    source: str
    licence: str
    data_date: date
    ranges_count: int  # IPv4 and IPv6 together

    def age_days(self, today: date) -> int:
        """How many days the data lies behind ``today``."""
        return (today - self.data_date).days


class Enricher:
    """Every look-up with its cache. Bounded in memory; safe for the pipeline's thread and occasional others."""

    def __init__(self, places: PlaceFinder, networks: AsnFinder, judge: NetworkJudge, user_agents: UserAgentReader) -> None:
        self._places = places
        self._networks = networks
        self._judge = judge
        self._locate = lru_cache(maxsize=_ADDRESSES_CACHED)(self._look_up)
        self._read_device = lru_cache(maxsize=_DEVICES_CACHED)(user_agents.read)

    @classmethod
    def open(cls, data_dir: Path, progress: Progress | None = None) -> Self:
        """Open the packaged data; the first time in a data directory it is unpacked there, with ``progress`` called.

        Raises IpDataError, whose text says the fix.
        """
        report = progress or _ignore_progress
        table = iporigin_table.read_iporigin()
        judge = NetworkJudge(ListedRanges([NamedList(iporigin_table.SOURCE, table.ranges)]), read_asn_classes())
        return cls(PlaceFinder.open(data_dir, report), AsnFinder.open(data_dir, report), judge, UserAgentReader())

    def enrich(self, event: Event) -> Event:
        """Return the event with place, network and device filled in, as far as they are known.

        An address in a special-purpose range gets its class and is not looked up.
        """
        geo, network = self.locate(event.user_ip)
        device = event.device
        if device is not None and device.user_agent is not None:
            read = self._read_device(device.user_agent)
            device = read if device.id is None else msgspec.structs.replace(read, id=device.id)
        return msgspec.structs.replace(event, geo=geo, network=network, device=device)

    def locate(self, address: str | None) -> tuple[Geo | None, Network | None]:
        """Return place and network of an address in text form; nothing for None and for texts that are no address."""
        return self._locate(address) if address is not None else (None, None)

    def read_device(self, user_agent: str) -> Device:
        """Return what a user agent says about the device."""
        return self._read_device(user_agent)

    def data_age(self) -> tuple[DatasetAge, ...]:
        """Describe the open data sets."""
        return (
            _age("city", self._places.header),
            _age("asn", self._networks.header),
        )

    def _look_up(self, address: str) -> tuple[Geo | None, Network | None]:
        try:
            plan = plan_look_up(address)
        except ValueError:
            return None, None
        if plan.special is not None:
            return None, Network(special=plan.special)
        network = self._networks.find(plan.address) or Network()
        return self._places.find(plan.address), self._judge.judge(plan.address, network)


def packaged_data_age() -> tuple[DatasetAge, ...]:
    """Describe the data sets in the package without unpacking them. Raises IpDataError."""
    return tuple(_age(dataset.kind, dataset.read_header()) for dataset in (CITY_DATASET, ASN_DATASET))


def _age(kind: str, header: Header) -> DatasetAge:
    return DatasetAge(kind, header.source, header.licence, header.data_date, header.n4 + header.n6)


def _ignore_progress(kind: str, share: float) -> None:
    """Show nothing."""
