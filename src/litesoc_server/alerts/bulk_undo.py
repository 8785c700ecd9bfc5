"""Taking back what was done to many alerts, in steps like bulk.py.

Put back is exactly what the change left behind: an alert that anybody has changed since then stays as it is.
"""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import cast

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from litesoc_server.accounts.models import User
from litesoc_server.alerts.announcing import announce_decided
from litesoc_server.alerts.audited import record_bulk
from litesoc_server.alerts.bulk import ATTEMPTS_MAX, RESTORED_FIELDS, STEP, locked, with_newer
from litesoc_server.alerts.change import Change, line_of, prune_history
from litesoc_server.alerts.models import UNSETTLED, Action, Alert, AlertTransition, BulkChange, Status
from litesoc_server.orgs.principals import Who

UNDONE_WITHIN = timedelta(minutes=15)  # after it was finished: a slip is noticed at once


class UndoRefused(Exception):
    """It cannot be undone (any more); the text is for people."""


def can_be_undone(bulk: BulkChange) -> bool:
    """Return whether an undo may begin now."""
    return (
        bulk.finished_at is not None
        and bulk.undo_started_at is None
        and bulk.changed_count > 0
        and timezone.now() <= bulk.finished_at + UNDONE_WITHIN
    )


def start_undo(bulk: BulkChange) -> BulkChange:
    """Begin to take ``bulk`` back; a second time is as good as once. The steps change something. Raises UndoRefused."""
    if bulk.undo_started_at is None:
        if not can_be_undone(bulk):
            minutes = UNDONE_WITHIN // timedelta(minutes=1)
            text = f"this can be undone for {minutes} minutes after it was done"
            raise UndoRefused(text)
        BulkChange.objects.filter(pk=bulk.pk, undo_started_at=None).update(undo_started_at=timezone.now())
        bulk.refresh_from_db()
    return bulk


def step_undo(bulk: BulkChange, *, who: Who) -> BulkChange:
    """Put the next alerts back; when ``undo_finished_at`` is set all were tried. Raises django.db.Error."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            with transaction.atomic():
                return _step(bulk, who)
        except IntegrityError:  # a newer alert of an incident was opened between look and change
            if attempt == ATTEMPTS_MAX:
                raise
    return bulk  # never reached: the last attempt returns or raises


def _step(named: BulkChange, who: Who) -> BulkChange:
    bulk = BulkChange.objects.select_for_update().get(pk=named.pk)
    if bulk.undo_started_at is None or bulk.undo_finished_at is not None or bulk.undo_tried_id != named.undo_tried_id:
        return bulk
    lines = list(bulk.transitions.filter(pk__gt=bulk.undo_tried_id).order_by("pk")[:STEP])
    found = {alert.id: alert for alert in locked(Alert.objects.filter(id__in=[line.alert_id for line in lines]))}
    unchanged = [line for line in lines if found[line.alert_id].revision == line.revision]
    restorable = _restorable(unchanged, found)
    _put_back(bulk, restorable, found, who)
    bulk.undone_count += len(restorable)
    bulk.not_undone_count += len(lines) - len(restorable)
    if lines:
        bulk.undo_tried_id = lines[-1].pk
    if len(lines) < STEP:
        bulk.undo_finished_at = timezone.now()
    bulk.save(update_fields=["undone_count", "not_undone_count", "undo_tried_id", "undo_finished_at"])
    return bulk


def _restorable(lines: Sequence[AlertTransition], found: Mapping[uuid.UUID, Alert]) -> list[AlertTransition]:
    """Leave out what cannot be open again, because its incident has a newer alert."""
    opened_again = [
        found[line.alert_id]
        for line in lines
        if _before(line)["status"] in UNSETTLED and found[line.alert_id].status not in UNSETTLED
    ]
    newer = with_newer(opened_again)
    return [line for line in lines if line.alert_id not in newer]


def _put_back(bulk: BulkChange, lines: Sequence[AlertTransition], found: Mapping[uuid.UUID, Alert], who: Who) -> None:
    at = timezone.now()
    assignees = {str(_before(line)["assignee_id"]) for line in lines if _before(line)["assignee_id"] is not None}
    still_there = {str(user_id) for user_id in User.objects.filter(id__in=assignees).values_list("id", flat=True)}
    undone, alike = [], defaultdict[tuple[object, ...], list[uuid.UUID]](list)
    for line in lines:
        alert, before = found[line.alert_id], dict(_before(line))
        if before["assignee_id"] not in still_there:
            before["assignee_id"] = None  # a foreign key to somebody who is gone
        change = Change(action=Action.UNDO, who=who, to=Status(str(before["status"])), subject=line.action)
        undone.append(line_of(change, alert, at))
        alike[tuple(before[name] for name in RESTORED_FIELDS)].append(alert.id)
    for values, ids in alike.items():
        Alert.objects.filter(id__in=ids).update(
            **dict(zip(RESTORED_FIELDS, values, strict=True)), updated_at=at, revision=F("revision") + 1
        )
    AlertTransition.objects.bulk_create(undone)
    for line in lines:
        prune_history(found[line.alert_id])
    announce_decided([found[line.alert_id] for line in lines])
    record_bulk(bulk, [found[line.alert_id] for line in lines], undone, who)


def _before(line: AlertTransition) -> Mapping[str, object]:
    assert line.before is not None, "every line of a bulk change has it"
    return cast("Mapping[str, object]", line.before)
