"""Administration at an hour at which this person never does any."""

from collections import Counter
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from litesoc_server.events.detection import AlertSeverity, AlertType, Detection, Fact
from litesoc_server.events.event import Event
from litesoc_server.pipeline.detect import wording
from litesoc_server.pipeline.detect.base import AttackTechnique, Detector
from litesoc_server.pipeline.detect.firing import Finding, claim, detection_of
from litesoc_server.pipeline.detect.grants import GRANT_NAMES, OTHER_ADMIN_ACTS
from litesoc_server.pipeline.detect.origin import origin_of
from litesoc_server.pipeline.detect.subjects import actor_of, actor_subject, scope_of
from litesoc_server.pipeline.policy import DAY_MS, HOUR_MS, DetectionPolicy
from litesoc_server.pipeline.state.base import LAST_MAX, LATENESS_MS, Seen, Steps, known, last, remember, seen

ID = "off_hours_admin"
_HOURS = 24
_ANY, _UTC = "any", "UTC"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def examine(event: Event, policy: DetectionPolicy) -> Steps[tuple[Detection, ...]]:
    """Note the hour of an administrative act and hold it against those of the days before."""
    actor = actor_of(event)
    if actor is None:
        return ()
    at_ms = event.occurred_at_ms
    day, final_day = at_ms // DAY_MS, (at_ms - LATENESS_MS) // DAY_MS  # what came before the latter has arrived by now
    zone = yield from _usual_zone(event, actor, policy, day, final_day)
    hour = _local(at_ms, zone).hour
    at_this_hour = yield from _note(event, actor, str(hour), day, policy)
    yield from _note(event, actor, _ANY, day, policy)
    # The set counts each day at least once, so this is more than the share of the days.
    if at_this_hour.count > policy.off_hours_admin_share * at_this_hour.set_count:
        return ()
    first_ms, days_count = yield from _days_with(event, actor, _ANY, final_day)
    if days_count < policy.off_hours_admin_days_count or at_ms - first_ms < policy.off_hours_admin_baseline_ms:
        return ()
    near_count = 0
    for neighbour in (hour, (hour - 1) % _HOURS, (hour + 1) % _HOURS):
        near_count += (yield from _days_with(event, actor, str(neighbour), final_day))[1]
    if near_count > policy.off_hours_admin_share * days_count:
        return ()
    window = str(at_ms // HOUR_MS)
    if not (yield from claim(event, detector=ID, key=actor, window=window)):
        return ()
    finding = _describe(event, policy, actor, zone, at_ms - first_ms, days_count, near_count)
    return (detection_of(finding, event, origin_of(event), key=actor, window=window),)


def _usual_zone(event: Event, actor: str, policy: DetectionPolicy, day: int, final_day: int) -> Steps[str]:
    """Return the time zone of the actor's acts on most of the latest days: a journey does not move the clock."""
    key, sent = f"{scope_of(event)}admin zones|{actor}", event.geo.time_zone if event.geo is not None else None
    if sent is not None:
        yield from remember(key=key, at_ms=day * DAY_MS, member=f"{day}|{sent}", value=sent, ttl_ms=policy.login_memory_ms)
    until_ms = final_day * DAY_MS
    noted = yield from last(key=key, at_ms=until_ms - 1, k=LAST_MAX)
    counts = Counter(zone.value for zone in noted if zone.at_ms < until_ms)
    return max(counts, key=lambda zone: (counts[zone], zone), default=sent or _UTC)


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


def _local(at_ms: int, zone: str) -> datetime:
    return (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(_clock(zone))


@lru_cache(maxsize=1024)
def _clock(zone: str) -> tzinfo:
    """Return a time zone by its IANA name; UTC for one that this system does not know."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _describe(
    event: Event, policy: DetectionPolicy, actor: str, zone: str, age_ms: int, days_count: int, near_count: int
) -> Finding:
    who, local = wording.name(actor), _local(event.occurred_at_ms, zone)
    where = f" from {event.user_ip} ({wording.where(event.geo, event.network)})" if event.user_ip is not None else ""
    days, least_days = (wording.several(count, "day") for count in (days_count, policy.off_hours_admin_days_count))
    share = f"{100 * policy.off_hours_admin_share:g} %"
    limits = f"{wording.duration(policy.off_hours_admin_baseline_ms)} and {least_days}"
    return Finding(
        detector=ID,
        alert_type=DETECTOR.alert_type,
        severity=AlertSeverity.LOW,
        incident_key=f"off_hours|{actor_subject(actor)}",
        title=f"Administration by {who} at an unusual hour",
        description=(
            f"At {local:%H:%M} by the clock of {zone} ({wording.utc(event.occurred_at_ms)}), {who} did {event.name}{where}. "
            f"On {near_count or 'none'} of {days} with such acts of {who} was any of them within an hour of that time."
        ),
        reasons=(
            f"{near_count} of {days} had acts around {local:%H} h; the limit is {share} of them",
            f"acts of {who} are known for {wording.duration(age_ms)}, on {days}; the limits are {limits}",
        ),
        facts=(
            Fact("local_hour", local.hour),
            Fact("near_days_count", near_count, int(policy.off_hours_admin_share * days_count)),
            Fact("days_count", days_count, policy.off_hours_admin_days_count),
            Fact("age_ms", age_ms, policy.off_hours_admin_baseline_ms),
        ),
        ruled_out=(
            "A journey: the clock is that of the place where the actor usually is.",
            "Daylight saving and an hour more or less: the hours beside this one count as well.",
        ),
        actions=DETECTOR.actions,
        event_ids=(event.event_id,),
        event_count=1,
        first_seen_ms=event.occurred_at_ms,
        last_seen_ms=event.occurred_at_ms,
    )


DETECTOR = Detector(
    id=ID,
    title="Administration at an unusual hour",
    alert_type=AlertType.SUSPICIOUS_ACTIVITY,
    severity=AlertSeverity.LOW,
    techniques=(AttackTechnique("T1078", "Valid Accounts"), AttackTechnique("T1098", "Account Manipulation")),
    description=(
        "Learns on which days, and at which hours of the day, somebody does administrative acts (grants and revocations of "
        "rights, deleting or suspending accounts, settings, API keys, invitations). Fires when an act is more than an hour "
        "away from those of at least 98 % of the days, once acts are known for 14 days and on at least 8 of them. Hours are "
        "those of the time zone in which the actor was on most of the latest days, else UTC. Low: it is worth "
        "a look beside other signs. Incident: off_hours|actor:<id>."
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
