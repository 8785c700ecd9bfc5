"""What is done to saved views: keep, rename, delete, and bring back."""

from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from litesoc_server.orgs.models import ListedPage, SavedView
from litesoc_server.orgs.saved_views import SavedViewRefused, get_changeable_view, rename_view, save_view
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.saved_views import search_in
from litesoc_server.web.undo_message import say_with_undo

_SALT = "litesoc.saved-view"
_UNDO_MAX_S = 3_600


@page(methods=("POST",))
def save(request: PageRequest, member: Member) -> HttpResponse:
    """Keep the search that the form carries."""
    listed = _listed(str(request.POST.get("page", "")))
    parameters = search_in(str(request.POST.get("parameters", "")))
    try:
        view = _keep(member, listed, str(request.POST.get("name", "")), parameters, is_shared="is_shared" in request.POST)
    except SavedViewRefused as refusal:
        messages.warning(request, str(refusal))
        return _to_list(member, listed, parameters)
    messages.success(request, f"Saved as “{view.name}”.")
    return _to_list(member, listed, parameters)


@page(methods=("POST",))
def rename(request: PageRequest, member: Member, view_id: UUID) -> HttpResponse:
    """Give a view another name."""
    view = _find(member, view_id)
    former = view.name
    try:
        rename_view(view, str(request.POST.get("name", "")))
    except SavedViewRefused as refusal:
        messages.warning(request, str(refusal))
    else:
        undo = member.url("saved_view_rename", None, view_id=view.id)
        say_with_undo(request, f"Renamed to “{view.name}”.", undo, name=former)
    return _to_list(member, ListedPage(view.page), view.parameters)


@page(methods=("POST",))
def delete(request: PageRequest, member: Member, view_id: UUID) -> HttpResponse:
    """Delete a view; for an hour it can be brought back."""
    view = _find(member, view_id)
    view.delete()
    kept = {
        "org": str(member.org.pk),
        "user": str(member.user.pk),
        "page": view.page,
        "name": view.name,
        "parameters": view.parameters,
        "is_shared": view.is_shared,
    }
    token = signing.dumps(kept, salt=_SALT, compress=True)
    say_with_undo(request, f"Deleted “{view.name}”.", member.url("saved_view_restore"), token=token)
    return _to_list(member, ListedPage(view.page), view.parameters)


@page(methods=("POST",))
def restore(request: PageRequest, member: Member) -> HttpResponse:
    """Bring back a view that was deleted."""
    try:
        kept = signing.loads(str(request.POST.get("token", "")), salt=_SALT, max_age=_UNDO_MAX_S)
    except signing.BadSignature as error:
        raise Http404 from error
    if kept["org"] != str(member.org.pk) or kept["user"] != str(member.user.pk):
        raise Http404
    listed = ListedPage(kept["page"])
    try:
        _keep(member, listed, kept["name"], kept["parameters"], is_shared=kept["is_shared"])
    except SavedViewRefused as refusal:
        messages.warning(request, str(refusal))
    return _to_list(member, listed, kept["parameters"])


def _keep(member: Member, listed: ListedPage, name: str, parameters: str, *, is_shared: bool) -> SavedView:
    return save_view(
        member.org, member.user, member.role, page=listed, name=name, parameters=parameters, is_shared=is_shared
    )


def _find(member: Member, view_id: UUID) -> SavedView:
    try:
        return get_changeable_view(member.org, member.user, member.role, view_id)
    except SavedView.DoesNotExist as error:
        raise Http404 from error


def _listed(text: str) -> ListedPage:
    try:
        return ListedPage(text)
    except ValueError as error:
        raise Http404 from error


def _to_list(member: Member, listed: ListedPage, parameters: str) -> HttpResponse:
    return redirect(f"{member.url(listed.value)}?{parameters}")
