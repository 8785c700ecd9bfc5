"""One thing done to many alerts, in steps: each step changes a few hundred in one transaction and says how far it got.

Nobody waits for ten thousand alerts in one request: whoever asked calls for the next step until all were tried, and what was
begun can be gone on with after a restart. Each alert is changed only if it still has the revision that it had when it was
chosen. How it is taken back: bulk_undo.py.
"""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from litesoc_server.accounts.models import User
from litesoc_server.alerts.announcing import announce_decided
from litesoc_server.alerts.assignment import assignment
from litesoc_server.alerts.audited import record_bulk
from litesoc_server.alerts.change import Change, line_of, prune_history
from litesoc_server.alerts.feedback import FeedbackLimited, FeedbackParts, admit_feedback, confirm_logins_of
from litesoc_server.alerts.lifecycle import decision, is_allowed
from litesoc_server.alerts.models import UNSETTLED, Action, Alert, AlertTransition, BulkChange, Resolution
from litesoc_server.audit.by import By
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.principals import Who

TARGETS_MAX = 10_000
STEP = 200  # alerts in one transaction, some 0.1 s: others wait for it
SAFE_STEP = 50  # marking as safe asks the store and writes to the stream for each
KEPT_FOR = timedelta(days=1)  # longer than it can be undone; then only the histories tell of it
ATTEMPTS_MAX = 5  # against detections that open a newer alert at the same moment
# What an undo puts back.
RESTORED_FIELDS = ("status", "resolution_type", "resolved_by", "resolved_at", "internal_notes", "assignee_id")

BULK_ACTIONS = (Action.ACKNOWLEDGE, Action.RESOLVE, Action.MARK_SAFE, Action.REOPEN, Action.ASSIGN)


class Refusal(StrEnum):
    """Why an alert was not changed."""

    GONE = "gone"  # it does not exist any more
    CHANGED = "changed"  # somebody else changed it since it was chosen
    ALREADY = "already"  # it is as wanted
    STATUS = "status"  # its status does not allow it
    NEWER = "newer"  # its incident has a newer alert that is not settled
    LIMIT = "limit"  # too much feedback in this hour


class NothingChosen(Exception):
    """No alert was chosen."""


def start_bulk(
    org: Organization,
    environment: Environment,
    action: Action,
    targets: Sequence[tuple[uuid.UUID, int]],
    *,
    who: Who,
    resolution: Resolution | None = None,
    assignee: User | None = None,
    note: str | None = None,
) -> BulkChange:
    """Note what is to be done to ``targets``, at most TARGETS_MAX alerts with the revisions they have to have.

    Nothing is changed before `step_bulk`. Raises NothingChosen.
    """
    if not targets:
        raise NothingChosen("choose at least one alert")
    _forget_old(org)
    chosen = dict(targets[:TARGETS_MAX])
    return BulkChange.objects.create(
        org=org,
        environment=environment.value,
        action=action,
        resolution_type=None if resolution is None else resolution.value,
        assignee=assignee,
        note=note,
        by=who.by,
        principal=who.principal,
        targets=[[str(alert_id), revision] for alert_id, revision in chosen.items()],
        total_count=len(chosen),
    )


def _forget_old(org: Organization) -> None:
    old = BulkChange.objects.filter(org=org, created_at__lt=timezone.now() - KEPT_FOR)
    AlertTransition.objects.filter(bulk__in=old).update(before=None)
    old.delete()


def targets_among(alerts: QuerySet[Alert]) -> list[tuple[uuid.UUID, int]]:
    """Return the first TARGETS_MAX of ``alerts``, in their order, with their revisions now."""
    return list(alerts.values_list("id", "revision")[:TARGETS_MAX])


def get_bulk(org: Organization, environment: Environment, bulk_id: uuid.UUID) -> BulkChange:
    """Return one. Raises BulkChange.DoesNotExist when it is unknown, another organisation's, or too long ago."""
    return BulkChange.objects.get(org=org, environment=environment.value, id=bulk_id)


def step_bulk(bulk: BulkChange, *, parts: FeedbackParts, acting: By | None = None) -> BulkChange:
    """Try the next alerts; when ``finished_at`` is set all were tried, and calling again changes nothing.

    ``acting`` is who asks for the step, as the audit log records it.
    Each call is one transaction. Raises StoreUnavailable and StreamUnavailable (only where alerts are marked as safe) before
    the step has changed anything, and django.db.Error.
    """
    limited = _say_they_are_safe(bulk, parts) if bulk.action == Action.MARK_SAFE else frozenset()
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            with transaction.atomic():
                return _step(bulk, limited, acting)
        except IntegrityError:  # a newer alert of an incident was opened between look and change
            if attempt == ATTEMPTS_MAX:
                raise
    return bulk  # never reached: the last attempt returns or raises


def next_targets(bulk: BulkChange) -> dict[uuid.UUID, int]:
    """Return the alerts of the next step, with the revisions they have to have."""
    step = SAFE_STEP if bulk.action == Action.MARK_SAFE else STEP
    return {uuid.UUID(alert_id): revision for alert_id, revision in bulk.targets[bulk.tried_count :][:step]}


