"""What is to be done to many alerts, read from a form."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict

from litesoc_server.accounts.models import User
from litesoc_server.alerts.assignment import AssigneeRefused, assignable
from litesoc_server.alerts.bulk import BULK_ACTIONS, TARGETS_MAX, targets_among
from litesoc_server.alerts.listing import ordered
from litesoc_server.alerts.models import Action, Resolution
from litesoc_server.pipeline.normalise.text import clean_text
from litesoc_server.web.alerts.wanted import wanted_by
from litesoc_server.web.member import Member

NOTE_LENGTH_MAX = 2_000  # characters, as in the API
EVERYTHING = "everything"  # the field that says: all that match, not only what is ticked


class FormRefused(ValueError):
    """The form cannot be carried out; the text is for people."""


@dataclass(frozen=True, kw_only=True)
class BulkWanted:
    """What is to be done, and to which alerts with which revisions."""

    action: Action
    targets: Sequence[tuple[uuid.UUID, int]]
    resolution: Resolution | None
    assignee: User | None
    note: str | None


def bulk_wanted(form: QueryDict, query: QueryDict, member: Member) -> BulkWanted:
    """Return what a form asks for; ``query`` are the parameters of the list it was on. Raises FormRefused."""
    action = form.get("action", "")
    if action not in BULK_ACTIONS:
        raise FormRefused("Choose what to do with the alerts.")
    return BulkWanted(
        action=Action(action),
        resolution=resolution_of(form) if action == Action.RESOLVE else None,
        assignee=assignee_of(form, member) if action == Action.ASSIGN else None,
        note=note_of(form) if action == Action.RESOLVE else None,
        targets=_targets(form, query, member),  # last: it may ask the database for thousands
    )


def resolution_of(form: QueryDict) -> Resolution:
    """Return how something was resolved. Raises FormRefused."""
    try:
        return Resolution(form.get("resolution_type", ""))
    except ValueError as error:
        raise FormRefused("Choose how it was resolved.") from error


def assignee_of(form: QueryDict, member: Member) -> User | None:
    """Return who is to have it, None for nobody. Raises FormRefused."""
    try:
        return assignable(member.org, form.get("assignee") or None)
    except AssigneeRefused as error:
        raise FormRefused(str(error).capitalize()) from error


def note_of(form: QueryDict) -> str | None:
    """Return the note, None without one. Raises FormRefused."""
    note = clean_text(form.get("note", "").replace("\r\n", "\n").strip())
    if len(note) > NOTE_LENGTH_MAX:
        text = f"A note has at most {NOTE_LENGTH_MAX:,} characters; this one has {len(note):,}."
        raise FormRefused(text)
    return note or None


def _targets(form: QueryDict, query: QueryDict, member: Member) -> list[tuple[uuid.UUID, int]]:
    if form.get(EVERYTHING):
        wanted = wanted_by(query, member)
        return targets_among(ordered(wanted.alerts, wanted.sort))
    return [_target(text) for text in form.getlist("alert")[:TARGETS_MAX]]


def _target(text: str) -> tuple[uuid.UUID, int]:
    """Read "<id>:<revision>"."""
    alert_id, _, revision = text.partition(":")
    try:
        return uuid.UUID(alert_id), int(revision[:9])
    except ValueError as error:
        raise FormRefused("This page is out of date: load it again.") from error
