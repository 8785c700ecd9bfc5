"""Who hears about what, and when. Pure: facts and a route in, a moment or None out."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from litesoc_server.events.detection import AlertSeverity
from litesoc_server.notify.models import Digest, Route

_DAY_MINUTES_MAX = 25 * 60


@dataclass(frozen=True, kw_only=True)
class Told:
    """What of an alert routes go by."""

    severity: AlertSeverity
    alert_type: str
    detectors: Collection[str]
    is_test: bool

    @property
    def is_critical(self) -> bool:
        """Whether it is of the most severe kind."""
        return self.severity is AlertSeverity.CRITICAL


def matches(route: Route, told: Told, now: datetime) -> bool:
    """Return whether ``route`` lets its channel hear of it at all. What a muted route would have told is not told later."""
    return (
        route.is_enabled
        and not is_muted(route, now)
        and (route.includes_test or not told.is_test)
        and told.severity.rank >= AlertSeverity(route.min_severity).rank
        and (not route.alert_types or told.alert_type in route.alert_types)
        and (not route.detectors or not set(told.detectors).isdisjoint(route.detectors))
    )


def is_muted(route: Route, now: datetime) -> bool:
    """Return whether somebody wants to hear nothing by this route for now."""
    return route.muted_until is not None and route.muted_until > now


def due_at(route: Route, told: Told, now: datetime) -> datetime | None:
    """Return when it is told by itself: now, or when quiet hours end; None if a digest tells it or nobody does."""
    if not matches(route, told, now):
        return None
    if told.is_critical and route.is_critical_always:
        return now
    if route.digest != Digest.NONE:
        return None
    return quiet_until(route, now) or now


def quiet_until(route: Route, now: datetime) -> datetime | None:
    """Return when the quiet hours that hold at ``now`` end; None outside of them.

    They are what the clock on the wall shows: put forward over their end it ends them, put back it may show them again.
    """
    zone = ZoneInfo(route.time_zone)
    local = now.astimezone(zone)
    if route.quiet_from is None or route.quiet_until is None or not _is_shown(local, route.quiet_from, route.quiet_until):
        return None
    ends_tomorrow = route.quiet_from > route.quiet_until and local.time() >= route.quiet_from
    day = local.date() + timedelta(days=1) if ends_tomorrow else local.date()
    end = datetime.combine(day, route.quiet_until, zone).astimezone(UTC)
    if end.astimezone(zone).utcoffset() != local.utcoffset():
        # The clock is changed before: rare enough to look at each minute.
        minutes = (now.replace(second=0, microsecond=0) + timedelta(minutes=step) for step in range(1, _DAY_MINUTES_MAX))
        shown = route.quiet_from, route.quiet_until
        end = next((one for one in minutes if not _is_shown(one.astimezone(zone), *shown)), end)
    return end.astimezone(now.tzinfo)


def _is_shown(local: datetime, begin: time, end: time) -> bool:
    """Return whether the clock shows something between two times, of which the second may be on the next day."""
    shown = local.time()
    return begin <= shown < end if begin <= end else shown >= begin or shown < end