def _say_they_are_safe(bulk: BulkChange, parts: FeedbackParts) -> frozenset[uuid.UUID]:
    """Confirm the logins of the next alerts, and return those for which there was too much feedback."""
    targets = next_targets(bulk)
    limited = set()
    who = Who(by=bulk.by, principal=bulk.principal)
    for alert in Alert.objects.filter(org_id=bulk.org_id, environment=bulk.environment, id__in=targets):
        if alert.revision == targets[alert.id] and not change_of(bulk).is_done(alert):
            try:
                admit_feedback(OrgId(str(bulk.org_id)), parts)
            except FeedbackLimited:
                limited.add(alert.id)
            else:
                confirm_logins_of(alert, who=who, parts=parts)
    return frozenset(limited)


def _step(named: BulkChange, limited: frozenset[uuid.UUID], acting: By | None) -> BulkChange:
    bulk = BulkChange.objects.select_for_update().get(pk=named.pk)  # two requests for the same step: the second waits
    if bulk.tried_count != named.tried_count or bulk.finished_at is not None:
        return bulk
    targets = next_targets(bulk)
    change = change_of(bulk, acting=acting)
    of_org = Alert.objects.filter(org_id=bulk.org_id, environment=bulk.environment)
    found = {alert.id: alert for alert in locked(of_org.filter(id__in=targets))}
    newer = with_newer(list(found.values())) if change.action is Action.REOPEN else frozenset()
    refused: Counter[str] = Counter(bulk.refused)
    changing: list[Alert] = []
    for alert_id, revision in targets.items():
        refusal = _refusal(found.get(alert_id), revision, change)
        if refusal is None and alert_id in newer:
            refusal = Refusal.NEWER
        if refusal is None and alert_id in limited:
            refusal = Refusal.LIMIT
        if refusal is None:
            changing.append(found[alert_id])
        else:
            refused[refusal.value] += 1
    _change_all(changing, change, bulk)
    bulk.tried_count += len(targets)
    bulk.changed_count += len(changing)
    bulk.refused = dict(refused)
    if bulk.tried_count >= bulk.total_count:
        bulk.finished_at, bulk.targets = timezone.now(), []
    bulk.save(update_fields=["tried_count", "changed_count", "refused", "finished_at", "targets"])
    return bulk


def change_of(bulk: BulkChange, *, acting: By | None = None) -> Change:
    """Return what is done to each alert."""
    who = Who(by=bulk.by, principal=bulk.principal, acting=acting)
    if bulk.action == Action.ASSIGN:
        return assignment(bulk.assignee, who=who)
    resolution = None if bulk.resolution_type is None else Resolution(bulk.resolution_type)
    return decision(Action(bulk.action), who=who, note=bulk.note, resolution=resolution)


def locked(alerts: QuerySet[Alert]) -> QuerySet[Alert]:
    """Return ``alerts`` without incidents, in one order for all, so that nobody else changes them in this transaction."""
    return alerts.select_for_update().order_by("pk").defer("incident_data")


def with_newer(alerts: Sequence[Alert]) -> frozenset[uuid.UUID]:
    """Return which of ``alerts``, of one organisation and environment, cannot be opened again.

    That are those whose incident has another alert that is not settled, or a later one among ``alerts``.
    """
    if not alerts:
        return frozenset()
    keys = {alert.incident_key for alert in alerts}
    of_org = Alert.objects.filter(org_id=alerts[0].org_id, environment=alerts[0].environment, incident_key__in=keys)
    taken = dict(of_org.filter(status__in=UNSETTLED).values_list("incident_key", "id"))
    for alert in sorted(alerts, key=lambda one: (one.created_at, one.id), reverse=True):
        taken.setdefault(alert.incident_key, alert.id)
    return frozenset(alert.id for alert in alerts if taken[alert.incident_key] != alert.id)


def _refusal(alert: Alert | None, revision: int, change: Change) -> Refusal | None:
    if alert is None:
        return Refusal.GONE
    if alert.revision != revision:
        return Refusal.CHANGED
    if change.is_done(alert):
        return Refusal.ALREADY
    if change.action is not Action.ASSIGN and not is_allowed(change.action, alert.status):
        return Refusal.STATUS
    return None


def _change_all(alerts: Sequence[Alert], change: Change, bulk: BulkChange) -> None:
    """Change all of them at once: they are locked, and what the change sets is the same for each."""
    at = timezone.now()
    ids = [alert.id for alert in alerts]
    Alert.objects.filter(id__in=ids).update(**change.columns(at), revision=F("revision") + 1)
    lines = []
    for alert in alerts:
        line = line_of(change, alert, at)
        line.bulk, line.before = bulk, columns_before(alert)
        lines.append(line)
    AlertTransition.objects.bulk_create(lines)
    for alert in alerts:
        prune_history(alert)
    announce_decided(alerts)
    record_bulk(bulk, alerts, lines, change.who)


def columns_before(alert: Alert) -> Mapping[str, object]:
    """Return what an undo puts back, as JSON holds it."""
    values = {name: getattr(alert, name) for name in RESTORED_FIELDS}
    return {
        **values,
        "resolved_at": None if alert.resolved_at is None else alert.resolved_at.isoformat(),
        "assignee_id": None if alert.assignee_id is None else str(alert.assignee_id),
    }
