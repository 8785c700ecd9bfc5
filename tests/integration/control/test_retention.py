"""Retention and privacy: what an organisation may decide, what is deleted, what the pages say, what is recorded."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from control_factories import MembershipFactory, OrganizationFactory, make_alert, make_key
from litesoc_server.alerts.models import Alert, AlertComment, AlertDetection
from litesoc_server.apikeys.models import ApiKey
from litesoc_server.apikeys.revoke_key import revoke_key
from litesoc_server.audit.by import By
from litesoc_server.audit.models import AuditEntry
from litesoc_server.clock import ManualClock
from litesoc_server.events.ids import OrgId
from litesoc_server.forwarding.models import Forwarder
from litesoc_server.notify.models import Channel, Route
from litesoc_server.orgs.models import Organization, Role
from litesoc_server.orgs.plan_rows import plan_of
from litesoc_server.orgs.policies import OrgPolicyProvider
from litesoc_server.orgs.privacy import PrivacyRefused, privacy_of, set_privacy, set_retention
from litesoc_server.pipeline.policy import DAY_MS
from litesoc_server.pipeline.privacy import PrivacyRules
from litesoc_server.runtime.retention_keeping import LOOKED_AGAIN_MS, RetentionKeeper
from litesoc_server.store.base import EventSearch, EventStore, StoredEvent
from management_api import Tenant, make_event, store_events
from notify_factories import LOOPBACK, make_channel
from people import visible_text

pytestmark = pytest.mark.django_db(transaction=True)

BY = By.operator()


def now_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


def store_aged(store: EventStore, org: Organization, *ages: int) -> None:
    """Store events of so many days ago that are to be kept for 400 days."""
    events = [make_event(org, occurred_at_ms=now_ms() - age * DAY_MS) for age in ages]
    store.insert([StoredEvent(event, event.occurred_at_ms + 400 * DAY_MS) for event in events])


def stored(store: EventStore, org: Organization) -> int:
    return store.count_matching(org_id=OrgId(str(org.id)), where=EventSearch(), limit=100).events


def aged_alert(org: Organization, age: int) -> Alert:
    alert = make_alert(org)
    at = datetime.now(UTC) - timedelta(days=age)
    Alert.objects.filter(id=alert.id).update(first_seen_at=at, last_seen_at=at)
    AlertComment.objects.create(alert=alert, by="mira", text="seen")
    return alert


def test_an_organisation_keeps_things_shorter_than_its_plan_and_no_longer() -> None:
    org = OrganizationFactory(plan="pro")
    set_retention(org, 10, by=BY)
    assert plan_of(Organization.objects.get(id=org.id)).retention_days == 10
    with pytest.raises(PrivacyRefused, match="1 to 30 days"):
        set_retention(org, 31, by=BY)
    org.plan = "free"
    assert plan_of(org).retention_days == 7, "a smaller plan still holds"
    org.plan = "pro"
    set_retention(org, 30, by=BY)
    assert Organization.objects.get(id=org.id).retention_days_chosen is None
    entries = AuditEntry.objects.filter(org_id=org.id, action="retention.changed")
    assert len(entries) == 2


def test_fewer_days_delete_events_sums_and_alerts_with_all_of_theirs(store: EventStore) -> None:
    org, other = OrganizationFactory(retention_days_override=400), OrganizationFactory(retention_days_override=400)
    for one in (org, other):
        store_aged(store, one, 40, 10)
        aged_alert(one, 40)
    kept = aged_alert(org, 10)
    clock = ManualClock(now_ms())
    keeper = RetentionKeeper(store=store, clock=clock)
    keeper.run_once()
    assert (stored(store, org), stored(store, other), Alert.objects.count()) == (2, 2, 3)

    set_retention(org, 30, by=BY)
    keeper.run_once()
    assert (stored(store, org), stored(store, other)) == (1, 2)
    assert list(Alert.objects.filter(org=org)) == [kept]
    assert not AlertDetection.objects.filter(org=org).exclude(alert=kept).exists()
    assert AlertComment.objects.filter(alert__org=org).count() == 1
    assert Alert.objects.filter(org=other).count() == 1

    store_aged(store, org, 35)  # as a worker does that had not heard of it yet
    clock.advance_ms(LOOKED_AGAIN_MS)
    keeper.run_once()
    assert stored(store, org) == 1


def test_keys_that_ended_long_ago_are_forgotten_but_not_what_was_done_with_them(store: EventStore) -> None:
    org, generous = OrganizationFactory(), OrganizationFactory(retention_days_override=500)
    at = datetime.now(UTC)

    def ago(days: int) -> datetime:
        return at - timedelta(days=days)

    gone = [make_key(org, revoked_at=ago(401)), make_key(org, expires_at=ago(401), revoked_at=ago(3))]
    stay = [make_key(org, revoked_at=ago(399)), make_key(org, expires_at=ago(399)), make_key(org, created_at=ago(500))]
    newer = make_key(org, replaces=gone[0].record)
    theirs = make_key(generous, revoked_at=ago(450))
    revoke_key(stay[2].record, by=BY)
    RetentionKeeper(store=store, clock=ManualClock(now_ms())).run_once()
    left = {key.record.pk for key in (*stay, newer, theirs)}
    assert set(ApiKey.objects.values_list("pk", flat=True)) == left
    assert ApiKey.objects.get(pk=newer.record.pk).replaces is None
    assert AuditEntry.objects.filter(org_id=org.pk, action="api_key.revoked").exists()


def test_what_was_removed_and_can_be_brought_back_no_more_is_deleted(store: EventStore, settings: Any) -> None:
    settings.EGRESS_POLICY = LOOPBACK
    org = OrganizationFactory()
    lately, long_ago = datetime.now(UTC) - timedelta(minutes=50), datetime.now(UTC) - timedelta(minutes=70)
    for name, removed_at in (("kept", None), ("lately", lately), ("long ago", long_ago)):
        channel = make_channel(org, name=name)
        Channel.objects.filter(pk=channel.pk).update(removed_at=removed_at)
        Forwarder.objects.create(
            org=org, environment="live", kind="http", name=name, event_taken_s=1, event_id="", removed_at=removed_at
        )
    RetentionKeeper(store=store, clock=ManualClock(now_ms())).run_once()
    for model in (Channel, Forwarder):
        assert set(model.objects.filter(org=org).values_list("name", flat=True)) == {"kept", "lately"}
    assert Route.objects.filter(org=org).count() == 2


def test_what_a_crash_left_undone_is_gone_on_with_at_the_next_start(store: EventStore) -> None:
    org = OrganizationFactory(retention_days_override=400)
    store_aged(store, org, 40)
    set_retention(org, 30, by=BY)
    RetentionKeeper(store=store, clock=ManualClock(now_ms())).run_once()
    assert stored(store, org) == 0


def test_rules_reach_the_pipeline_and_are_recorded() -> None:
    org = OrganizationFactory()
    set_privacy(org, redacted_keys=[" IBAN ", "", "card", "card"], truncates_addresses=True, by=BY)
    assert privacy_of(org).redacted_keys == ("IBAN", "card")
    policies = OrgPolicyProvider()
    rules = policies.policy_for(OrgId(str(org.id))).privacy
    assert rules == PrivacyRules(redacted_keys=frozenset({"iban", "card"}), truncates_addresses=True)
    set_privacy(org, redacted_keys=["IBAN", "card"], truncates_addresses=True, by=BY)
    assert [entry.action for entry in AuditEntry.objects.filter(org_id=org.id)] == ["privacy.updated"]
    with pytest.raises(PrivacyRefused, match="at most 100 characters"):
        set_privacy(org, redacted_keys=["x" * 101], truncates_addresses=False, by=BY)


def as_role(org: Organization, role: Role) -> Client:
    client = Client(headers={"Accept": "text/html"})
    client.force_login(MembershipFactory(org=org, role=role).user)
    return client


def test_fewer_days_say_first_what_they_delete(tenant: Tenant, store: EventStore) -> None:
    org = tenant.org
    base = f"/o/{org.slug}/live/settings/privacy/"
    old = make_event(org, occurred_at_ms=1_780_000_000_000 - 60 * DAY_MS)
    store_events(store, old, make_event(org))
    admin = as_role(org, Role.ADMIN)
    asked = visible_text(admin.post(f"{base}retention", {"days": "30"}))
    assert "1 event and 0 alerts will be deleted" in asked
    org.refresh_from_db()
    assert org.retention_days_chosen is None
    assert admin.post(f"{base}retention", {"days": "30", "is_confirmed": "yes"}).status_code == 302
    org.refresh_from_db()
    assert org.retention_days_chosen == 30
    assert admin.post(f"{base}retention", {"days": "60"}).status_code == 302, "more days delete nothing"
    assert "Keep things for 1 to 90 days" in visible_text(admin.post(f"{base}retention", {"days": "91"}))
    assert "Write a whole number of days." in visible_text(admin.post(f"{base}retention", {"days": "x"}))


def test_rules_are_set_on_the_page_and_read_by_everybody(tenant: Tenant) -> None:
    base = f"/o/{tenant.org.slug}/live/settings/privacy/"
    admin = as_role(tenant.org, Role.ADMIN)
    assert admin.post(f"{base}rules", {"keys": "iban\ncard", "truncates_addresses": "on"}).status_code == 302
    text = visible_text(as_role(tenant.org, Role.VIEWER).get(base))
    assert "iban , card" in text
    assert "cut to their network" in text
    wrong = admin.post(f"{base}rules", {"keys": "x" * 101})
    assert "at most 100 characters" in visible_text(wrong)
    assert as_role(tenant.org, Role.ANALYST).post(f"{base}rules", {"keys": ""}).status_code == 403


def test_the_api_changes_it_and_deletes_only_when_told_to(tenant: Tenant) -> None:
    refused = tenant.call("PATCH", "/privacy", {"retention_days": 30})
    assert (refused.status_code, "deletes_older" in refused.json()["message"]) == (400, True)
    wrong = tenant.call("PATCH", "/privacy", {"retention_days": 30, "deletes_older": True, "redacted_keys": ["x" * 101]})
    assert (wrong.status_code, wrong.json()["message"][:14]) == (400, "redacted_keys:")
    assert tenant.get("/privacy")["data"]["retention_days"] == 90, "all or nothing"
    done = tenant.call("PATCH", "/privacy", {"retention_days": 30, "deletes_older": True, "redacted_keys": ["iban"]})
    assert done.json()["data"] == {
        "retention_days": 30,
        "retention_days_max": 90,
        "redacted_keys": ["iban"],
        "truncates_addresses": False,
    }
    assert tenant.call("PATCH", "/privacy", {"truncates_addresses": True}).json()["data"]["redacted_keys"] == ["iban"]
    principals = {entry.principal for entry in AuditEntry.objects.filter(org_id=tenant.org.id)}
    assert principals == {f"key:{tenant.key_id}"}
