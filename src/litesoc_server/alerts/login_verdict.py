"""What owners say of their logins in an alert: the detectors hear it, and the alert's history has it."""

from enum import StrEnum

from litesoc_server.alerts.change import Change
from litesoc_server.alerts.feedback import FeedbackParts, say_of_login
from litesoc_server.alerts.lifecycle import carry_out
from litesoc_server.alerts.models import Action, Alert, AlertTransition
from litesoc_server.events.catalog import LOGIN_CONFIRMED, LOGIN_DENIED
from litesoc_server.events.event import Event
from litesoc_server.events.ids import EventId
from litesoc_server.orgs.principals import Who


class LoginVerdict(StrEnum):
    """What somebody says of a login."""

    CONFIRMED = "confirmed"  # this was me
    DENIED = "denied"  # this was not me


_SAID = {
    LoginVerdict.CONFIRMED: (LOGIN_CONFIRMED, Action.CONFIRM_LOGIN),
    LoginVerdict.DENIED: (LOGIN_DENIED, Action.DENY_LOGIN),
}
_VERDICTS = {action: verdict for verdict, (_, action) in _SAID.items()}


def say_in_alert(
    alert: Alert, login: Event, verdict: LoginVerdict, *, who: Who, note: str | None, parts: FeedbackParts
) -> Alert:
    """Give feedback on ``login``, an event of the evidence, and note it in the history of ``alert``. The last word counts.

    Raises NotALogin, FeedbackLimited, StreamUnavailable before anything is noted, and TransitionContended.
    """
    name, action = _SAID[verdict]
    say_of_login(login, name, who=who, note=note, parts=parts)
    return carry_out(alert, Change(action=action, who=who, note=note, subject=login.event_id))


def verdicts_in(alert: Alert) -> dict[EventId, LoginVerdict]:
    """Return what was last said of logins in the alert's history."""
    said = AlertTransition.objects.filter(alert=alert, action__in=list(_VERDICTS)).order_by("revision")
    return {EventId(line.subject): _VERDICTS[Action(line.action)] for line in said if line.subject is not None}
