"""One thing done to many alerts, and taken back."""

import dataclasses
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from control_factories import NOW_MS, DetectionFactory, MembershipFactory, OrganizationFactory, apply_detections, org_id_of
from litesoc_server.alerts.assignment import assign
from litesoc_server.alerts.bulk import STEP, NothingChosen, get_bulk, start_bulk, step_bulk, targets_among
from litesoc_server.alerts.bulk_undo import UndoRefused, can_be_undone, start_undo, step_undo
from litesoc_server.alerts.feedback import FeedbackParts
from litesoc_server.alerts.lifecycle import acknowledge, mark_safe, resolve
from litesoc_server.alerts.models import Action, Alert, AlertTransition, BulkChange, Resolution
from litesoc_server.backend import current
from litesoc_server.events.envelope import ENVELOPE_DECODER, Environment
from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.ingest import limits
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.principals import Who
from litesoc_server.pipeline.policy import DAY_MS
from litesoc_server.store.base import EventStore
from litesoc_server.stream.base import Stream
from litesoc_server.stream.subjects import Subject
from management_api import Tenant, make_event, store_events
from many_alerts import make_alerts
from races import race

MIRA = Who(by="Mira", principal="user:1")
JO = Who(by="Jo", principal="user:2")


@pytest.fixture
def org(tenant: Tenant) -> Organization:
    return tenant.org


def parts() -> FeedbackParts:
    in_use = current()
    return FeedbackParts(
        publisher=in_use.stream.publisher,
        reader=in_use.reader,
        rate_limiter=in_use.rate_limiter,
        now_ms=NOW_MS,
        not_before_ms=None,
    )


def begin(org: Organization, action: Action, **options: Any) -> BulkChange:
    targets = options.pop("targets", None) or targets_among(Alert.objects.filter(org=org))
    return start_bulk(org, Environment.LIVE, action, targets, **{"who": MIRA, **options})


def finish(bulk: BulkChange) -> BulkChange:
    while bulk.finished_at is None:
        bulk = step_bulk(bulk, parts=parts())
    return bulk


def do(org: Organization, action: Action, **options: Any) -> BulkChange:
    return finish(begin(org, action, **options))


def undo(bulk: BulkChange, who: Who = JO) -> BulkChange:
    bulk = start_undo(bulk)
    while bulk.undo_finished_at is None:
        bulk = step_undo(bulk, who=who)
    return bulk


def statuses(org: Organization) -> set[str]:
    return set(Alert.objects.filter(org=org).values_list("status", flat=True))


def test_each_step_says_how_far_it_got(org: Organization) -> None:
    make_alerts(org, STEP + 10)
    bulk = begin(org, Action.RESOLVE, resolution=Resolution.FALSE_POSITIVE, note="a load test")
    assert (bulk.total_count, bulk.tried_count) == (STEP + 10, 0)
    bulk = step_bulk(bulk, parts=parts())
    assert (bulk.tried_count, bulk.changed_count, bulk.finished_at) == (STEP, STEP, None)
    bulk = step_bulk(bulk, parts=parts())
    assert (bulk.tried_count, bulk.changed_count, bulk.refused) == (STEP + 10, STEP + 10, {})
    assert bulk.finished_at is not None
    assert step_bulk(bulk, parts=parts()).changed_count == STEP + 10

    alert = Alert.objects.filter(org=org)[0]
    assert (alert.status, alert.resolution_type, alert.resolved_by) == ("resolved", "false_positive", "Mira")
    assert (alert.internal_notes, alert.revision, alert.resolved_at is None) == ("a load test", 1, False)
    line = AlertTransition.objects.get(alert=alert)
    assert (line.action, line.from_status, line.to_status, line.note) == ("resolve", "open", "resolved", "a load test")
    assert (line.by, line.principal, line.bulk_id, line.revision) == ("Mira", "user:1", bulk.id, 1)


def test_what_cannot_be_changed_is_counted_by_reason(org: Organization) -> None:
    alerts = make_alerts(org, 6)
    chosen = targets_among(Alert.objects.filter(org=org))
    acknowledge(alerts[0], who=JO)  # since it was chosen
    alerts[1].delete()
    done = do(org, Action.ACKNOWLEDGE, targets=[*chosen, (uuid.uuid4(), 0)])
    assert (done.changed_count, done.refused) == (4, {"changed": 1, "gone": 2})

    resolve(alerts[2], resolution=Resolution.OTHER, who=JO)
    again = do(org, Action.ACKNOWLEDGE)
    assert (again.changed_count, again.refused) == (0, {"already": 4, "status": 1})


