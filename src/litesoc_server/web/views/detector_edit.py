"""The form in which one detector's settings are changed."""

from django.http import HttpResponse
from django.shortcuts import redirect, render

from litesoc_server.events.detection import AlertSeverity
from litesoc_server.orgs.policy_changes import PolicyConflict, stored_policy
from litesoc_server.orgs.policy_values import PolicyInvalid
from litesoc_server.orgs.policy_view import DetectorInForce
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.detections.editing import (
    change_settings,
    changed_meanwhile,
    require_live,
    say_saved,
    sent_version,
)
from litesoc_server.web.detections.sentences import description_of
from litesoc_server.web.detections.setting_fields import fields_of, read_fields, show_problems
from litesoc_server.web.member import READING, Member, PageRequest, page
from litesoc_server.web.views.detector import found_detector

_OWN = ""  # how the form says that a detector keeps its own severity


@page(Permission.CONFIGURE, methods=(*READING, "POST"))
def detector_edit(request: PageRequest, member: Member, detector: str) -> HttpResponse:
    """Show the form; take what was typed, or say beside each field what is wrong with it."""
    require_live(member)
    found = found_detector(member, detector)
    stored = stored_policy(member.org)
    fields = fields_of(found.settings)
    severity = found.severity.value if found.severity else _OWN
    shown: dict[str, object] = {}
    if request.method == "POST":
        severity = request.POST.get("severity", _OWN)
        try:
            values = read_fields(fields, request.POST)
            severities = _severities(found, stored.overrides.get("severities", {}), severity)
            after = change_settings(request, member, {**values, "severities": severities})
        except PolicyInvalid as error:
            show_problems(fields, error.problems)
            shown["problems"] = {problem.setting: problem.text for problem in error.problems}
        except PolicyConflict:
            shown |= {"is_conflict": True, "meanwhile": changed_meanwhile(member, sent_version(request))}
        else:
            home = member.url("detector", detector=detector)
            say_saved(request, member, before=stored.version, after=after.version, back=home)
            return redirect(home)
    return render(
        request,
        "web/detections/detector_edit.html",
        {
            "detector": found.detector,
            "description": description_of(found.detector.description),
            "fields": fields,
            "severity": severity,
            "severities": list(AlertSeverity),
            "policy_version": stored.version,
            "note": request.POST.get("note", ""),
            "tab": "detections",
            **shown,
        },
    )


def _severities(found: DetectorInForce, stored: object, chosen: str) -> dict[str, object]:
    """Return what is stored with this detector's severity as chosen; what is none the policy's own check refuses."""
    severities = dict(stored) if isinstance(stored, dict) else {}
    severities.pop(found.detector.id, None)
    return severities if chosen == _OWN else {**severities, found.detector.id: chosen}
