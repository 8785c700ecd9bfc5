"""Searches that members keep under a name: their own, or shared with everybody in the organisation."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from litesoc_server.accounts.models import User
from litesoc_server.orgs.models import ListedPage, Organization, Role, SavedView
from litesoc_server.orgs.roles import Permission, may
from litesoc_server.pipeline.normalise.text import clean_text

VIEWS_MAX = 50  # of one member on one page
NAME_LENGTH_MAX = 60
PARAMETERS_LENGTH_MAX = 4_000  # a query of a thousand characters, most of them written as three


class SavedViewRefused(Exception):
    """A view cannot be kept like this; the text is a sentence for people."""


def saved_views_for(org: Organization, user: User, page: ListedPage) -> QuerySet[SavedView]:
    """Return the views of a page that a member sees, oldest first: their own and those that others share."""
    return SavedView.objects.filter(Q(owner=user) | Q(is_shared=True), org=org, page=page).order_by("created_at", "id")


def get_changeable_view(org: Organization, user: User, role: Role, view_id: uuid.UUID) -> SavedView:
    """Return a view that a member may change: their own, and for administrators every one that is shared.

    Raises SavedView.DoesNotExist.
    """
    changeable = Q(owner=user)
    if may(role, Permission.MANAGE_ORG):
        changeable |= Q(is_shared=True)
    return SavedView.objects.get(changeable, org=org, id=view_id)


def save_view(
    org: Organization, user: User, role: Role, *, page: ListedPage, name: str, parameters: str, is_shared: bool
) -> SavedView:
    """Keep a search under a name. Raises SavedViewRefused."""
    if len(parameters) > PARAMETERS_LENGTH_MAX:
        raise SavedViewRefused("This search is too long to be saved.")
    if is_shared and not may(role, Permission.TRIAGE):
        raise SavedViewRefused("Your role does not share views.")
    name = _checked(name)
    with _one_per_name(name):
        if SavedView.objects.filter(org=org, owner=user, page=page).count() >= VIEWS_MAX:
            msg = f"You have {VIEWS_MAX} views here already: delete one first."
            raise SavedViewRefused(msg)
        return SavedView.objects.create(
            org=org, owner=user, page=page, name=name, parameters=parameters, is_shared=is_shared
        )


def rename_view(view: SavedView, name: str) -> None:
    """Give a view another name. Raises SavedViewRefused."""
    view.name = _checked(name)
    with _one_per_name(view.name):
        view.save(update_fields=["name"])


def _checked(name: str) -> str:
    name = clean_text(" ".join(name.split()))
    if not name:
        raise SavedViewRefused("Give the view a name.")
    if len(name) > NAME_LENGTH_MAX:
        msg = f"A name has at most {NAME_LENGTH_MAX} characters."
        raise SavedViewRefused(msg)
    return name


@contextmanager
def _one_per_name(name: str) -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        msg = f"You have a view named “{name}” here already."
        raise SavedViewRefused(msg) from error