def test_strangers_alerts_are_not_changed(org: Organization) -> None:
    other = OrganizationFactory()
    make_alerts(other, 2)
    done = do(org, Action.MARK_SAFE, targets=targets_among(Alert.objects.filter(org=other)))
    assert (done.changed_count, done.refused) == (0, {"gone": 2})
    assert statuses(other) == {"open"}
    with pytest.raises(BulkChange.DoesNotExist):
        get_bulk(other, Environment.LIVE, done.id)
    with pytest.raises(BulkChange.DoesNotExist):
        get_bulk(org, Environment.TEST, done.id)


def test_nothing_chosen_is_said(org: Organization) -> None:
    with pytest.raises(NothingChosen):
        begin(org, Action.RESOLVE)


def test_many_can_be_given_to_one(org: Organization) -> None:
    make_alerts(org, 3)
    jo = MembershipFactory(org=org).user
    assert do(org, Action.ASSIGN, assignee=jo).changed_count == 3
    assert set(Alert.objects.values_list("assignee", flat=True)) == {jo.id}
    assert set(AlertTransition.objects.values_list("action", "subject")) == {("assign", jo.email)}


def test_of_one_incident_only_the_newest_alert_opens_again(org: Organization) -> None:
    key = "credential_attack|ip:1"
    for days in range(3):
        apply_detections([DetectionFactory(org_id=org_id_of(org), incident_key=key, last_seen_ms=NOW_MS + days * DAY_MS)])
        mark_safe(Alert.objects.filter(org=org)[0], who=JO)
    done = do(org, Action.REOPEN)
    assert (done.changed_count, done.refused) == (1, {"newer": 2})
    assert list(Alert.objects.filter(org=org).values_list("status", flat=True)) == ["open", "dismissed", "dismissed"]


def test_undo_puts_everything_back_and_the_history_has_it(org: Organization) -> None:
    first, second, third = make_alerts(org, 3)
    jo = MembershipFactory(org=org).user
    assign(first, jo, who=MIRA)
    resolve(second, resolution=Resolution.BLOCKED_IP, who=MIRA, note="kept")
    columns = ("status", "resolution_type", "resolved_by", "resolved_at", "internal_notes", "assignee")
    before = {alert.id: alert for alert in Alert.objects.filter(org=org)}
    bulk = do(org, Action.MARK_SAFE, note="all clear")
    assert statuses(org) == {"dismissed"}
    assert can_be_undone(bulk)
    undone = undo(bulk)
    assert (undone.undone_count, undone.not_undone_count, can_be_undone(undone)) == (3, 0, False)
    for alert in Alert.objects.filter(org=org):
        assert [getattr(alert, name) for name in columns] == [getattr(before[alert.id], name) for name in columns]
        assert alert.revision == before[alert.id].revision + 2
    line = AlertTransition.objects.filter(alert=third).last()
    assert line is not None
    assert (line.action, line.subject, line.from_status, line.to_status) == ("undo", "mark_safe", "dismissed", "open")
    assert line.by == "Jo"


def test_undo_leaves_alone_what_somebody_changed_since(org: Organization) -> None:
    first, second = make_alerts(org, 2)
    bulk = do(org, Action.ACKNOWLEDGE)
    resolve(first, resolution=Resolution.OTHER, who=JO)
    undone = undo(bulk)
    assert (undone.undone_count, undone.not_undone_count) == (1, 1)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == ("resolved", "open")


def test_undo_opens_nothing_beside_a_newer_alert(org: Organization) -> None:
    key = "credential_attack|ip:1"
    apply_detections([DetectionFactory(org_id=org_id_of(org), incident_key=key)])
    bulk = do(org, Action.MARK_SAFE)
    apply_detections([DetectionFactory(org_id=org_id_of(org), incident_key=key, last_seen_ms=NOW_MS + DAY_MS)])
    assert undo(bulk).not_undone_count == 1
    assert list(Alert.objects.values_list("status", flat=True)) == ["open", "dismissed"]


def test_undo_of_what_belonged_to_somebody_who_is_gone(org: Organization) -> None:
    (alert,) = make_alerts(org, 1)
    jo = MembershipFactory(org=org).user
    assign(alert, jo, who=MIRA)
    bulk = do(org, Action.ASSIGN, assignee=None)
    jo.delete()
    assert undo(bulk).undone_count == 1
    alert.refresh_from_db()
    assert alert.assignee is None


