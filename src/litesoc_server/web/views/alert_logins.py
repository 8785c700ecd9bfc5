"""What a member says of a login in an alert: its owner's, or not."""

import uuid

from django.http import Http404, HttpResponse

from litesoc_server import backend
from litesoc_server.alerts.feedback import NotALogin
from litesoc_server.alerts.login_verdict import LoginVerdict, say_in_alert
from litesoc_server.alerts.models import Alert
from litesoc_server.events.event import Event
from litesoc_server.events.ids import EventId
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.alerts.bulk_form import FormRefused
from litesoc_server.web.alerts.find import find_alert
from litesoc_server.web.feedback_parts import feedback_parts
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.views.alert_decide import answered

_SAID = {
    LoginVerdict.CONFIRMED: "Noted: the login was its owner's. Its network and device count as theirs from now on.",
    LoginVerdict.DENIED: "Noted: the login was not its owner's. It stays suspicious to the detectors.",
}


@page(Permission.TRIAGE, methods=("POST",))
def say(request: PageRequest, member: Member, alert_id: uuid.UUID, event_id: uuid.UUID) -> HttpResponse:
    """Say it."""
    found = find_alert(member, alert_id)
    login = _login(found, member, EventId(str(event_id)))

    def carry_out() -> str:
        try:
            verdict = LoginVerdict(request.POST.get("verdict", ""))
            say_in_alert(found, login, verdict, who=member.who, note=None, parts=feedback_parts(member))
        except NotALogin as error:
            raise FormRefused("Only of a login whose actor is named can this be said.") from error
        except ValueError as error:
            raise FormRefused("Say whether the login was its owner's.") from error
        return _SAID[verdict]

    return answered(request, member, alert_id, carry_out, part="evidence")


def _login(found: Alert, member: Member, event_id: EventId) -> Event:
    """Return an event of the alert's own evidence. Raises Http404, StoreUnavailable."""
    incident = found.incident
    if event_id not in {*incident.event_ids, *(finding.trigger_event_id for finding in incident.findings)}:
        raise Http404
    login = backend.current().reader.get_event(org_id=member.org_id, event_id=event_id, not_before_ms=member.not_before_ms)
    if login is None or login.environment is not member.environment:
        raise Http404
    return login
