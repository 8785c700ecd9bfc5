"""Keeps usage in the control database: the worker counts what was stored, who answers HTTP what was refused."""

import asyncio
import logging
import threading
from datetime import UTC, datetime

from django.db import Error

from litesoc_server.clock import Clock
from litesoc_server.database import fresh_connections
from litesoc_server.ingest.refusals import RefusalCounts
from litesoc_server.orgs.quota_warnings import warn_of_quotas
from litesoc_server.orgs.usage import count_usage, forget_old_usage
from litesoc_server.orgs.usage_refusals import add_refusals
from litesoc_server.store.base import EventReader, StoreUnavailable

log = logging.getLogger(__name__)

EVERY_S = 15.0


class UsageKeeper:
    """Counts usage and warns of quotas until told to stop. For one thread."""

    def __init__(self, *, reader: EventReader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock
        self._is_away = False

    def run(self, stop: threading.Event, *, every_s: float = EVERY_S) -> None:
        """Count over and over until ``stop`` is set."""
        while not stop.wait(every_s):
            self.run_once()

    def run_once(self) -> None:
        """Count now. What does not answer is logged, once, and asked again the next time."""
        try:
            with fresh_connections():
                count_usage(self._reader)
                warn_of_quotas(now_ms=self._clock.now_ms())
                forget_old_usage(self._clock.now_ms())
        except (StoreUnavailable, Error) as error:
            if not self._is_away:
                log.warning("usage is counted later: %s", type(error).__name__)
            self._is_away = True
        else:
            self._is_away = False


class RefusalKeeper:
    """Writes the counts of refusals down, every EVERY_S seconds and at the end."""

    def __init__(self, counts: RefusalCounts, clock: Clock) -> None:
        self._counts = counts
        self._clock = clock

    async def run(self) -> None:
        """Write over and over, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.write()

    async def write(self) -> None:
        """Write what was counted since the last time."""
        await asyncio.to_thread(self._write)

    def _write(self) -> None:
        taken = self._counts.take()
        if not taken:
            return
        try:
            with fresh_connections():
                add_refusals(datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC).date(), taken)
        except Error as error:
            log.warning("refusals are written down later: %s", type(error).__name__)
            self._counts.give_back(taken)
