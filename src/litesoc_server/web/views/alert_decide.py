"""What a member decides about one alert: its status, and whose it is."""

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect

from litesoc_server.alerts.assignment import assign as assign_alert
from litesoc_server.alerts.bulk import Refusal
from litesoc_server.alerts.bulk_undo import UndoRefused, start_undo, step_undo
from litesoc_server.alerts.change import TransitionContended, TransitionRefused
from litesoc_server.alerts.feedback import FeedbackLimited
from litesoc_server.alerts.models import Action, Alert, AlertTransition
from litesoc_server.alerts.undoable import decide_on_one, last_decision
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
_NOT_UNDONE = (
    "Nothing was undone: it was decided more than 15 minutes ago, the alert was changed since, or its incident has a newer "
    "open alert."
)
_UNDONE_SAFE = (
    "Undone: the alert is as it was before. Its logins stay confirmed: where one was not its owner's, say so in the "
    "evidence."
)
LIMITED = "Your organisation has given as much feedback as it may in an hour. Try again later, or resolve the alert instead."
CONTENDED = "Others are changing this alert at the same moment. Try again."
_REFUSED = {
    Refusal.GONE: "The alert does not exist any more.",
    Refusal.CHANGED: CONTENDED,
    Refusal.STATUS: "Its status does not allow that.",
    Refusal.NEWER: "The incident has a newer open alert: work on that one.",
    Refusal.LIMIT: LIMITED,
}


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
def undo(request: PageRequest, member: Member, alert_id: uuid.UUID) -> HttpResponse:
    """Take back what was decided last, if nothing has happened to the alert since."""
    found = find_alert(member, alert_id)

    def carry_out() -> str:
        decided = last_decision(found)
        if decided is None or step_undo(start_undo(decided), who=member.who).undone_count == 0:
            raise FormRefused(_NOT_UNDONE)
        return _UNDONE_SAFE if decided.action == Action.MARK_SAFE else "Undone: the alert is as it was before."

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
    except (FormRefused, TransitionRefused, UndoRefused) as error:
        messages.warning(request, _sentence(str(error)))
    except FeedbackLimited:
        messages.warning(request, LIMITED)
    except TransitionContended:
        messages.warning(request, CONTENDED)
    filters = request.GET.urlencode()
    address = member.url("alert", alert_id=alert_id)
    return HttpResponseRedirect(f"{address}{'?' if filters else ''}{filters}{'#' if part else ''}{part}")


def _carry_out(found: Alert, action: Action, request: PageRequest, member: Member) -> None:
    resolution = resolution_of(request.POST) if action is Action.RESOLVE else None
    refusal = decide_on_one(
        found, action, who=member.who, note=note_of(request.POST), resolution=resolution, parts=feedback_parts(member)
    )
    if refusal is not None:
        raise FormRefused(_REFUSED[refusal])


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
