"""Lists of alerts: pages, counts, neighbours and history."""

from datetime import timedelta

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from control_factories import (
    NOW_MS,
    DetectionFactory,
    MembershipFactory,
    OrganizationFactory,
    UserFactory,
    apply_detections,
    make_alert,
    org_id_of,
)
from litesoc_server.alerts import apply, change, history
from litesoc_server.alerts.access import about_actor
from litesoc_server.alerts.assignment import assign
from litesoc_server.alerts.comments import add_comment, delete_comment
from litesoc_server.alerts.facets import NOBODY, Chosen, count_alerts, narrowed
from litesoc_server.alerts.history import history_of
from litesoc_server.alerts.lifecycle import acknowledge, mark_safe, resolve
from litesoc_server.alerts.listing import Cursor, CursorInvalid, Sort, neighbours, ordered, page_of, read_cursor
from litesoc_server.alerts.models import Alert, AlertDetection, AlertTransition, Resolution, Status
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.principals import Who
from many_alerts import make_alerts

MIRA = Who(by="Mira", principal="user:1")


@pytest.fixture
def org(db: None) -> Organization:
    return OrganizationFactory()


def of(org: Organization) -> QuerySet[Alert]:
    return Alert.objects.filter(org=org)


@pytest.mark.parametrize("sort", list(Sort))
def test_pages_neither_skip_nor_repeat_while_alerts_come_and_change(org: Organization, sort: Sort) -> None:
    alerts = make_alerts(org, 25)
    at_one_moment = [alert.id for alert in alerts[10:14]]
    Alert.objects.filter(id__in=at_one_moment).update(created_at=alerts[10].created_at)
    made = [alert.id for alert in ordered(of(org), sort)]
    seen, after = [], None
    while True:
        page = page_of(of(org), sort=sort, after=after, limit=4)
        seen += [alert.id for alert in page.alerts]
        if page.next is None:
            break
        make_alert(org, severity=AlertSeverity.CRITICAL)  # newer and worse than all
        acknowledge(page.alerts[0], who=MIRA)
        after = read_cursor(str(page.next))
    assert seen == made


def test_worst_begins_with_the_most_severe(org: Organization) -> None:
    make_alerts(org, 8)
    severities = [alert.severity for alert in page_of(of(org), sort=Sort.WORST, after=None, limit=8).alerts]
    assert severities == ["critical", "critical", "high", "high", "medium", "medium", "low", "low"]


@pytest.mark.parametrize(
    "text", ["", "1.2", "a.b.c", "1.2.nonsense", "9" * 400, "1.99999999999999999999.00000000", "1.2.3.4"]
)
def test_a_place_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(CursorInvalid):
        read_cursor(text)


def test_a_place_is_read_as_it_was_written() -> None:
    alert = Alert(created_at=timezone.now())
    place = Cursor(3, alert.created_at, alert.id)
    assert read_cursor(str(place)) == place


def test_an_alert_knows_its_neighbours(org: Organization) -> None:
    first, second, third = make_alerts(org, 3, severity="high")
    assert neighbours(of(org), second, Sort.NEWEST) == (first.id, third.id)
    assert neighbours(of(org), first, Sort.WORST) == (None, second.id)
    without = of(org).exclude(id=second.id)
    assert neighbours(without, second, Sort.NEWEST) == (first.id, third.id)


def test_counts_leave_their_own_choice_out(org: Organization) -> None:
    alerts = make_alerts(org, 8)
    jo = MembershipFactory(org=org).user
    assign(alerts[0], jo, who=MIRA)  # low
    acknowledge(alerts[1], who=MIRA)  # medium
    counts = count_alerts(of(org), Chosen())
    assert counts.by_status == {"open": 7, "acknowledged": 1}
    assert counts.by_facet["severity"] == {"low": 2, "medium": 2, "high": 2, "critical": 2}
    assert counts.by_facet["assignee"] == {NOBODY: 7, str(jo.id): 1}
    assert counts.by_facet["detector"] == {"brute_force_address": 8}

    chosen = Chosen(status=Status.OPEN, values={"severity": frozenset({"low"}), "assignee": frozenset({NOBODY})})
    counts = count_alerts(of(org), chosen)
    assert counts.total == narrowed(of(org), chosen).count() == 1
    assert counts.by_status == {"open": 1}
    assert counts.by_facet["severity"] == {"low": 1, "medium": 1, "high": 2, "critical": 2}
    assert counts.by_facet["assignee"] == {NOBODY: 1, str(jo.id): 1}


