"""What people do to alerts, in the audit log."""

from collections.abc import Mapping, Sequence

from litesoc_server.alerts.models import Action, Alert, AlertTransition, BulkChange
from litesoc_server.audit.actions import Action as Recorded
from litesoc_server.audit.by import Target
from litesoc_server.audit.record import record
from litesoc_server.orgs.principals import Who

# Suppressing from an alert is an act on the suppression, which is recorded there.
_RECORDED: Mapping[str, Recorded] = {
    Action.ACKNOWLEDGE: Recorded.ALERT_ACKNOWLEDGED,
    Action.RESOLVE: Recorded.ALERT_RESOLVED,
    Action.MARK_SAFE: Recorded.ALERT_DISMISSED,
    Action.REOPEN: Recorded.ALERT_REOPENED,
    Action.ASSIGN: Recorded.ALERT_ASSIGNED,
    Action.UNDO: Recorded.ALERT_UNDONE,
    Action.CONFIRM_LOGIN: Recorded.LOGIN_CONFIRMED,
    Action.DENY_LOGIN: Recorded.LOGIN_DENIED,
}


def record_line(alert: Alert, line: AlertTransition, who: Who) -> None:
    """Record what ``line`` says was done to ``alert``; in the transaction of that."""
    if line.action not in _RECORDED:
        return
    record(
        org_id=alert.org_id,
        action=_RECORDED[line.action],
        by=who.audit_by,
        target=Target(kind="alert", id=str(alert.id), name=alert.title),
        changes=_changes(line),
        note=line.note,
    )


def record_bulk(bulk: BulkChange, alerts: Sequence[Alert], lines: Sequence[AlertTransition], who: Who) -> None:
    """Record one step of what was done to many alerts as one act; what was done to a single one as that."""
    if bulk.total_count == 1:
        for alert, line in zip(alerts, lines, strict=True):
            record_line(alert, line, who)
    elif lines:
        ids = [str(alert.id) for alert in alerts]
        record(
            org_id=bulk.org_id,
            action=_RECORDED[lines[0].action],
            by=who.audit_by,
            target=Target(kind="alerts", id=str(bulk.id)),
            changes={"alerts_count": (None, len(ids)), "alerts": (None, ids), **_same(lines[0])},
            note=lines[0].note,
        )


def _changes(line: AlertTransition) -> Mapping[str, tuple[object, object]]:
    """Return what a line changed; only what it did change."""
    status = {} if line.from_status == line.to_status else {"status": (line.from_status, line.to_status)}
    return {**status, **_same(line)}


def _same(line: AlertTransition) -> Mapping[str, tuple[object, object]]:
    """Return what a line says that is the same for all alerts of a bulk change."""
    match line.action:
        case Action.ASSIGN:
            return {"assignee": (None, line.subject)}
        case Action.RESOLVE:
            return {"resolution": (None, line.resolution_type)}
        case Action.CONFIRM_LOGIN | Action.DENY_LOGIN:
            return {"login": (None, line.subject)}
        case _:
            return {}
