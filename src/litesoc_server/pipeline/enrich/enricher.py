"""Adds to an event what can be looked up: place and network of its address, browser and system of its user agent."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Self

import msgspec

from litesoc_server import telemetry
from litesoc_server.events.event import Device, Event, Geo, Network
from litesoc_server.pipeline.enrich.data_sets import IpData, IpDataFiles, IpDataState, open_ip_data
from litesoc_server.pipeline.enrich.listed import ListedRanges
from litesoc_server.pipeline.enrich.network_judge import NetworkJudge
from litesoc_server.pipeline.enrich.packed import Progress
from litesoc_server.pipeline.enrich.user_agent import UserAgentReader
from litesoc_server.special_addresses import plan_look_up

log = logging.getLogger(__name__)

_ADDRESSES_CACHED = 65_536  # about 16 MB when full; a hit takes 0.1 µs, a miss 10
_DEVICES_CACHED = 8_192  # different user agents; about 8 MB when full
_LOOK_EVERY_S = 5.0  # for files that changed; a look takes about 10 µs
_RETRY_EVERY_S = 60.0  # while data could not be opened, though no file changed: a full disk, say

Located = tuple[Geo | None, Network | None]


class _InUse(msgspec.Struct, frozen=True):
    """One generation of data with its cache; replaced as a whole."""

    data: IpData
    signature: tuple[object, ...]  # of the watched files when it was opened
    locate: Callable[[str], Located]


class Enricher:
    """Every look-up with its cache. Bounded in memory; safe for the pipeline's thread and occasional others.

    New data is taken up within seconds, by the first look-up after `_LOOK_EVERY_S`; what cannot be opened is passed over,
    and what was in use stays in use.
    """

    def __init__(
        self,
        files: IpDataFiles,
        user_agents: UserAgentReader,
        progress: Progress,
        *,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._files = files
        self._progress = progress
        self._monotonic_s = monotonic_s
        self._reloading = threading.Lock()
        self._read_device = lru_cache(maxsize=_DEVICES_CACHED)(user_agents.read)
        self._in_use = self._open(None)
        self._looked_s = self._opened_s = monotonic_s()

    @classmethod
    def open(
        cls,
        data_dir: Path,
        progress: Progress | None = None,
        *,
        city_mmdb: Path | None = None,
        asn_mmdb: Path | None = None,
    ) -> Self:
        """Open the best data there is; the packaged one is unpacked at its first use, with ``progress`` called.

        Data that cannot be opened is a problem in `state` and in the log, and look-ups go without it.
        """
        return cls(IpDataFiles(data_dir, city_mmdb, asn_mmdb), UserAgentReader(), progress or _ignore_progress)

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

    def locate(self, address: str | None) -> Located:
        """Return place and network of an address in text form; nothing for None and for texts that are no address."""
        self._reload_if_due()
        return self._in_use.locate(address) if address is not None else (None, None)

    def read_device(self, user_agent: str) -> Device:
        """Return what a user agent says about the device."""
        return self._read_device(user_agent)

    def state(self) -> IpDataState:
        """Return what is in use now, after looking for newer data."""
        self._reload_if_due()
        data = self._in_use.data
        return IpDataState(data.infos, data.problems)

    def _reload_if_due(self) -> None:
        if self._monotonic_s() - self._looked_s >= _LOOK_EVERY_S:
            self.reload_if_changed()

    def reload_if_changed(self) -> None:
        """Open the data anew if a file changed, or if some could not be opened a while ago. Other threads do not wait."""
        if not self._reloading.acquire(blocking=False):
            return
        try:
            now_s = self._monotonic_s()
            self._looked_s = now_s
            is_retry_due = bool(self._in_use.data.problems) and now_s - self._opened_s >= _RETRY_EVERY_S
            if is_retry_due or _signature(self._files) != self._in_use.signature:
                self._opened_s = now_s
                self._in_use = self._open(self._in_use.data)
        finally:
            self._reloading.release()

    def _open(self, previous: IpData | None) -> _InUse:
        signature = _signature(self._files)  # taken first: what changes meanwhile is seen at the next look
        data = open_ip_data(self._files, self._progress, previous=previous)
        _report(data, previous)
        judge = NetworkJudge(ListedRanges(data.lists), data.classes)

        def look_up(address: str) -> Located:
            try:
                plan = plan_look_up(address)
            except ValueError:
                return None, None
            if plan.special is not None:
                return None, Network(special=plan.special)
            network = (data.networks.find(plan.address) if data.networks is not None else None) or _NO_NETWORK
            geo = data.places.find(plan.address) if data.places is not None else None
            return geo, judge.judge(plan.address, network)

        return _InUse(data, signature, lru_cache(maxsize=_ADDRESSES_CACHED)(look_up))


_NO_NETWORK = Network()


def _signature(files: IpDataFiles) -> tuple[object, ...]:
    return tuple(_stamp(path) for path in files.watched())


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_mtime_ns, about.st_size, about.st_ino


def _report(data: IpData, previous: IpData | None) -> None:
    today = datetime.now(UTC).date()
    for problem in data.problems:
        if previous is None or problem not in previous.problems:
            log.warning("IP data: %s", problem)
    if previous is not None and data.infos != previous.infos:
        log.info("IP data opened anew: %s", ", ".join(f"{info.source} of {info.data_date}" for info in data.infos))
    telemetry.IP_DATA_PROBLEMS.set(len(data.problems))
    telemetry.IP_DATA_AGE_DAYS.clear()
    for info in data.infos:
        telemetry.IP_DATA_AGE_DAYS.labels(info.kind, info.source).set(info.age_days(today))


def _ignore_progress(kind: str, share: float) -> None:
    """Show nothing."""
