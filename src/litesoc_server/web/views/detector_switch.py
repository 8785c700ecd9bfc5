"""Muting a detector, and letting it speak again."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from litesoc_server.orgs.detector_switch import set_muted
from litesoc_server.orgs.policy_changes import PolicyConflict
from litesoc_server.orgs.policy_values import PolicyInvalid
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.detections.editing import require_live, say_changed, sent_note, sentence
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.views.detector import found_detector, show_detector


@page(Permission.CONFIGURE, methods=("POST",))
def detector_mute(request: PageRequest, member: Member, detector: str) -> HttpResponse:
    """Mute it, for a reason that has to be given."""
    require_live(member)
    found_detector(member, detector)
    if not request.POST.get("note", "").strip():
        return show_detector(request, member, detector, mute_error="Say why: others will wonder.")
    return _switch(request, member, detector, is_muted=True)


@page(Permission.CONFIGURE, methods=("POST",))
def detector_unmute(request: PageRequest, member: Member, detector: str) -> HttpResponse:
    """Let it speak again."""
    require_live(member)
    found_detector(member, detector)
    return _switch(request, member, detector, is_muted=False)


def _switch(request: PageRequest, member: Member, detector: str, *, is_muted: bool) -> HttpResponse:
    home = member.url("detector", detector=detector)
    try:
        after = set_muted(member.org, detector, is_muted=is_muted, who=member.who, note=sent_note(request))
    except PolicyInvalid as error:
        reason = request.POST.get("note", "")
        return show_detector(request, member, detector, mute_error=error.problems[0].text, mute_reason=reason)
    except PolicyConflict as error:
        messages.error(request, sentence(str(error)), extra_tags="bad")
    else:
        say_changed(request, member, "Muted." if is_muted else "On again.", version=after.version, back=home)
    return redirect(home)
