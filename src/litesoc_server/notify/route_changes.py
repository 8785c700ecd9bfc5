"""What changes routes and escalation rules."""

import uuid
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import Target
from litesoc_server.audit.record import record
from litesoc_server.events.detection import AlertSeverity, AlertType
from litesoc_server.notify.models import Channel, Digest, EscalationRule, Route
from litesoc_server.notify.refusals import NotifyRefused
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.principals import Who
from litesoc_server.pipeline.detect.registry import DETECTORS

ROUTES_MAX = 20  # of one channel: each is held against every alert
RULES_MAX = 20  # of one organisation
AFTER_MINUTES_MAX = 24 * 60
MUTED_MAX = timedelta(days=366)
HOUR_LAST = 23
_DETECTORS = frozenset(detector.id for detector in DETECTORS)
_TYPES = frozenset(one.value for one in AlertType)


@dataclass(frozen=True, kw_only=True)
class RouteValues:
    """What a route is to be; see notify.models.Route for what each means."""

    is_enabled: bool = True
    min_severity: AlertSeverity = AlertSeverity.MEDIUM
    alert_types: Sequence[str] = ()
    detectors: Sequence[str] = ()
    includes_test: bool = False
    tells_settled: bool = True
    quiet_from: time | None = None
    quiet_until: time | None = None
    is_critical_always: bool = True
    time_zone: str = "UTC"
    digest: Digest = Digest.NONE
    digest_hour: int = 8
    muted_until: datetime | None = None


_FIELDS = tuple(RouteValues.__dataclass_fields__)


def values_of(route: Route) -> RouteValues:
    """Return what a route is now, to be changed with ``dataclasses.replace``."""
    values = {name: getattr(route, name) for name in _FIELDS}
    return RouteValues(
        **{**values, "min_severity": AlertSeverity(route.min_severity), "digest": Digest(route.digest)},
    )


def add_route(channel: Channel, values: RouteValues, *, who: Who) -> Route:
    """Let a channel hear of more. Raises NotifyRefused."""
    _check(values)
    with transaction.atomic():
        Channel.objects.select_for_update().get(pk=channel.pk)
        if Route.objects.filter(channel=channel).count() >= ROUTES_MAX:
            raise NotifyRefused("routes", f"The channel has {ROUTES_MAX} routes, the most that there may be.")
        route = Route(org=channel.org, channel=channel)
        _set(route, values)
        route.save(force_insert=True)
        _record(route, Action.ROUTE_ADDED, who, _differences(RouteValues(), values))
    return route


def change_route(route: Route, values: RouteValues, *, who: Who) -> Route:
    """Make a route what ``values`` say, and return it as it is then. Raises NotifyRefused.

    What ``values`` leave as ``route`` has it stays as it is now: somebody may have muted the channel since it was read.
    """
    _check(values)
    wanted = {name: getattr(values, name) for name in _differences(values_of(route), values)}
    with transaction.atomic():
        locked = Route.objects.select_for_update(of=("self",)).select_related("channel").get(pk=route.pk)
        before = values_of(locked)
        after = replace(before, **wanted)
        changes = _differences(before, after)
        if changes:
            if after != values:
                _check(after)
            _set(locked, after)
            locked.save(update_fields=[*changes, "digested_until"])
            _record(locked, Action.ROUTE_CHANGED, who, changes)
    return locked


def remove_route(route: Route, *, who: Who) -> None:
    """Let a channel no longer hear of what this route sent it. What waits already is delivered."""
    with transaction.atomic():
        _record(route, Action.ROUTE_REMOVED, who, {})
        Route.objects.filter(pk=route.pk).delete()


def mute_channel(channel: Channel, until: datetime | None, *, who: Who) -> None:
    """Let no route tell a channel anything until a moment (None: speak again now). Raises NotifyRefused.

    What waits for it already is delivered, and escalations reach it all the same.
    """
    _check_muted(until)
    with transaction.atomic():
        routes = list(Route.objects.select_for_update().filter(channel=channel))
        Route.objects.filter(channel=channel).update(muted_until=until)
        for route in routes:
            if route.muted_until != until:
                _record(route, Action.ROUTE_CHANGED, who, {"muted_until": (_text(route.muted_until), _text(until))})


def add_rule(channel: Channel, *, min_severity: AlertSeverity, after_minutes: int, who: Who) -> EscalationRule:
    """Tell ``channel`` when an alert is not acknowledged within so many minutes. Raises NotifyRefused."""
    _check_minutes(after_minutes)
    with transaction.atomic():
        Organization.objects.select_for_update().get(pk=channel.org_id)
        if EscalationRule.objects.filter(org=channel.org).count() >= RULES_MAX:
            raise NotifyRefused("rules", f"There are {RULES_MAX} escalation rules, the most that there may be.")
        rule = EscalationRule.objects.create(
            org=channel.org, channel=channel, min_severity=min_severity, after_minutes=after_minutes
        )
        changes = {"min_severity": (None, min_severity.value), "after_minutes": (None, after_minutes)}
        _record_rule(rule, Action.ESCALATION_ADDED, who, changes)
    return rule


