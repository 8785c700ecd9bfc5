"""One detector: what it looks for, how it is set, what it found, and what was changed."""

from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import render

from litesoc_server.alerts.detector_activity import DetectorActivity, recent_alerts
from litesoc_server.orgs.access import visible_suppressions
from litesoc_server.orgs.policy_changes import stored_policy
from litesoc_server.orgs.policy_history import changes_of_detector, last_changes
from litesoc_server.orgs.policy_view import DetectorInForce, detectors_in_force
from litesoc_server.web.detections.catalogue import Entry, activity_for, moment, required_plan
from litesoc_server.web.detections.changes import last_about, shown_changes
from litesoc_server.web.detections.editing import may_configure, may_suppress
from litesoc_server.web.detections.rows import rows_of, severity_row
from litesoc_server.web.detections.sentences import description_of
from litesoc_server.web.member import Member, PageRequest, page

SUPPRESSIONS_SHOWN_MAX = 5


@page()
def detector(request: PageRequest, member: Member, detector: str) -> HttpResponse:
    """Show one detector."""
    return show_detector(request, member, detector)


def found_detector(member: Member, detector_id: str) -> DetectorInForce:
    """Return a detector as the organisation has it. Raises Http404 for an id that is none."""
    found = next((one for one in detectors_in_force(member.org) if one.detector.id == detector_id), None)
    if found is None:
        raise Http404
    return found


def show_detector(
    request: PageRequest, member: Member, detector_id: str, *, mute_error: str = "", mute_reason: str = ""
) -> HttpResponse:
    """Show the page, with what is wrong with a reason for muting if there is anything."""
    found = found_detector(member, detector_id)
    entry = Entry(
        found=found,
        activity=activity_for(member, detector_id).get(detector_id, DetectorActivity()),
        required_plan=required_plan(member),
    )
    origins = last_changes(member.org, [one.setting.name for one in entry.found.settings if one.is_overridden])
    changes = shown_changes(member.org, changes_of_detector(member.org, detector_id))
    suppressions = visible_suppressions(member.org, state="active").filter(
        Q(detector=detector_id) | Q(detector__isnull=True)
    )
    return render(
        request,
        "web/detections/detector.html",
        {
            "entry": entry,
            "detector": entry.detector,
            "description": description_of(entry.detector.description),
            "policy_version": stored_policy(member.org).version,
            "rows": [
                severity_row(entry.found, last_about(changes, "severities", detector_id)),
                *rows_of(entry.found.settings, origins),
            ],
            "changes": changes,
            "mute_change": last_about(changes, "muted_detectors", detector_id),
            "event_names": sorted(entry.detector.event_names),
            "alerts": recent_alerts(
                org_id=member.org_id,
                environment=member.environment,
                now=moment(member),
                not_before=member.not_before,
                detector=detector_id,
            ),
            "suppressions": suppressions[:SUPPRESSIONS_SHOWN_MAX],
            "suppressions_count": suppressions.count(),
            "may_edit": may_configure(member),
            "may_suppress": may_suppress(member),
            "mute_error": mute_error,
            "mute_reason": mute_reason,
            "tab": "detections",
        },
    )
