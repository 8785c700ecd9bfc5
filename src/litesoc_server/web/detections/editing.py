"""Who may change what on these pages, and what somebody else changed while a form was open."""

from collections.abc import Mapping, Sequence

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.template.loader import render_to_string

from litesoc_server.events.envelope import Environment
from litesoc_server.orgs.policy_changes import NOTE_LENGTH_MAX, PolicyState, change_policy
from litesoc_server.orgs.policy_history import changes_since
from litesoc_server.orgs.policy_values import PolicyInvalid, Problem
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.detections.changes import ShownChange, shown_changes
from litesoc_server.web.member import Member

VERSION_MAX = 2**31 - 1
IN_FORCE = "In force within 5 seconds."


def may_configure(member: Member) -> bool:
    """Return whether the member may change settings here: they hold for live and test events and are changed at live."""
    return member.environment is Environment.LIVE and member.may(Permission.CONFIGURE)


def may_suppress(member: Member) -> bool:
    """Return whether the member may change suppressions here."""
    return member.environment is Environment.LIVE and member.may(Permission.SUPPRESS)


def require_live(member: Member) -> None:
    """Return where changes are made. Raises PermissionDenied among test events, whose keys may not change them either."""
    if member.environment is not Environment.LIVE:
        raise PermissionDenied


def sent_version(request: HttpRequest) -> int:
    """Return the version of the policy that a form was made for; one that was not sent fits no policy."""
    text = request.POST.get("version", "")
    return min(int(text), VERSION_MAX) if text.isascii() and text.isdigit() and len(text) <= len(str(VERSION_MAX)) else 0


def sent_note(request: HttpRequest) -> str | None:
    """Return why somebody made a change, None when they did not say. Raises PolicyInvalid when it is too long."""
    note = request.POST.get("note", "").strip()
    if len(note) > NOTE_LENGTH_MAX:
        text = f"Say it in at most {NOTE_LENGTH_MAX:,} characters."
        raise PolicyInvalid((Problem(setting="note", text=text),))
    return note or None


def change_settings(request: HttpRequest, member: Member, values: Mapping[str, object]) -> PolicyState:
    """Set values as somebody sent them with a version and a note. Raises PolicyInvalid, PolicyConflict."""
    return change_policy(member.org, values, who=member.who, expected_version=sent_version(request), note=sent_note(request))


def say_changed(request: HttpRequest, member: Member, text: str, *, version: int, back: str) -> None:
    """Say on the next page that the change which made ``version`` is in force, with a way to take it back."""
    shown = {"member": member, "text": f"{text} {IN_FORCE}", "policy_version": version, "back": back}
    messages.success(request, render_to_string("web/detections/changed_toast.html", shown, request), extra_tags="good")


def say_saved(request: HttpRequest, member: Member, *, before: int, after: int, back: str) -> None:
    """Say on the next page what became of a form: saved, or nothing in it was different."""
    if before == after:
        messages.info(request, "Nothing was different, so nothing changed.")
    else:
        say_changed(request, member, "Saved.", version=after, back=back)


def changed_meanwhile(member: Member, version: int) -> Sequence[ShownChange]:
    """Return what somebody else changed since ``version``, newest first."""
    return shown_changes(member.org, changes_since(member.org, version))


def sentence(text: str) -> str:
    """Return a problem's text as a sentence of its own."""
    return f"{text[:1].upper()}{text[1:]}".rstrip(".") + "."
