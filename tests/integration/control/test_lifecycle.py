import functools
import itertools
from collections.abc import Callable

import pytest

from control_factories import NOW_MS, DetectionFactory, OrganizationFactory, apply_detections, make_alert, org_id_of
from litesoc_server.alerts.change import TransitionRefused
from litesoc_server.alerts.lifecycle import acknowledge, mark_safe, reopen, resolve
from litesoc_server.alerts.models import Alert, AlertTransition, Resolution
from litesoc_server.orgs.principals import Who
from litesoc_server.pipeline.policy import DAY_MS
from races import race

MIRA = Who(by="mira@shop.example", principal="user:1")
TOOL = Who(by="n8n-api", principal="key:2")


@pytest.fixture
def alert(db: None) -> Alert:
    return make_alert(OrganizationFactory())


def test_resolving_says_who_how_when_and_why(alert: Alert) -> None:
    resolved = resolve(alert, resolution=Resolution.CONTACTED_USER, who=MIRA, note="called her")
    assert (resolved.status, resolved.resolution_type, resolved.internal_notes) == (
        "resolved",
        "contacted_user",
        "called her",
    )
    assert resolved.resolved_by == "mira@shop.example"
    assert resolved.resolved_at is not None
    line = AlertTransition.objects.get(alert=alert)
    assert (line.action, line.from_status, line.to_status, line.note) == ("resolve", "open", "resolved", "called her")
    assert (line.by, line.principal, line.resolution_type) == ("mira@shop.example", "user:1", "contacted_user")
    assert line.at == resolved.resolved_at


def test_a_safe_alert_is_dismissed_without_a_resolution(alert: Alert) -> None:
    dismissed = mark_safe(alert, who=TOOL)
    assert (dismissed.status, dismissed.resolution_type, dismissed.resolved_at) == ("dismissed", None, None)
    assert dismissed.resolved_by == "n8n-api"


def test_the_last_decision_counts_and_the_history_has_all(alert: Alert) -> None:
    acknowledge(alert, who=MIRA)
    resolve(alert, resolution=Resolution.OTHER, who=MIRA, note="first")
    resolve(alert, resolution=Resolution.BLOCKED_IP, who=TOOL)
    dismissed = mark_safe(alert, who=MIRA)
    opened = reopen(alert, who=MIRA)
    assert (dismissed.status, dismissed.internal_notes) == ("dismissed", "first")
    assert (opened.status, opened.resolved_by, opened.resolved_at, opened.resolution_type) == ("open", None, None, None)
    history = AlertTransition.objects.filter(alert=alert).values_list("from_status", "to_status", "by")
    assert list(history) == [
        ("open", "acknowledged", "mira@shop.example"),
        ("acknowledged", "resolved", "mira@shop.example"),
        ("resolved", "resolved", "n8n-api"),
        ("resolved", "dismissed", "mira@shop.example"),
        ("dismissed", "open", "mira@shop.example"),
    ]


def test_the_same_request_again_changes_nothing(alert: Alert) -> None:
    first = resolve(alert, resolution=Resolution.OTHER, who=MIRA, note="done")
    again = resolve(alert, resolution=Resolution.OTHER, who=MIRA, note="done")
    assert again.resolved_at == first.resolved_at
    assert AlertTransition.objects.count() == 1


def test_only_an_open_alert_can_be_acknowledged(alert: Alert) -> None:
    mark_safe(alert, who=MIRA)
    with pytest.raises(TransitionRefused, match="dismissed"):
        acknowledge(alert, who=MIRA)


def test_an_alert_stays_closed_when_its_incident_has_a_newer_one(alert: Alert) -> None:
    mark_safe(alert, who=MIRA)
    later = {"incident_key": alert.incident_key, "last_seen_ms": NOW_MS + DAY_MS}
    apply_detections([DetectionFactory(org_id=org_id_of(alert.org), **later)])
    with pytest.raises(TransitionRefused, match="newer"):
        reopen(alert, who=MIRA)
    assert AlertTransition.objects.filter(alert=alert).count() == 1


@pytest.mark.django_db(transaction=True)
def test_racing_decisions_make_one_unbroken_history() -> None:
    alert = make_alert(OrganizationFactory())

    def decide(index: int) -> Callable[[], object]:
        who = Who(by=f"person {index}", principal=f"user:{index}")
        if index % 2:
            return lambda: mark_safe(alert, who=who)
        return lambda: resolve(alert, resolution=Resolution.OTHER, who=who)

    race([decide(index) for index in range(8)])

    history = list(AlertTransition.objects.filter(alert=alert))
    assert [line.revision for line in history] == list(range(1, 9))
    assert {line.by for line in history} == {f"person {index}" for index in range(8)}
    for before, after in itertools.pairwise(history):
        assert before.to_status == after.from_status
    last = Alert.objects.get()
    assert (last.status, last.resolved_by, last.revision) == (history[-1].to_status, history[-1].by, 8)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_acknowledge_exactly_one_does() -> None:
    alert = make_alert(OrganizationFactory())
    race([lambda: acknowledge(alert, who=MIRA) for _ in range(6)])
    assert AlertTransition.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_decision_and_new_detections_at_once_lose_neither() -> None:
    org = OrganizationFactory()
    for _ in range(5):
        alert = make_alert(org, incident_key="credential_attack|ip:1")
        more = [DetectionFactory(org_id=org_id_of(org), incident_key=alert.incident_key) for _ in range(4)]
        applications = [functools.partial(apply_detections, [detection]) for detection in more]
        race([functools.partial(mark_safe, alert, who=MIRA), *applications])
        alert.refresh_from_db()
        assert alert.status == "dismissed"
        assert sum(found.detections.count() for found in Alert.objects.all()) == 5
        Alert.objects.all().delete()
