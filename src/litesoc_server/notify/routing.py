"""Who hears about what, and when. Pure: facts and a route in, a moment or None out."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from litesoc_server.events.detection import AlertSeverity
from litesoc_server.notify.models import Digest, Route


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

    They are local times of the clock on the wall: where that is put forward over their end, they end an hour early by it.
    """
    if route.quiet_from is None or route.quiet_until is None:
        return None
    zone = ZoneInfo(route.time_zone)
    local = now.astimezone(zone)
    at = local.time().replace(tzinfo=None)
    over_midnight = route.quiet_from > route.quiet_until
    if over_midnight:
        is_quiet = at >= route.quiet_from or at < route.quiet_until
    else:
        is_quiet = route.quiet_from <= at < route.quiet_until
    if not is_quiet:
        return None
    ends_tomorrow = over_midnight and at >= route.quiet_from
    day = local.date() + timedelta(days=1) if ends_tomorrow else local.date()
    return datetime.combine(day, route.quiet_until, zone).astimezone(now.tzinfo)