def test_whose_alerts_can_be_asked_for(org: Organization) -> None:
    mine, nobodys, _ = make_alerts(org, 3)
    jo, kim = MembershipFactory(org=org).user, MembershipFactory(org=org).user
    assign(mine, jo, who=MIRA)
    assign(nobodys, kim, who=MIRA)
    assert narrowed(of(org), Chosen(values={"assignee": frozenset({str(jo.id), "nonsense"})})).get() == mine
    assert narrowed(of(org), Chosen(values={"assignee": frozenset({NOBODY, str(jo.id)})})).count() == 2


def test_alerts_about_an_actor_are_found_by_the_whole_id(org: Organization) -> None:
    start = "🦊" * 300
    alert = make_alert(org, actor_id=f"{start}a")
    make_alert(org, actor_id=f"{start}b")
    assert about_actor(of(org), f"{start}a").get() == alert


def test_history_is_one_line_of_time(org: Organization) -> None:
    alert = make_alert(org)
    jo = UserFactory(name="Jo")
    acknowledge(alert, who=MIRA)
    comment = add_comment(alert, "hm", author=jo)
    more = {"incident_key": alert.incident_key, "last_seen_ms": NOW_MS + 1}
    apply_detections([DetectionFactory(org_id=org_id_of(org), **more)])
    resolve(alert, resolution=Resolution.OTHER, who=MIRA)
    delete_comment(comment, author=jo)
    lines = history_of(Alert.objects.get()).lines
    kinds = ["detection" if line.detection else "comment" if line.comment else line.transition.action for line in lines]  # type: ignore[union-attr]
    assert kinds == ["detection", "acknowledge", "comment", "detection", "resolve"]
    assert [line.at for line in lines] == sorted(line.at for line in lines)


def test_of_many_detections_the_newest_are_shown(org: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "DETECTIONS_SHOWN_MAX", 2)
    alert = make_alert(org)
    for later_ms in range(1, 5):
        more = {"incident_key": alert.incident_key, "last_seen_ms": NOW_MS + later_ms}
        apply_detections([DetectionFactory(org_id=org_id_of(org), **more)])
    found = history_of(alert)
    assert (len(found.lines), found.earlier_detections_count) == (2, 3)


def test_a_long_history_keeps_its_beginning_and_its_end(org: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change, "HISTORY_MAX", 6)
    monkeypatch.setattr(change, "HISTORY_BEGINNING", 2)
    alert = make_alert(org)
    for number in range(6):
        mark_safe(alert, who=MIRA, note=f"{number}")
        resolve(alert, resolution=Resolution.OTHER, who=MIRA)
    kept = AlertTransition.objects.filter(alert=alert).values_list("revision", flat=True)
    assert list(kept) == [1, 2, 9, 10, 11, 12]
    assert history_of(Alert.objects.get()).pruned_count == 6


def test_records_of_old_detections_go_and_those_that_may_come_again_stay(
    org: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "DETECTIONS_KEPT", 2)
    alert = make_alert(org)

    def grow(count: int) -> None:
        more = {"org_id": org_id_of(org), "incident_key": alert.incident_key}
        apply_detections([DetectionFactory(**more) for _ in range(count)])

    grow(5)
    AlertDetection.objects.filter(id__in=list(AlertDetection.objects.values_list("id", flat=True)[:4])).update(
        applied_at=timezone.now() - timedelta(days=31)
    )
    grow(1)  # on the same day nobody looks
    assert AlertDetection.objects.count() == 7
    Alert.objects.update(updated_at=timezone.now() - timedelta(days=1))
    grow(1)
    assert AlertDetection.objects.filter(alert=alert).count() == 4
