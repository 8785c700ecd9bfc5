"""Logic of CrowdSec's hub scenarios (crowdsecurity/hub): leaky buckets of failures by address, even gaps, and travel.

A bucket of 5 that leaks one in 10 s, one of 10 that leaks one in 60 s; median of the last 4 gaps over 10 minutes; more than
1,000 km within 3 hours.
"""

from collections import deque
from itertools import pairwise
from statistics import median

from litesoc_server.evaluation.alarms import Alarm
from litesoc_server.evaluation.baselines.journeys import TravelRule
from litesoc_server.evaluation.baselines.windows import Entry, address, alarm
from litesoc_server.evaluation.simulator.maker import LOGIN_FAILED, LOGIN_SUCCEEDED
from litesoc_server.events.event import Event

_BUCKETS = (("crowdsec_bf", 5, 10_000), ("crowdsec_slow_bf", 10, 60_000))  # rule, capacity, leaks one in ms
_GAPS, _GAP_MS = 4, 10 * 60_000
_GAP_FORGOTTEN_MS = 3 * 3_600_000
_KM, _WITHIN_H = 1_000.0, 3.0


class CrowdSec:
    """See the module."""

    name = "crowdsec"

    def __init__(self) -> None:
        self._levels: dict[tuple[str, str, str], tuple[float, int]] = {}
        self._gaps: dict[tuple[str, str], deque[Entry]] = {}
        self._travel = TravelRule("crowdsec_travel", km_min=_KM, kmh_min=_KM / _WITHIN_H)

    def examine(self, event: Event) -> list[Alarm]:
        """Return what fires on ``event``."""
        if event.name == LOGIN_SUCCEEDED:
            return self._travel.examine(event)
        if event.name != LOGIN_FAILED:
            return []
        alarms = [
            alarm(rule, address(event), event)
            for rule, capacity, leak_ms in _BUCKETS
            if self._pours_over(rule, capacity, leak_ms, event)
        ]
        entries = self._gaps.setdefault((event.org_id, address(event)), deque(maxlen=_GAPS + 1))
        if entries and event.occurred_at_ms - entries[-1].at_ms > _GAP_FORGOTTEN_MS:
            entries.clear()
        entries.append(Entry(event.occurred_at_ms, event.event_id, ""))
        times = [entry.at_ms for entry in entries]
        gaps = [later - earlier for earlier, later in pairwise(times)]
        if len(gaps) == _GAPS and median(gaps) > _GAP_MS:
            alarms.append(alarm("crowdsec_time_based", address(event), event, entries))
        return alarms

    def _pours_over(self, rule: str, capacity: int, leak_ms: int, event: Event) -> bool:
        key, at_ms = (rule, event.org_id, address(event)), event.occurred_at_ms
        level, then_ms = self._levels.get(key, (0.0, at_ms))
        level = max(0.0, level - (at_ms - then_ms) / leak_ms) + 1
        self._levels[key] = (level, max(at_ms, then_ms))
        return level > capacity