def test_undo_is_for_a_slip_that_is_noticed_soon(org: Organization) -> None:
    make_alerts(org, 1)
    bulk = do(org, Action.ACKNOWLEDGE)
    bulk.finished_at = timezone.now() - timedelta(minutes=16)
    bulk.save()
    assert not can_be_undone(bulk)
    with pytest.raises(UndoRefused, match="15 minutes"):
        start_undo(bulk)


def test_an_undo_goes_on_where_it_stopped(org: Organization) -> None:
    make_alerts(org, STEP + 1)
    bulk = start_undo(do(org, Action.ACKNOWLEDGE))
    bulk = step_undo(bulk, who=JO)
    assert (bulk.undone_count, bulk.undo_finished_at) == (STEP, None)
    assert undo(BulkChange.objects.get(pk=bulk.pk)).undone_count == STEP + 1


def test_what_is_long_over_is_forgotten_and_its_history_stays(org: Organization) -> None:
    make_alerts(org, 2)
    bulk = do(org, Action.ACKNOWLEDGE)
    BulkChange.objects.update(created_at=timezone.now() - timedelta(days=2))
    do(org, Action.RESOLVE, resolution=Resolution.OTHER)
    assert not BulkChange.objects.filter(pk=bulk.pk).exists()
    forgotten = AlertTransition.objects.filter(action="acknowledge")
    assert set(forgotten.values_list("bulk", "before")) == {(None, None)}
    assert forgotten.count() == 2


def test_two_who_ask_for_the_same_step_do_it_once(org: Organization) -> None:
    make_alerts(org, STEP * 2)
    bulk = begin(org, Action.ACKNOWLEDGE)
    race([lambda: step_bulk(bulk, parts=parts())] * 4)
    bulk.refresh_from_db()
    assert (bulk.tried_count, bulk.changed_count) == (STEP, STEP)
    assert AlertTransition.objects.count() == STEP


def test_two_bulk_changes_at_once_settle_each_alert_once(org: Organization) -> None:
    make_alerts(org, 8)
    targets = targets_among(Alert.objects.filter(org=org))
    resolving = begin(org, Action.RESOLVE, targets=targets, resolution=Resolution.FALSE_POSITIVE)
    acknowledging = begin(org, Action.ACKNOWLEDGE, targets=targets[::-1], who=JO)
    race([lambda: finish(resolving), lambda: finish(acknowledging)])
    for bulk in (resolving, acknowledging):
        bulk.refresh_from_db()
    assert resolving.changed_count + acknowledging.changed_count == len(targets)  # the second finds other revisions
    assert sum(resolving.refused.values()) + sum(acknowledging.refused.values()) == len(targets)
    for alert in Alert.objects.filter(org=org):
        (transition,) = alert.transitions.all()
        assert transition.action == (Action.RESOLVE if alert.status == "resolved" else Action.ACKNOWLEDGE)


def test_marking_safe_tells_the_detectors_as_for_each_alone(org: Organization, store: EventStore, stream: Stream) -> None:
    logins = [make_event(org, name="auth.login_success") for _ in range(3)]
    store_events(store, *logins)
    for login in logins:
        ids = {"event_ids": (login.event_id,), "trigger_event_id": login.event_id}
        apply_detections([DetectionFactory(org_id=org_id_of(org), incident_key=login.event_id, **ids)])
    assert do(org, Action.MARK_SAFE).changed_count == 3
    said = [ENVELOPE_DECODER.decode(message.payload) for message in stream.consumer(Subject.RAW).fetch(100, 0)]
    assert (len(said), {envelope.key_id for envelope in said}) == (3, {"user:1"})


def test_more_feedback_than_allowed_is_refused_one_by_one(
    org: Organization, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FEEDBACK_PER_HOUR_MAX", 2)
    make_alerts(org, 5)
    done = do(org, Action.MARK_SAFE)
    assert (done.changed_count, done.refused) == (2, {"limit": 3})


def test_without_the_stream_nothing_is_marked_safe(org: Organization, store: EventStore) -> None:
    class Broken:
        def append(self, *_: object) -> None:
            raise AssertionError("not for threads")

        def publish(self, *_: object) -> None:
            raise StreamUnavailable("the disk is gone")

    login = make_event(org, name="auth.login_success")
    store_events(store, login)
    apply_detections([DetectionFactory(org_id=org_id_of(org), event_ids=(login.event_id,))])
    bulk = begin(org, Action.MARK_SAFE)
    with pytest.raises(StreamUnavailable):
        step_bulk(bulk, parts=dataclasses.replace(parts(), publisher=Broken()))
    assert statuses(org) == {"open"}
    assert finish(bulk).changed_count == 1
