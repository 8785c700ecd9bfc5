"""Alerts: what needs somebody, by status, with everything that can be done to many at once."""

from django.http import HttpResponse
from django.shortcuts import render

from litesoc_server.accounts.selectors import name_of
from litesoc_server.alerts.bulk import TARGETS_MAX
from litesoc_server.alerts.facets import count_alerts
from litesoc_server.alerts.listing import page_of
from litesoc_server.alerts.models import Resolution
from litesoc_server.orgs.members import members_who_may
from litesoc_server.orgs.models import ListedPage
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.alerts.choices import facets_of, tabs_of
from litesoc_server.web.alerts.export_rows import EXPORTED_MAX
from litesoc_server.web.alerts.wanted import filters_of, microseconds_of, moment_of, wanted_by
from litesoc_server.web.fragments import is_fragment
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.saved_views import saved_views_of

PAGE_ROWS = 50
ROWS_MAX = 500  # that a list which was scrolled far is shown again with
NEW_COUNTED_MAX = 100


@page()
def alerts(request: PageRequest, member: Member) -> HttpResponse:
    """Show a page of the list; asked for the rows after a place, only those."""
    rows = _rows(request)
    query = request.GET.copy()
    query.pop("rows", None)  # it is about this answer only: no link may keep it
    request.GET = query  # type: ignore[assignment] # the stubs think that it is always the one that was sent
    wanted = wanted_by(request.GET, member)
    found = page_of(wanted.alerts, sort=wanted.sort, after=wanted.after, limit=rows)
    shown = {
        "alerts": found.alerts,
        "next": found.next,
        "wanted": wanted,
        "typed": wanted.typed,
        "filters": filters_of(request.GET),
    }
    if wanted.after is not None and is_fragment(request):
        return render(request, "web/alerts/rows.html", shown)
    people = members_who_may(member.org, Permission.TRIAGE)
    counts = count_alerts(wanted.matching, wanted.chosen)
    newest = wanted.alerts.order_by("-created_at").values_list("created_at", flat=True).first()
    context = {
        **shown,
        "tabs": tabs_of(wanted, counts, request.GET),
        "facets": facets_of(wanted, counts, request.GET, people, member.user),
        "total": counts.total,
        "is_empty": counts.total == 0 and not wanted.is_narrowed and not any(counts.by_status.values()),
        "newest_us": 0 if newest is None else microseconds_of(newest),
        "people": [(str(user.id), name_of(user)) for user in people],
        "own_id": str(member.user.id),
        "resolutions": Resolution.choices,
        "targets_max": TARGETS_MAX,
        "rows_max": EXPORTED_MAX,
        "views": saved_views_of(member, ListedPage.ALERTS, request.GET),
    }
    return render(request, "web/alerts/page.html", context)


@page()
def new_alerts(request: PageRequest, member: Member) -> HttpResponse:
    """Say how many alerts of the list were made since a moment; nothing (204) while there are none."""
    since = moment_of(request.GET.get("since", ""))
    wanted = wanted_by(request.GET, member)
    found = wanted.alerts if since is None else wanted.alerts.filter(created_at__gt=since)
    count = found.order_by()[: NEW_COUNTED_MAX + 1].count()
    if count == 0:
        return HttpResponse(status=204)
    context = {"count": count, "maximum": NEW_COUNTED_MAX, "filters": filters_of(request.GET)}
    return render(request, "web/alerts/new.html", context)


def _rows(request: PageRequest) -> int:
    try:
        return min(max(int(request.GET.get("rows", "")[:5]), PAGE_ROWS), ROWS_MAX)
    except ValueError:
        return PAGE_ROWS
