"""Detections: the catalogue of detectors, with what the organisation decided about each and how busy it was."""

from django.http import HttpResponse
from django.shortcuts import render

from litesoc_server.web.detections.catalogue import QUERY_LENGTH_MAX, Filter, entries_for, groups_of, tabs_of
from litesoc_server.web.member import Member, PageRequest, page


@page()
def detections(request: PageRequest, member: Member) -> HttpResponse:
    """Show the catalogue, narrowed by ``?state=`` and ``?q=``."""
    text = request.GET.get("q", "")[:QUERY_LENGTH_MAX].strip()
    wanted = next((one for one in Filter if one.value == request.GET.get("state")), None)
    entries = entries_for(member)
    found = [entry for entry in entries if entry.mentions(text) and (wanted is None or entry.passes(wanted))]
    return render(
        request,
        "web/detections/catalogue.html",
        {"groups": groups_of(found), "tabs": tabs_of(entries), "state": wanted, "query": text, "tab": "detections"},
    )
