"""A decision on one alert that can be taken back for a while: a bulk change of one."""

from litesoc_server.alerts.bulk import Refusal, start_bulk, step_bulk
from litesoc_server.alerts.bulk_undo import can_be_undone
from litesoc_server.alerts.feedback import FeedbackParts
from litesoc_server.alerts.models import Action, Alert, AlertTransition, BulkChange, Resolution
from litesoc_server.events.envelope import Environment
from litesoc_server.orgs.principals import Who


def decide_on_one(
    alert: Alert, action: Action, *, who: Who, note: str | None, resolution: Resolution | None, parts: FeedbackParts
) -> Refusal | None:
    """Decide on ``alert`` if it still is as it was read, and return why not if not.

    Raises StoreUnavailable and StreamUnavailable (only where it is marked as safe) before anything is changed.
    """
    bulk = start_bulk(
        alert.org,
        Environment(alert.environment),
        action,
        [(alert.id, alert.revision)],
        who=who,
        resolution=resolution,
        note=note,
    )
    refused = step_bulk(bulk, parts=parts, acting=who.acting).refused
    return next((Refusal(reason) for reason in refused if reason != Refusal.ALREADY), None)


def last_decision(alert: Alert) -> BulkChange | None:
    """Return what was done last to ``alert``, if that was a decision on it alone which can be undone now."""
    lines = AlertTransition.objects.filter(alert=alert, revision=alert.revision, bulk__total_count=1)
    line = lines.select_related("bulk").first()
    return line.bulk if line is not None and line.bulk is not None and can_be_undone(line.bulk) else None
