"""Administration at an hour at which this person never does any."""

from collections import Counter
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect import wording
from litesoc_server.pipeline.detect.base import AttackTechnique, Detector, DetectorGroup
from litesoc_server.pipeline.detect.firing import Evidence, Finding, claim, detection_of
from litesoc_server.pipeline.detect.grants import GRANT_NAMES, OTHER_ADMIN_ACTS
from litesoc_server.pipeline.detect.login_history import is_from_elsewhere
from litesoc_server.pipeline.detect.networks import hides_its_user
from litesoc_server.pipeline.detect.origin import origin_of
from litesoc_server.pipeline.detect.subjects import account_incident, actor_of, actor_subject, scope_of
from litesoc_server.pipeline.policy import DAY_MS, HOUR_MS, DetectionPolicy
from litesoc_server.pipeline.state.base import LAST_MAX, LATENESS_MS, Seen, Steps, known, last, remember, seen

ID = "off_hours_admin"
_HOURS = 24
_ANY, _UTC = "any", "UTC"
_NEAR_HOURS_MIN = 1  # what is near in an organisation as a whole, or for an actor of whom the network or the device is new
_ANYBODY = ""  # stands for all actors of the organisation
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def examine(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Note the hour of an administrative act and hold it against those of the days before.

    Only acts from where the actor is known to be teach anything: an intruder's nights must not become usual.
    """
    actor = actor_of(event)
    if actor is None:
        return ()
    at_ms = event.occurred_at_ms
    day, final_day = at_ms // DAY_MS, (at_ms - LATENESS_MS) // DAY_MS  # what came before the latter has arrived by now
    is_elsewhere = yield from is_from_elsewhere(event, actor, policy)
    if not is_elsewhere:
        yield from _note_zone(event, actor, policy, day)
    zone = yield from _usual_zone(event, actor, final_day)
    hour = _local(at_ms, zone).hour
    if not is_elsewhere:
        at_this_hour = yield from _note(event, actor, str(hour), day, policy)
        if at_this_hour.last_ms != day * DAY_MS:  # the first of the day at this hour: the others would note the same again
            for who in (actor, _ANYBODY):
                yield from _note(event, who, _ANY, day, policy)
            yield from _note(event, _ANYBODY, str(hour), day, policy)
        # The set counts each day at least once, so this is more than the share of the days.
        if at_this_hour.count > policy.off_hours_admin_share * at_this_hour.set_count:
            return ()
    past = yield from _past_of(event, actor, hour, final_day, policy, is_elsewhere=is_elsewhere)
    if _is_usual(past, policy):
        return ()
    window = f"{at_ms // HOUR_MS}{' elsewhere' if is_elsewhere else ''}"
    if not (yield from claim(event, detector=ID, key=actor, window=window)):
        return ()
    finding = _describe(event, policy, actor, zone, past, is_elsewhere=is_elsewhere)
    return (detection_of(finding, event, origin_of(event), key=actor, window=window),)


class _Past(msgspec.Struct, frozen=True):
    """What is known of the days before an act."""

    age_ms: int  # since the actor's first act
    days_count: int  # with acts of the actor
    near_hours: int  # what is near: less when the act came from a network or a device that is new to the actor
    near_count: int  # of them, with acts around this hour
    org_days_count: int  # with acts of anybody
    org_near_count: int


def _past_of(event: Event, actor: str, hour: int, day: int, policy: DetectionPolicy, *, is_elsewhere: bool) -> Steps[_Past]:
    """Return what is known of the days before ``day``, of the actor and of the whole organisation."""
    first_ms, days_count = yield from _days_with(event, actor, _ANY, day)
    near_hours = policy.off_hours_admin_near_hours
    if is_elsewhere and days_count * _span(_NEAR_HOURS_MIN) >= policy.off_hours_admin_days_count * _span(near_hours):
        near_hours = min(near_hours, _NEAR_HOURS_MIN)
    near_count = yield from _days_near(event, actor, hour, near_hours, day)
    _, org_days_count = yield from _days_with(event, _ANYBODY, _ANY, day)
    org_near_count = yield from _days_near(event, _ANYBODY, hour, _NEAR_HOURS_MIN, day)
    return _Past(event.occurred_at_ms - first_ms, days_count, near_hours, near_count, org_days_count, org_near_count)


def _span(near_hours: int) -> int:
    """Return how many hours are near one. The fewer, the more days it takes until their emptiness is no chance."""
    return 2 * near_hours + 1


def _is_usual(past: _Past, policy: DetectionPolicy) -> bool:
    """Return whether the hour is as usual, or too little is known to say so."""
    return (
        past.days_count < policy.off_hours_admin_days_count
        or past.age_ms < policy.off_hours_admin_baseline_ms
        or past.near_count > policy.off_hours_admin_share * past.days_count
        or past.org_near_count > policy.off_hours_admin_org_share * past.org_days_count
    )


def _note_zone(event: Event, actor: str, policy: DetectionPolicy, day: int) -> Steps[None]:
    zone = _zone_of(event)
    if zone is not None:
        key, ttl_ms = _zones_key(event, actor), policy.login_memory_ms
        yield from remember(key=key, at_ms=day * DAY_MS, member=f"{day}|{zone}", value=zone, ttl_ms=ttl_ms)


def _zone_of(event: Event) -> str | None:
    """Return the time zone of the place of ``event``; None where that is not where its actor is."""
    return None if event.geo is None or hides_its_user(event.network) else event.geo.time_zone


def _usual_zone(event: Event, actor: str, final_day: int) -> Steps[str]:
    """Return the time zone of the actor's acts on most of the latest days: a journey does not move the clock."""
    until_ms = final_day * DAY_MS
    noted = yield from last(key=_zones_key(event, actor), at_ms=until_ms - 1, k=LAST_MAX)
    counts = Counter(zone.value for zone in noted if zone.at_ms < until_ms)
    return max(counts, key=lambda zone: (counts[zone], zone), default=_zone_of(event) or _UTC)


def _zones_key(event: Event, actor: str) -> str:
    return f"{scope_of(event)}admin zones|{actor}"


# Even and odd days are noted apart, so that the state never folds a day and the one after it together: then what is known
# of the days before one is exact, even for an act that comes in after the first one of the next day.
def _label(what: str, day: int) -> str:
    return f"{what}|{day & 1}"


def _note(event: Event, actor: str, what: str, day: int, policy: DetectionPolicy) -> Steps[Seen]:
    return seen(
        key=f"{scope_of(event)}admin hours|{actor}",
        value=_label(what, day),
        at_ms=day * DAY_MS,
        member=str(day),
        ttl_ms=policy.login_memory_ms,
    )


def _days_with(event: Event, actor: str, what: str, day: int) -> Steps[tuple[int, int]]:
    """Return the first day (its beginning) on which something was noted, and how many there were, before ``day``."""
    first_ms, total = day * DAY_MS, 0
    for neighbour in (day, day + 1):
        found = yield from known(
            key=f"{scope_of(event)}admin hours|{actor}", value=_label(what, neighbour), at_ms=day * DAY_MS
        )
        total += found.count
        if found.first_ms is not None:
            first_ms = min(first_ms, found.first_ms)
    return first_ms, total


def _days_near(event: Event, actor: str, hour: int, hours: int, day: int) -> Steps[int]:
    """Return on how many days before ``day``, each counted once per hour, acts were within ``hours`` of an hour."""
    total = 0
    for away in range(-hours, hours + 1):
        total += (yield from _days_with(event, actor, str((hour + away) % _HOURS), day))[1]
    return total


def _local(at_ms: int, zone: str) -> datetime:
    return (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(_clock(zone))


@lru_cache(maxsize=1024)
def _clock(zone: str) -> tzinfo:
    """Return a time zone by its IANA name; UTC for one that this system does not know."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones, or a name too long for a file
        return UTC


def _describe(event: Event, policy: DetectionPolicy, actor: str, zone: str, past: _Past, *, is_elsewhere: bool) -> Finding:
    who, local = wording.name(actor), _local(event.occurred_at_ms, zone)
    where = f" from {event.user_ip} ({wording.where(event.geo, event.network)})" if event.user_ip is not None else ""
    days, least_days = (wording.several(count, "day") for count in (past.days_count, policy.off_hours_admin_days_count))
    share = f"{100 * policy.off_hours_admin_share:g} %"
    within = wording.duration(past.near_hours * HOUR_MS)
    org_share = f"{100 * policy.off_hours_admin_org_share:g} %"
    org_days = wording.several(past.org_days_count, "day")
    limits = f"{wording.duration(policy.off_hours_admin_baseline_ms)} and {least_days}"
    return Finding(
        detector=ID,
        alert_type=DETECTOR.alert_type,
        severity=AlertSeverity.LOW,
        incident_key=account_incident(actor) if is_elsewhere else f"off_hours|{actor_subject(actor)}",
        title=f"Administration by {who} at an unusual hour",
        description=(
            f"At {local:%H:%M} by the clock of {zone} ({wording.utc(event.occurred_at_ms)}), {who} did {event.name}{where}. "
            f"On {past.near_count or 'none'} of {days} with such acts of {who} was any of them within {within} of that time."
        ),
        reasons=(
            f"{past.near_count} of {days} had acts within {within} of {local:%H:%M}; the limit is {share} of them",
            f"acts of {who} are known for {wording.duration(past.age_ms)}, on {days}; the limits are {limits}",
        ),
        facts=(
            Fact("local_hour", local.hour),
            Fact("near_days_count", past.near_count, int(policy.off_hours_admin_share * past.days_count)),
            Fact("days_count", past.days_count, policy.off_hours_admin_days_count),
            Fact("age_ms", past.age_ms, policy.off_hours_admin_baseline_ms),
        ),
        ruled_out=(
            "A journey: the clock is that of the place where the actor usually is.",
            f"A long day: the hours up to {within} away count as well.",
            f"Colleagues at that hour: {past.org_near_count} of {org_days} had acts of anybody; the limit is {org_share}.",
        ),
        actions=DETECTOR.actions,
        evidence=Evidence.of_one(origin_of(event)),
    )


DETECTOR = Detector(
    id=ID,
    title="Administration at an unusual hour",
    group=DetectorGroup.AFTER_LOGIN,
    alert_type=AlertType.SUSPICIOUS_ACTIVITY,
    severity=AlertSeverity.LOW,
    techniques=(AttackTechnique("T1078", "Valid Accounts"), AttackTechnique("T1098", "Account Manipulation")),
    description=(
        "Learns on which days, and at which hours of the day, somebody does administrative acts (grants and revocations of "
        "rights, deleting or suspending accounts, settings, API keys, invitations). Fires when an act is more than three "
        "hours (one, if network or device are new and acts are known on 14 days) away from those of at least 98 % of the "
        "days, once acts are known for 14 days and on at least 6 of them; and "
        "when nobody of the organisation did any within an hour of it, by their own clocks, on at least 95 % of its days. "
        "Acts from a network or a device that is new to the account teach nothing. Hours are those of the time zone in "
        "which the actor was on most of the latest days, else UTC; addresses of VPNs, gateways and data centres do not say "
        "where that is. Low: it is worth a look beside other signs. Incident: off_hours|actor:<id>; from a new network or "
        "device account|actor:<id>."
    ),
    false_positives=(
        "An administrator is called out at night.",
        "Somebody's working hours change, or a scheduled job is moved.",
    ),
    actions=(
        "Ask the actor, through another channel, whether the act was theirs.",
        "If not: undo it, end the actor's sessions and review the logins before it.",
    ),
    event_names=GRANT_NAMES | OTHER_ADMIN_ACTS,
    examine=examine,
)
