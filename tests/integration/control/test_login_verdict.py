"""What a member says of a login in an alert, and a suppression made from an alert."""

from datetime import timedelta

import pytest
from django.utils import timezone

from control_factories import NOW_MS, make_alert
from litesoc_server.alerts.feedback import FeedbackLimited, FeedbackParts, NotALogin
from litesoc_server.alerts.login_verdict import LoginVerdict, say_in_alert, verdicts_in
from litesoc_server.alerts.models import Alert, AlertTransition
from litesoc_server.alerts.storm import STORM
from litesoc_server.alerts.suppress import Matchers, suggested_matchers, suppress_from
from litesoc_server.backend import current
from litesoc_server.events.envelope import ENVELOPE_DECODER
from litesoc_server.ingest import limits
from litesoc_server.orgs.models import Suppression
from litesoc_server.orgs.policy_values import PolicyInvalid
from litesoc_server.orgs.principals import Who
from litesoc_server.store.base import EventStore
from litesoc_server.stream.base import Stream
from litesoc_server.stream.subjects import Subject
from management_api import Tenant, make_event, store_events

MIRA = Who(by="Mira", principal="user:1")


def parts() -> FeedbackParts:
    in_use = current()
    return FeedbackParts(
        publisher=in_use.stream.publisher,
        reader=in_use.reader,
        rate_limiter=in_use.rate_limiter,
        now_ms=NOW_MS,
        not_before_ms=None,
    )


def test_what_a_member_says_reaches_the_detectors_and_the_history(tenant: Tenant, stream: Stream) -> None:
    alert, login = make_alert(tenant.org), make_event(tenant.org, name="auth.login_success")
    for verdict in (LoginVerdict.CONFIRMED, LoginVerdict.CONFIRMED, LoginVerdict.DENIED):
        say_in_alert(alert, login, verdict, who=MIRA, note="asked her", parts=parts())
    said = [ENVELOPE_DECODER.decode(message.payload) for message in stream.consumer(Subject.RAW).fetch(9, 0)]
    assert [envelope.key_id for envelope in said] == ["user:1"] * 3
    lines = AlertTransition.objects.filter(alert=alert).values_list("action", "subject", "note", "by")
    assert list(lines) == [
        (action, login.event_id, "asked her", "Mira") for action in ("confirm_login",) * 2 + ("deny_login",)
    ]
    assert verdicts_in(alert) == {login.event_id: LoginVerdict.DENIED}


def test_members_and_keys_share_one_ceiling(tenant: Tenant, stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FEEDBACK_PER_HOUR_MAX", 1)
    alert, login = make_alert(tenant.org), make_event(tenant.org, name="auth.login_success")
    say_in_alert(alert, login, LoginVerdict.DENIED, who=MIRA, note=None, parts=parts())
    with pytest.raises(FeedbackLimited):
        say_in_alert(alert, login, LoginVerdict.CONFIRMED, who=MIRA, note=None, parts=parts())
    assert verdicts_in(alert) == {login.event_id: LoginVerdict.DENIED}


def test_only_logins_can_be_somebodys_own(tenant: Tenant) -> None:
    with pytest.raises(NotALogin):
        say_in_alert(make_alert(tenant.org), make_event(tenant.org), LoginVerdict.DENIED, who=MIRA, note=None, parts=parts())
    assert not AlertTransition.objects.exists()


def test_what_members_say_makes_no_sender_of_them(tenant: Tenant, store: EventStore) -> None:
    said = make_event(tenant.org, name="litesoc.login_denied", source="feedback", key_id="user:1")
    sent = make_event(tenant.org)
    store_events(store, said, sent)
    span = {"environment": sent.environment, "from_ms": 0, "to_ms": NOW_MS + 1}
    assert [sender.key_id for sender in store.sender_facts(org_id=sent.org_id, **span)] == ["key"]
    assert [sender.key_id for sender in store.sender_hours(org_id=sent.org_id, **span)] == ["key"]


def test_a_suppression_made_from_an_alert_stands_in_its_history(tenant: Tenant) -> None:
    alert = make_alert(tenant.org, actor_id="usr_1")
    matchers = suggested_matchers(alert)
    assert matchers == Matchers(detector="brute_force_address", actor="usr_1", address="198.51.100.77")
    ends = timezone.now() + timedelta(days=7)
    suppression = suppress_from(alert, matchers, reason="load test", expires_at=ends, who=MIRA)
    assert (suppression.owner, suppression.created_by, suppression.expires_at) == ("Mira", "user:1", ends)
    line = AlertTransition.objects.get(alert=alert)
    assert (line.action, line.note, line.subject) == ("suppress", "load test", str(suppression.id))
    assert Alert.objects.get().status == "open"


def test_a_suppression_that_is_refused_leaves_nothing(tenant: Tenant) -> None:
    alert = make_alert(tenant.org)
    with pytest.raises(PolicyInvalid):
        suppress_from(alert, Matchers(), reason="x", expires_at=timezone.now() + timedelta(days=1), who=MIRA)
    assert not Suppression.objects.exists()
    assert not AlertTransition.objects.exists()


def test_a_storm_suggests_nothing_to_suppress(tenant: Tenant) -> None:
    assert suggested_matchers(Alert(detector=STORM, source_ip="198.51.100.77")) == Matchers()