def change_rule(
    rule: EscalationRule,
    *,
    who: Who,
    min_severity: AlertSeverity | None = None,
    after_minutes: int | None = None,
    is_enabled: bool | None = None,
) -> EscalationRule:
    """Change what is given. Raises NotifyRefused."""
    if after_minutes is not None:
        _check_minutes(after_minutes)
    wanted = {
        "min_severity": None if min_severity is None else min_severity.value,
        "after_minutes": after_minutes,
        "is_enabled": is_enabled,
    }
    changes = {
        name: (getattr(rule, name), value)
        for name, value in wanted.items()
        if value is not None and value != getattr(rule, name)
    }
    if changes:
        for name, (_, value) in changes.items():
            setattr(rule, name, value)
        with transaction.atomic():
            rule.save(update_fields=list(changes))
            _record_rule(rule, Action.ESCALATION_CHANGED, who, changes)
    return rule


def remove_rule(rule: EscalationRule, *, who: Who) -> None:
    """Escalate no more by this rule."""
    with transaction.atomic():
        _record_rule(rule, Action.ESCALATION_REMOVED, who, {})
        EscalationRule.objects.filter(pk=rule.pk).delete()


def _set(route: Route, values: RouteValues) -> None:
    if values.digest != route.digest:
        route.digested_until = timezone.now()  # what came before was told at once, or by another digest
    for name in _FIELDS:
        value = getattr(values, name)
        setattr(route, name, list(value) if name in {"alert_types", "detectors"} else value)


def _check(values: RouteValues) -> None:
    """Raise NotifyRefused for values that make no sense."""
    for name, known in (("alert_types", _TYPES), ("detectors", _DETECTORS)):
        unknown = [one for one in getattr(values, name) if one not in known]
        if unknown:
            raise NotifyRefused(name, f"{unknown[0][:60]} is none: choose among {', '.join(sorted(known))}.")
    if (values.quiet_from is None) != (values.quiet_until is None):
        raise NotifyRefused("quiet_until", "Quiet hours have a beginning and an end: give both, or neither.")
    if values.quiet_from is not None and values.quiet_from == values.quiet_until:
        raise NotifyRefused("quiet_until", "Quiet hours end at another time than they begin: mute the channel instead.")
    if not is_time_zone(values.time_zone):
        raise NotifyRefused("time_zone", "The time zone is unknown: use a name such as Europe/Berlin or UTC.")
    if not 0 <= values.digest_hour <= HOUR_LAST:
        raise NotifyRefused("digest_hour", f"The hour of the digest is between 0 and {HOUR_LAST}.")
    _check_muted(values.muted_until)


def is_time_zone(name: str) -> bool:
    """Return whether ``name`` is one of IANA's time zones."""
    return name in zoneinfo.available_timezones()


def _check_muted(until: datetime | None) -> None:
    if until is not None and until > timezone.now() + MUTED_MAX:
        raise NotifyRefused("muted_until", f"Mute for at most {MUTED_MAX.days} days; switch the channel off instead.")


def _check_minutes(minutes: int) -> None:
    if not 1 <= minutes <= AFTER_MINUTES_MAX:
        raise NotifyRefused("after_minutes", f"Wait between 1 and {AFTER_MINUTES_MAX:,} minutes.")


def _differences(before: RouteValues, after: RouteValues) -> dict[str, tuple[object, object]]:
    return {
        name: (_text(getattr(before, name)), _text(getattr(after, name)))
        for name in _FIELDS
        if _text(getattr(before, name)) != _text(getattr(after, name))
    }


def _text(value: object) -> object:
    if isinstance(value, (datetime, time)):
        return value.isoformat()
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else value


def _record(route: Route, action: Action, who: Who, changes: Mapping[str, tuple[object, object]]) -> None:
    _record_on(route.org_id, "route", route.pk, route.channel.name, action, who, changes)


def _record_rule(rule: EscalationRule, action: Action, who: Who, changes: Mapping[str, tuple[object, object]]) -> None:
    _record_on(rule.org_id, "escalation_rule", rule.pk, rule.channel.name, action, who, changes)


def _record_on(
    org_id: uuid.UUID,
    kind: str,
    row_id: uuid.UUID,
    channel_name: str,
    action: Action,
    who: Who,
    changes: Mapping[str, tuple[object, object]],
) -> None:
    target = Target(kind=kind, id=str(row_id), name=channel_name)
    record(org_id=org_id, action=action, by=who.audit_by, target=target, changes=changes)
