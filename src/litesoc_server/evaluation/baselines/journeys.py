"""The travel rules of others: the login before, and how fast one would have had to be."""

from collections.abc import Callable

from litesoc_server.evaluation.alarms import Alarm
from litesoc_server.evaluation.baselines.windows import account, alarm
from litesoc_server.evaluation.simulator.atlas import great_circle_km
from litesoc_server.events.event import Event

_MS_PER_HOUR = 3_600_000
_GAP_MIN_MS = 60_000


class TravelRule:
    """Fires when two logins in a row are ``km_min`` apart and need ``kmh_min``; logins not ``is_kept`` are passed over."""

    def __init__(
        self, rule: str, *, km_min: float, kmh_min: float, is_kept: Callable[[Event], bool] = lambda _event: True
    ) -> None:
        self._rule, self._km_min, self._kmh_min, self._is_kept = rule, km_min, kmh_min, is_kept
        self._latest: dict[tuple[str, str], tuple[int, float, float]] = {}

    def examine(self, event: Event) -> list[Alarm]:
        """Look at a login that succeeded."""
        geo = event.geo
        if geo is None or geo.latitude is None or geo.longitude is None or not self._is_kept(event):
            return []
        key = (event.org_id, account(event))
        before = self._latest.get(key)
        self._latest[key] = (event.occurred_at_ms, geo.latitude, geo.longitude)
        if before is None:
            return []
        km = great_circle_km(before[1], before[2], geo.latitude, geo.longitude)
        hours = max(abs(event.occurred_at_ms - before[0]), _GAP_MIN_MS) / _MS_PER_HOUR
        if km < self._km_min or km / hours < self._kmh_min:
            return []
        return [alarm(self._rule, key[1], event)]
