"""One alert: what happened, why that is an alert, what to do, and what was done."""

import uuid
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from litesoc_server.accounts.selectors import name_of
from litesoc_server.alerts.assignment import has_former_assignee
from litesoc_server.alerts.feedback import is_login_of_somebody
from litesoc_server.alerts.history import history_of
from litesoc_server.alerts.incident import Finding, Incident
from litesoc_server.alerts.lifecycle import is_allowed
from litesoc_server.alerts.listing import neighbours
from litesoc_server.alerts.login_verdict import verdicts_in
from litesoc_server.alerts.models import UNSETTLED, Action, Alert, Resolution
from litesoc_server.alerts.suppress import LASTS, suggested_matchers
from litesoc_server.alerts.undoable import last_decision
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.envelope import Environment
from litesoc_server.orgs.members import members_who_may
from litesoc_server.orgs.roles import Permission
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.store.base import StoreUnavailable
from litesoc_server.web.alerts.evidence import evidence_of, lanes_of
from litesoc_server.web.alerts.facts import shown_facts
from litesoc_server.web.alerts.find import find_alert
from litesoc_server.web.alerts.grouped_history import grouped
from litesoc_server.web.alerts.others import others_about
from litesoc_server.web.alerts.places import places_of
from litesoc_server.web.alerts.subject import subject_of
from litesoc_server.web.alerts.told import told
from litesoc_server.web.alerts.wanted import filters_of, wanted_by
from litesoc_server.web.detections.sentences import Description, description_of
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.notifications.rows import told_about

_DETECTORS = {detector.id: detector for detector in DETECTORS}
_LAST_TITLES = {"1h": "1 hour", "1d": "1 day", "7d": "7 days", "30d": "30 days"}


@page()
def alert(request: PageRequest, member: Member, alert_id: uuid.UUID) -> HttpResponse:
    """Show one alert. The parameters are those of the list that it was opened from: previous and next go by them."""
    found = find_alert(member, alert_id)
    context = {
        "alert": found,
        "filters": filters_of(request.GET),
        **_around(found, request, member),
        **_why(found.incident),
        **_events(found, member),
        "others": others_about(found, member),
        **_history(found, member),
        **_choices(found, member),
        "deliveries": told_about(found, member),
    }
    return render(request, "web/alert/page.html", context)


def _around(found: Alert, request: PageRequest, member: Member) -> Mapping[str, Any]:
    wanted = wanted_by(request.GET, member)
    previous, following = neighbours(wanted.alerts, found, wanted.sort)
    return {"previous_id": previous, "next_id": following}


def _why(incident: Incident) -> Mapping[str, Any]:
    findings = [
        {
            "finding": finding,
            "facts": shown_facts(finding.facts),
            "known": _DETECTORS.get(finding.detector),
            "explained": _explained(finding),
            "seen_ms": incident.last_seen_ms,
        }
        for finding in incident.findings
    ]
    could_be = [_could_be(finding) for finding in incident.findings]
    ruled_out = [finding.ruled_out for finding in incident.findings]
    actions = [finding.actions for finding in incident.findings]
    return {
        "incident": incident,
        "headline": incident.headline,
        "findings": findings,
        "actions": actions[0],
        "actions_of_others": _added(actions),
        "could_also_be": could_be[0],
        "could_also_be_of_others": _added(could_be),
        "ruled_out": ruled_out[0],
        "ruled_out_of_others": _added(ruled_out),
        "swallowed": [{"one": one, "subject": subject_of(one.key)} for one in incident.swallowed],
    }


def _explained(finding: Finding) -> Description | None:
    known = _DETECTORS.get(finding.detector)
    return None if known is None else description_of(known.description)


def _could_be(finding: Finding) -> Sequence[str]:
    known = _DETECTORS.get(finding.detector)
    return () if known is None else known.false_positives


def _added(texts: Sequence[Sequence[str]]) -> Sequence[str]:
    """Return what the findings after the headline add to its texts."""
    return [text for text in dict.fromkeys(chain.from_iterable(texts[1:])) if text not in texts[0]]


def _events(found: Alert, member: Member) -> Mapping[str, Any]:
    """Return what the events say; without the store the rest of the page stands."""
    try:
        evidence = evidence_of(found, member)
    except StoreUnavailable:
        return {"has_store": False}
    headline_id = found.incident.headline.trigger_event_id
    triggers = {finding.trigger_event_id for finding in found.incident.findings}
    verdicts = verdicts_in(found)
    rows = [
        {
            "event": event,
            "is_trigger": event.event_id in triggers,
            "is_headline": event.event_id == headline_id,
            "is_login": is_login_of_somebody(event),
            "verdict": verdicts.get(event.event_id),
        }
        for event in evidence.events
    ]
    return {
        "has_store": True,
        "has_headline_row": any(row["is_headline"] for row in rows),
        "evidence": evidence,
        "rows": rows,
        "has_logins": any(row["is_login"] for row in rows),
        "lanes": lanes_of(evidence.events, triggers),
        "places": places_of(found, evidence.events) if member.sees_places else None,
    }


def _history(found: Alert, member: Member) -> Mapping[str, Any]:
    history = history_of(found)
    return {"history": history, "lines": [told(group, member.user) for group in grouped(history.lines)]}


def _choices(found: Alert, member: Member) -> Mapping[str, Any]:
    """Return what the member can do."""
    people = members_who_may(member.org, Permission.TRIAGE)
    return {
        "is_settled": found.status not in UNSETTLED,
        "undoable": last_decision(found),
        "can_be_acknowledged": is_allowed(Action.ACKNOWLEDGE, found.status),
        "can_be_reopened": is_allowed(Action.REOPEN, found.status),
        "people": [(str(user.id), name_of(user)) for user in people],
        "own_id": str(member.user.id),
        "assignee_id": str(found.assignee_id or ""),
        "has_former_assignee": found.assignee_id is not None and has_former_assignee(found),
        "resolutions": Resolution.choices,
        "resolution": None if found.resolution_type is None else Resolution(found.resolution_type).label,
        "matchers": suggested_matchers(found),
        "lasts": [(name, _LAST_TITLES[name]) for name, _ in LASTS],
        "warns_of_takeover": found.severity == AlertSeverity.CRITICAL or bool(found.incident.entered),
        "can_suppress": member.may(Permission.SUPPRESS) and member.environment is Environment.LIVE,
    }
