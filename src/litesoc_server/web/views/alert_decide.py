"""What a member decides about one alert: its status, and whose it is."""

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect

from litesoc_server.alerts.assignment import assign as assign_alert
from litesoc_server.alerts.change import TransitionContended, TransitionRefused
from litesoc_server.alerts.feedback import FeedbackLimited
from litesoc_server.alerts.lifecycle import acknowledge, reopen, resolve
from litesoc_server.alerts.models import Action, Alert, AlertTransition
from litesoc_server.alerts.safe import mark_safe_and_confirm
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.alerts.bulk_form import FormRefused, assignee_of, note_of, resolution_of
from litesoc_server.web.alerts.find import find_alert
from litesoc_server.web.alerts.told import change_words
from litesoc_server.web.feedback_parts import feedback_parts
from litesoc_server.web.member import Member, PageRequest, page

_DONE = {
    Action.ACKNOWLEDGE: "The alert is acknowledged.",
    Action.RESOLVE: "The alert is resolved.",
    Action.MARK_SAFE: "The alert is marked safe, and its logins are known as their owners' own.",
    Action.REOPEN: "The alert is open again.",
}
LIMITED = "Your organisation has given as much feedback as it may in an hour. Try again later, or resolve the alert instead."
CONTENDED = "Others are changing this alert at the same moment. Try again."


@page(Permission.TRIAGE, methods=("POST",))
def decide(request: PageRequest, member: Member, alert_id: uuid.UUID) -> HttpResponse:
    """Acknowledge, resolve, mark safe or reopen, if the alert is still as the member saw it."""
    found = find_alert(member, alert_id)

    def carry_out() -> str:
        action = _action(request.POST.get("action", ""))
        _require_seen(found, request.POST.get("revision", ""))
        _carry_out(found, action, request, member)
        return _DONE[action]

    return answered(request, member, alert_id, carry_out)


@page(Permission.TRIAGE, methods=("POST",))
def assign(request: PageRequest, member: Member, alert_id: uuid.UUID) -> HttpResponse:
    """Give the alert to a member, or to nobody."""
    found = find_alert(member, alert_id)

    def carry_out() -> str:
        assignee = assignee_of(request.POST, member)
        assign_alert(found, assignee, who=member.who)
        if assignee is None:
            return "Nobody has the alert now."
        return "The alert is yours." if assignee == member.user else "The alert is assigned."

    return answered(request, member, alert_id, carry_out)


def answered(
    request: PageRequest, member: Member, alert_id: uuid.UUID, carry_out: Callable[[], str], *, part: str = ""
) -> HttpResponse:
    """Do something and go back to the alert, to a part of its page, with a word on what came of it."""
    try:
        messages.success(request, carry_out())
    except (FormRefused, TransitionRefused) as error:
        messages.warning(request, _sentence(str(error)))
    except FeedbackLimited:
        messages.warning(request, LIMITED)
    except TransitionContended:
        messages.warning(request, CONTENDED)
    filters = request.GET.urlencode()
    address = member.url("alert", alert_id=alert_id)
    return HttpResponseRedirect(f"{address}{'?' if filters else ''}{filters}{'#' if part else ''}{part}")


def _carry_out(found: Alert, action: Action, request: PageRequest, member: Member) -> None:
    who, note = member.who, note_of(request.POST)
    match action:
        case Action.RESOLVE:
            resolve(found, resolution=resolution_of(request.POST), who=who, note=note)
        case Action.MARK_SAFE:
            mark_safe_and_confirm(found, who=who, note=note, parts=feedback_parts(member))
        case Action.REOPEN:
            reopen(found, who=who, note=note)
        case _:
            acknowledge(found, who=who, note=note)


def _action(text: str) -> Action:
    if text not in _DONE:
        raise FormRefused("Choose what to do with the alert.")
    return Action(text)


def _require_seen(found: Alert, revision: str) -> None:
    """Refuse to decide about something else than what the member looked at: somebody may have been faster."""
    if revision == str(found.revision):
        return
    last = AlertTransition.objects.filter(alert=found).last()
    what = "This alert was changed" if last is None else f"Meanwhile {last.by} {change_words(last)}"
    text = f"{what}. Nothing else was changed: have a look at the history, and decide again if you still want to."
    raise FormRefused(text)


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."
