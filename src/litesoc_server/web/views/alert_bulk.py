"""One thing done to many alerts: begun by a form, carried on in steps by the page, and taken back."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from litesoc_server.alerts.bulk import NothingChosen, get_bulk, start_bulk, step_bulk
from litesoc_server.alerts.bulk_undo import UndoRefused, can_be_undone, start_undo, step_undo
from litesoc_server.alerts.models import BulkChange
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.alerts.bulk_form import FormRefused, bulk_wanted
from litesoc_server.web.alerts.bulk_words import done_words, refused_words, undone_words
from litesoc_server.web.feedback_parts import feedback_parts
from litesoc_server.web.fragments import is_fragment
from litesoc_server.web.member import Member, PageRequest, page

CHANGED = "alerts-changed"  # the event by which lists on the page hear that they are out of date


@page(Permission.TRIAGE, methods=("POST",))
def start(request: PageRequest, member: Member) -> HttpResponse:
    """Begin. With scripts the first step is done and the rest is asked for; without, all of it is done before answering."""
    try:
        wanted = bulk_wanted(request.POST, request.GET, member)
        bulk = start_bulk(
            member.org,
            member.environment,
            wanted.action,
            wanted.targets,
            who=member.who,
            resolution=wanted.resolution,
            assignee=wanted.assignee,
            note=wanted.note,
        )
    except (FormRefused, NothingChosen) as error:
        return _refused(request, member, str(error))
    if is_fragment(request):
        return _shown(request, _step(bulk, member))
    while bulk.finished_at is None:
        bulk = _step(bulk, member)
    messages.success(request, ". ".join([done_words(bulk), *refused_words(bulk)]) + ".")
    return HttpResponseRedirect(_list_url(request, member))


@page(Permission.TRIAGE, methods=("POST",))
def step(request: PageRequest, member: Member, bulk_id: uuid.UUID) -> HttpResponse:
    """Do the next step."""
    return _shown(request, _step(_find(member, bulk_id), member))


@page(Permission.TRIAGE, methods=("POST",))
def undo(request: PageRequest, member: Member, bulk_id: uuid.UUID) -> HttpResponse:
    """Take it back, a step at a time."""
    bulk = _find(member, bulk_id)
    try:
        bulk = step_undo(start_undo(bulk), who=member.who)
    except UndoRefused as error:
        return render(request, "web/alerts/refused.html", {"text": str(error)})
    return _shown(request, bulk)


def _find(member: Member, bulk_id: uuid.UUID) -> BulkChange:
    try:
        return get_bulk(member.org, member.environment, bulk_id)
    except BulkChange.DoesNotExist as error:
        raise Http404 from error


def _step(bulk: BulkChange, member: Member) -> BulkChange:
    return step_bulk(bulk, parts=feedback_parts(member), acting=member.acting)


def _shown(request: PageRequest, bulk: BulkChange) -> HttpResponse:
    """Show how far it got; the list is told to look again when all is done."""
    context = {
        "bulk": bulk,
        "done": done_words(bulk),
        "refused": refused_words(bulk),
        "undone": undone_words(bulk),
        "can_be_undone": can_be_undone(bulk),
        "tried_back": bulk.undone_count + bulk.not_undone_count,
    }
    response = render(request, "web/alerts/bulk.html", context)
    is_going_on = bulk.finished_at is None or (bulk.undo_started_at is not None and bulk.undo_finished_at is None)
    if not is_going_on:
        response["HX-Trigger"] = CHANGED
    return response


def _refused(request: PageRequest, member: Member, text: str) -> HttpResponse:
    if is_fragment(request):
        return render(request, "web/alerts/refused.html", {"text": text})
    messages.error(request, text)
    return HttpResponseRedirect(_list_url(request, member))


def _list_url(request: PageRequest, member: Member) -> str:
    query = request.GET.urlencode()
    return f"{member.url('alerts')}?{query}" if query else member.url("alerts")
