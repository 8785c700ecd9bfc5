"""Logic of two Microsoft Sentinel analytics rules (Azure/Azure-Sentinel, SigninLogs), by their public queries.

Spray: 5 accounts from an address in 20 minutes, more principals failing than succeeding. Distributed guessing: more than 30
failures on an account from 3 places within a day.
"""

from litesoc_server.evaluation.alarms import Alarm
from litesoc_server.evaluation.baselines.windows import SlidingWindows, account, address, alarm
from litesoc_server.evaluation.simulator.maker import LOGIN_FAILED, LOGIN_SUCCEEDED
from litesoc_server.events.event import Event

_SPRAY_ACCOUNTS, _SPRAY_WINDOW_MS = 5, 20 * 60_000
_GUESSES, _PLACES, _DAY_MS = 30, 3, 24 * 3_600_000


class Sentinel:
    """See the module."""

    name = "sentinel"

    def __init__(self) -> None:
        self._failed = SlidingWindows(_SPRAY_WINDOW_MS)
        self._succeeded = SlidingWindows(_SPRAY_WINDOW_MS)
        self._on_account = SlidingWindows(_DAY_MS)

    def examine(self, event: Event) -> list[Alarm]:
        """Return what fires on ``event``."""
        key = (event.org_id, address(event))
        if event.name == LOGIN_SUCCEEDED:
            self._succeeded.add(key, event, account(event))
        if event.name != LOGIN_FAILED:
            return []
        alarms: list[Alarm] = []
        entries = self._failed.add(key, event, account(event))
        failed = {entry.value for entry in entries}
        if len(failed) >= _SPRAY_ACCOUNTS:
            since_ms = event.occurred_at_ms - _SPRAY_WINDOW_MS
            succeeded = {entry.value for entry in self._succeeded.get(key) if entry.at_ms >= since_ms}
            if len(failed) > len(succeeded):
                alarms.append(alarm("sentinel_spray", address(event), event, entries))
        place = event.geo.city or "" if event.geo is not None else ""
        guesses = self._on_account.add((event.org_id, account(event)), event, place)
        if len(guesses) > _GUESSES and len({entry.value for entry in guesses}) >= _PLACES:
            alarms.append(alarm("sentinel_distributed", account(event), event, guesses))
        return alarms
