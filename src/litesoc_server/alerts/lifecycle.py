"""What people do to alerts: compare-and-set transitions, each with its line in the history."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone

from litesoc_server.alerts.models import Action, Alert, AlertTransition, Resolution, Status
from litesoc_server.orgs.principals import Who

ATTEMPTS_MAX = 20  # against others who change the same alert at the same time


class TransitionRefused(Exception):
    """The alert's status does not allow the action; the text is for people."""


class TransitionContended(Exception):
    """Others kept changing the alert at the same moment: try again."""


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
    return _change(alert, Action.ACKNOWLEDGE, who=who, note=note)


def resolve(alert: Alert, *, resolution: Resolution, who: Who, note: str | None = None) -> Alert:
    """Close an alert that was dealt with. Its incident opens a new one after the cool-down. Raises TransitionContended."""
    return _change(alert, Action.RESOLVE, who=who, note=note, resolution=resolution)


def mark_safe(alert: Alert, *, who: Who, note: str | None = None) -> Alert:
    """Dismiss an alert that was none. Its incident opens a new one after the cool-down. Raises TransitionContended."""
    return _change(alert, Action.MARK_SAFE, who=who, note=note)


def reopen(alert: Alert, *, who: Who, note: str | None = None) -> Alert:
    """Take a decision back. Raises TransitionRefused when the incident has a newer open alert, TransitionContended."""
    return _change(alert, Action.REOPEN, who=who, note=note)


def _change(alert: Alert, action: Action, *, who: Who, note: str | None, resolution: Resolution | None = None) -> Alert:
    """Do ``action`` to what ``alert`` is now in the database, and return it as it is then.

    The row is changed only if its revision is still the one that was read; if somebody was faster, everything is looked at
    anew. An action that would change nothing at all is answered and leaves no line, so that a client may repeat its request.
    """
    for _ in range(ATTEMPTS_MAX):
        current = Alert.objects.get(pk=alert.pk)
        rule = _RULES[action]
        fields = _fields_after(action, current, who=who, note=note, resolution=resolution)
        if current.status == rule.to and all(getattr(current, name) == value for name, value in fields.items()):
            return current
        if current.status not in rule.allowed_from:
            msg = f"an alert that is {current.status} cannot be changed by the action {action.value}"
            raise TransitionRefused(msg)
        if _set_if_unchanged(current, action, fields, who=who, note=note, resolution=resolution):
            return Alert.objects.get(pk=alert.pk)
    raise TransitionContended("others are changing this alert at the same moment; try again")


def _fields_after(
    action: Action, current: Alert, *, who: Who, note: str | None, resolution: Resolution | None
) -> dict[str, object]:
    """Return the columns that ``action`` decides, without the moment."""
    match action:
        case Action.ACKNOWLEDGE:
            return {"internal_notes": note or current.internal_notes}
        case Action.REOPEN:
            return {"resolution_type": None, "resolved_by": None, "internal_notes": note or current.internal_notes}
        case Action.RESOLVE | Action.MARK_SAFE:
            return {
                "resolution_type": None if resolution is None else resolution.value,
                "resolved_by": who.by,
                "internal_notes": note or current.internal_notes,
            }


def _set_if_unchanged(
    current: Alert,
    action: Action,
    fields: Mapping[str, object],
    *,
    who: Who,
    note: str | None,
    resolution: Resolution | None,
) -> bool:
    now = timezone.now()
    to_status = _RULES[action].to
    try:
        with transaction.atomic():
            changed = Alert.objects.filter(pk=current.pk, revision=current.revision).update(
                **fields,
                status=to_status,
                resolved_at=now if action is Action.RESOLVE else None,  # a dismissed alert has none (contract 2.5)
                updated_at=now,
                revision=current.revision + 1,
            )
            if changed == 1:
                AlertTransition.objects.create(
                    alert=current,
                    revision=current.revision + 1,
                    action=action,
                    from_status=current.status,
                    to_status=to_status,
                    resolution_type=None if resolution is None else resolution.value,
                    note=note,
                    by=who.by,
                    principal=who.principal,
                    at=now,
                )
    except IntegrityError as error:
        # The partial unique constraint: only a change back to an unsettled status can hit it.
        raise TransitionRefused("the incident has a newer open alert; work on that one") from error
    return changed == 1
