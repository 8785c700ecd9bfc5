"""Comments on an alert."""

import uuid
from collections.abc import Callable

from django.http import Http404, HttpResponse

from litesoc_server.alerts.comments import (
    CommentRefused,
    add_comment,
    delete_comment,
    edit_comment,
    get_comment,
    restore_comment,
)
from litesoc_server.alerts.models import AlertComment
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.alerts.bulk_form import FormRefused
from litesoc_server.web.alerts.find import find_alert
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.views.alert_decide import answered

PART = "history"


@page(Permission.TRIAGE, methods=("POST",))
def add(request: PageRequest, member: Member, alert_id: uuid.UUID) -> HttpResponse:
    """Write a comment."""
    found = find_alert(member, alert_id)

    def carry_out() -> str:
        add_comment(found, request.POST.get("text", ""), author=member.user)
        return "Your comment is there."

    return _answered(request, member, alert_id, carry_out)


@page(Permission.TRIAGE, methods=("POST",))
def change(request: PageRequest, member: Member, alert_id: uuid.UUID, comment_id: uuid.UUID) -> HttpResponse:
    """Edit, delete or restore one's own comment."""
    comment = _find(member, alert_id, comment_id)

    def carry_out() -> str:
        match request.POST.get("do"):
            case "delete":
                delete_comment(comment, author=member.user)
                return "Your comment is deleted. For 15 minutes you can restore it in the history."
            case "restore":
                restore_comment(comment, author=member.user)
                return "Your comment is back."
            case _:
                edit_comment(comment, request.POST.get("text", ""), author=member.user)
                return "Your comment is changed."

    return _answered(request, member, alert_id, carry_out)


def _find(member: Member, alert_id: uuid.UUID, comment_id: uuid.UUID) -> AlertComment:
    try:
        return get_comment(find_alert(member, alert_id), str(comment_id))
    except AlertComment.DoesNotExist as error:
        raise Http404 from error


def _answered(request: PageRequest, member: Member, alert_id: uuid.UUID, carry_out: Callable[[], str]) -> HttpResponse:
    def with_refusal() -> str:
        try:
            return carry_out()
        except CommentRefused as error:
            raise FormRefused(str(error)) from error

    return answered(request, member, alert_id, with_refusal, part=PART)
