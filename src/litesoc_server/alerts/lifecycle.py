"""What people decide about alerts: transitions between statuses."""

from collections.abc import Mapping
from dataclasses import dataclass

from litesoc_server.alerts.change import ATTEMPTS_MAX, Change, TransitionContended, TransitionRefused, set_if_unchanged
from litesoc_server.alerts.models import Action, Alert, Resolution, Status
from litesoc_server.orgs.principals import Who


@dataclass(frozen=True)
class _Rule:
    to: Status
    allowed_from: frozenset[Status]


# A decision may be replaced by another one, or by the same with other details: the last word counts, and the history has
# them all.
_RULES: Mapping[Action, _Rule] = {
    Action.ACKNOWLEDGE: _Rule(Status.ACKNOWLEDGED, frozenset({Status.OPEN})),
    Action.RESOLVE: _Rule(Status.RESOLVED, frozenset(Status)),
    Action.MARK_SAFE: _Rule(Status.DISMISSED, frozenset(Status)),
    Action.REOPEN: _Rule(Status.OPEN, frozenset({Status.ACKNOWLEDGED, Status.RESOLVED, Status.DISMISSED})),
}


def acknowledge(alert: Alert, *, who: Who, note: str | None = None) -> Alert:
    """Say that somebody looks at an open alert. Raises TransitionRefused, TransitionContended."""
    return carry_out(alert, decision(Action.ACKNOWLEDGE, who=who, note=note))


def resolve(alert: Alert, *, resolution: Resolution, who: Who, note: str | None = None) -> Alert:
    """Close an alert that was dealt with. Its incident opens a new one after the cool-down. Raises TransitionContended."""
    return carry_out(alert, decision(Action.RESOLVE, who=who, note=note, resolution=resolution))


def mark_safe(alert: Alert, *, who: Who, note: str | None = None) -> Alert:
    """Dismiss an alert that was none. Its incident opens a new one after the cool-down. Raises TransitionContended."""
    return carry_out(alert, decision(Action.MARK_SAFE, who=who, note=note))


def reopen(alert: Alert, *, who: Who, note: str | None = None) -> Alert:
    """Take a decision back. Raises TransitionRefused when the incident has a newer open alert, TransitionContended."""
    return carry_out(alert, decision(Action.REOPEN, who=who, note=note))


def decision(action: Action, *, who: Who, note: str | None = None, resolution: Resolution | None = None) -> Change:
    """Return what one of the four decisions changes. A note replaces the one that the alert has; None keeps it."""
    fields: dict[str, object] = {} if not note else {"internal_notes": note}
    if action is not Action.ACKNOWLEDGE:
        fields["resolution_type"] = None if resolution is None else resolution.value
        fields["resolved_by"] = None if action is Action.REOPEN else who.by
    return Change(action=action, who=who, to=_RULES[action].to, fields=fields, resolution=resolution, note=note)


def is_allowed(action: Action, status: str) -> bool:
    """Return whether an alert in ``status`` may be decided on so."""
    return status in _RULES[action].allowed_from


def carry_out(alert: Alert, change: Change) -> Alert:
    """Do ``change`` to what ``alert`` is now in the database, and return it as it is then.

    The row is changed only if its revision is still the one that was read; if somebody was faster, everything is looked at
    anew. What would change nothing at all is answered and leaves no line, so that a client may repeat its request.
    """
    for _ in range(ATTEMPTS_MAX):
        current = Alert.objects.get(pk=alert.pk)
        if change.is_done(current):
            return current
        if change.action in _RULES and not is_allowed(change.action, current.status):
            msg = f"an alert that is {current.status} cannot be changed by the action {change.action.value}"
            raise TransitionRefused(msg)
        if set_if_unchanged(current, change):
            return Alert.objects.get(pk=alert.pk)
    raise TransitionContended("others are changing this alert at the same moment; try again")
