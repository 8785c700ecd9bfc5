"""Marking an alert as safe tells the detectors, too: the logins in it were their owners' own."""

from litesoc_server.alerts.feedback import FeedbackParts, admit_feedback, confirm_logins_of
from litesoc_server.alerts.lifecycle import mark_safe
from litesoc_server.alerts.models import Alert
from litesoc_server.events.ids import OrgId
from litesoc_server.orgs.principals import Who


def mark_safe_and_confirm(alert: Alert, *, who: Who, note: str | None, parts: FeedbackParts) -> Alert:
    """Dismiss an alert that was none, and confirm the logins among its evidence. It counts as one piece of feedback.

    Raises FeedbackLimited, StoreUnavailable, StreamUnavailable before anything is changed, and TransitionContended.
    """
    admit_feedback(OrgId(str(alert.org_id)), parts)
    confirm_logins_of(alert, who=who, parts=parts)
    return mark_safe(alert, who=who, note=note)
