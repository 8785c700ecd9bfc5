"""The settings that belong to no single detector: what is left alone, storms, what is familiar."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from litesoc_server.orgs.policy_changes import PolicyConflict, stored_policy
from litesoc_server.orgs.policy_history import changes_of_settings, last_changes
from litesoc_server.orgs.policy_values import PolicyInvalid
from litesoc_server.orgs.policy_view import policy_view
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.detections.changes import shown_changes
from litesoc_server.web.detections.editing import (
    change_settings,
    changed_meanwhile,
    may_configure,
    require_live,
    say_saved,
    sent_version,
)
from litesoc_server.web.detections.rows import rows_of
from litesoc_server.web.detections.sections import GENERAL_NAMES, SECTIONS
from litesoc_server.web.detections.setting_fields import fields_of, read_fields, show_problems
from litesoc_server.web.member import READING, Member, PageRequest, page


@page()
def detections_general(request: PageRequest, member: Member) -> HttpResponse:
    """Show the settings in force, section by section, and what was changed in them."""
    view = policy_view(member.org)
    by_name = {found.setting.name: found for found in view.settings}
    origins = last_changes(member.org, [name for name in GENERAL_NAMES if by_name[name].is_overridden])
    return render(
        request,
        "web/detections/general.html",
        {
            "sections": [(one, rows_of((by_name[name] for name in one.names), origins)) for one in SECTIONS],
            "problems": view.problems,
            "policy_version": view.version,
            "changes": shown_changes(member.org, changes_of_settings(member.org, GENERAL_NAMES)),
            "may_edit": may_configure(member),
            "tab": "general",
        },
    )


@page(Permission.CONFIGURE, methods=(*READING, "POST"))
def detections_general_edit(request: PageRequest, member: Member, section: str) -> HttpResponse:
    """Show the form of one section; take what was typed, or say beside each field what is wrong with it."""
    require_live(member)
    wanted = next((one for one in SECTIONS if one.slug == section), None)
    if wanted is None:
        raise Http404
    view = policy_view(member.org)
    fields = fields_of(found for found in view.settings if found.setting.name in wanted.names)
    shown: dict[str, object] = {}
    if request.method == "POST":
        try:
            after = change_settings(request, member, read_fields(fields, request.POST))
        except PolicyInvalid as error:
            show_problems(fields, error.problems)
            shown["problems"] = {problem.setting: problem.text for problem in error.problems}
        except PolicyConflict:
            shown |= {"is_conflict": True, "meanwhile": changed_meanwhile(member, sent_version(request))}
        else:
            home = member.url("detections_general")
            say_saved(request, member, before=view.version, after=after.version, back=home)
            return redirect(home)
    return render(
        request,
        "web/detections/general_edit.html",
        {
            "section": wanted,
            "fields": fields,
            "policy_version": stored_policy(member.org).version,
            "note": request.POST.get("note", ""),
            "tab": "general",
            **shown,
        },
    )
