"""The one way in which people change alerts: compare-and-set on the revision, each change with its line in the history."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from litesoc_server.alerts.announcing import announce_decided
from litesoc_server.alerts.audited import record_line
from litesoc_server.alerts.models import Action, Alert, AlertTransition, Resolution, Status
from litesoc_server.orgs.principals import Who

ATTEMPTS_MAX = 20  # against others who change the same alert at the same time
# A tool that decides over and over must not fill the disk, and must not be refused either, since the last word counts. So of
# a longer history its beginning and its end are kept: what lies between tells the least.
HISTORY_MAX = 1_000  # lines kept for one alert
HISTORY_BEGINNING = 100  # of them, of its beginning

_DECISIONS = frozenset({Action.ACKNOWLEDGE, Action.RESOLVE, Action.MARK_SAFE, Action.REOPEN})


class TransitionRefused(Exception):
    """The alert's status does not allow the action; the text is for people."""


class TransitionContended(Exception):
    """Others kept changing the alert at the same moment: try again."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is to be done to an alert."""

    action: Action
    who: Who
    to: Status | None = None  # None: the status stays
    fields: Mapping[str, object] = field(default_factory=dict)  # columns that it decides, without moments
    resolution: Resolution | None = None
    note: str | None = None
    subject: str | None = None  # see AlertTransition

    def columns(self, at: datetime) -> dict[str, object]:
        """Return every column that changes when this is done ``at`` a moment, but for the revision."""
        columns: dict[str, object] = {**self.fields, "updated_at": at}
        if self.to is not None:
            columns["status"] = self.to
        if self.action in _DECISIONS:
            columns["resolved_at"] = at if self.action is Action.RESOLVE else None  # a dismissed one has none (contract 2.5)
        return columns

    def is_done(self, alert: Alert) -> bool:
        """Return whether ``alert`` is already as this would make it; what only leaves a line never is."""
        decides = self.to is not None or bool(self.fields)
        return (
            decides
            and (self.to is None or alert.status == self.to)
            and all(getattr(alert, name) == value for name, value in self.fields.items())
        )


def line_of(change: Change, before: Alert, at: datetime) -> AlertTransition:
    """Return the line in the history, not saved, of doing ``change`` to what ``before`` is."""
    return AlertTransition(
        alert_id=before.pk,
        revision=before.revision + 1,
        action=change.action,
        from_status=before.status,
        to_status=before.status if change.to is None else change.to,
        resolution_type=None if change.resolution is None else change.resolution.value,
        note=change.note,
        subject=change.subject,
        by=change.who.by,
        principal=change.who.principal,
        at=at,
    )


def set_if_unchanged(current: Alert, change: Change) -> bool:
    """Do ``change`` if the alert still has the revision of ``current``; return whether it had.

    Raises TransitionRefused when it would open an alert again whose incident has a newer one that is not settled.
    """
    at = timezone.now()
    try:
        with transaction.atomic():
            unchanged = Alert.objects.filter(pk=current.pk, revision=current.revision)
            if unchanged.update(**change.columns(at), revision=current.revision + 1) == 0:
                return False
            line = line_of(change, current, at)
            line.save(force_insert=True)
            prune_history(current)
            announce_decided([current])
            record_line(current, line, change.who)
    except IntegrityError as error:
        # The partial unique constraint: only a change back to an unsettled status can hit it.
        raise TransitionRefused("the incident has a newer open alert; work on that one") from error
    return True


def prune_history(current: Alert) -> None:
    """Keep the history of an alert within HISTORY_MAX after one line more than ``current`` had."""
    revision = current.revision + 1
    if revision > HISTORY_MAX:
        between = {"revision__gt": HISTORY_BEGINNING, "revision__lte": revision - HISTORY_MAX + HISTORY_BEGINNING}
        AlertTransition.objects.filter(alert_id=current.pk, **between).delete()
