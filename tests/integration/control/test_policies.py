import logging
import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from control_factories import WHO, OrganizationFactory, database_down, make_suppression, org_id_of
from http_client import wait_until
from litesoc_server.events.ids import OrgId
from litesoc_server.orgs.models import StoredPolicy, Suppression
from litesoc_server.orgs.plan_gates import BEHAVIOURAL, ON_EVERY_PLAN
from litesoc_server.orgs.policies import OrgPolicyProvider
from litesoc_server.orgs.policy_changes import change_policy
from litesoc_server.orgs.suppressions import end_suppression
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.pipeline.policy import DetectionPolicy


@pytest.mark.django_db
def test_what_is_stored_is_what_the_pipeline_gets() -> None:
    org, other = OrganizationFactory(retention_days_override=90), OrganizationFactory(retention_days_override=90)
    change_policy(org, {"history_count": 7, "muted_detectors": ["instant_alert"]}, who=WHO)
    suppression = make_suppression(org, detector="brute_force_address", address="203.0.113.0/24")
    policies = OrgPolicyProvider()

    policy = policies.policy_for(org_id_of(org))
    assert (policy.version, policy.history_count, policy.muted_detectors) == (2, 7, {"instant_alert"})
    assert policy.retention_days == 90
    assert [(one.id, one.detector, one.address) for one in policy.suppressions] == [
        (str(suppression.id), "brute_force_address", "203.0.113.0/24")
    ]
    assert policies.policy_for(org_id_of(other)) == DetectionPolicy(retention_days=90)


@pytest.mark.django_db(transaction=True)
def test_a_change_comes_into_force_by_itself_without_a_single_question() -> None:
    org = OrganizationFactory()
    policies, stop = OrgPolicyProvider(), threading.Event()
    keeping = threading.Thread(target=policies.keep_fresh, args=(stop,), kwargs={"every_s": 0.01})
    keeping.start()
    try:
        change_policy(org, {"history_count": 7}, who=WHO)
        wait_until(
            lambda: policies.policy_for(org_id_of(org)).history_count, lambda count: count == 7, what="the new policy"
        )
    finally:
        stop.set()
        keeping.join()


@pytest.mark.django_db
def test_the_very_same_policy_is_returned_until_something_changes() -> None:
    org, other = OrganizationFactory(), OrganizationFactory()
    suppression = make_suppression(org)
    policies = OrgPolicyProvider()
    before, of_other = policies.policy_for(org_id_of(org)), policies.policy_for(org_id_of(other))
    policies.refresh()
    assert policies.policy_for(org_id_of(org)) is before

    end_suppression(suppression, who=WHO)
    policies.refresh()
    assert policies.policy_for(org_id_of(org)).suppressions == ()
    org.plan = "free"
    org.save()
    policies.refresh()
    assert policies.policy_for(org_id_of(org)).retention_days == 7
    assert policies.policy_for(org_id_of(other)) is of_other


@pytest.mark.django_db
def test_the_last_known_policy_holds_while_the_database_is_in_trouble(caplog: pytest.LogCaptureFixture) -> None:
    org = OrganizationFactory()
    change_policy(org, {"history_count": 7}, who=WHO)
    policies = OrgPolicyProvider()
    with database_down(), caplog.at_level(logging.WARNING):
        policies.refresh()
        policies.refresh()
    assert policies.policy_for(org_id_of(org)).history_count == 7
    assert len(caplog.records) == 1
    assert "secret-host" not in caplog.text
    change_policy(org, {"history_count": 8}, who=WHO)
    policies.refresh()
    assert policies.policy_for(org_id_of(org)).history_count == 8


@pytest.mark.django_db
def test_an_unknown_organisation_gets_the_defaults() -> None:
    assert OrgPolicyProvider().policy_for(OrgId("unknown")) == DetectionPolicy()


@pytest.mark.django_db
def test_what_no_longer_fits_costs_nothing_else_and_the_operator_hears_of_it(caplog: pytest.LogCaptureFixture) -> None:
    org = OrganizationFactory(slug="shop")
    overrides = {"history_count": 7, "gone_count": 1, "allowed_actors": ["mira@shop.example", 5]}
    StoredPolicy.objects.create(org=org, version=3, overrides=overrides)
    with caplog.at_level(logging.WARNING):
        policies = OrgPolicyProvider()
        policies.refresh()
    policy = policies.policy_for(org_id_of(org))
    assert (policy.history_count, policy.allowed_actors) == (7, {"mira@shop.example"})
    assert len(caplog.records) == 1
    assert "shop" in caplog.text
    assert "gone_count" in caplog.text
    assert "mira" not in caplog.text


@pytest.mark.django_db
def test_a_suppression_that_expired_long_ago_is_not_read_any_more() -> None:
    org = OrganizationFactory()
    make_suppression(org)
    Suppression.objects.update(expires_at=timezone.now() - timedelta(days=2))
    assert OrgPolicyProvider().policy_for(org_id_of(org)).suppressions == ()
    Suppression.objects.update(expires_at=timezone.now() - timedelta(hours=2))
    assert len(OrgPolicyProvider().policy_for(org_id_of(org)).suppressions) == 1  # for events that arrive late


@pytest.mark.django_db
def test_the_plan_free_has_no_behavioural_detection() -> None:
    free, enterprise = OrganizationFactory(plan="free"), OrganizationFactory(plan="enterprise")
    change_policy(free, {"muted_detectors": ["brute_force_account"]}, who=WHO)
    policies = OrgPolicyProvider()
    muted = policies.policy_for(org_id_of(free)).muted_detectors
    assert "impossible_travel" in muted
    assert "brute_force_account" in muted
    assert not muted & {"instant_alert", "brute_force_address"}
    assert policies.policy_for(org_id_of(enterprise)).muted_detectors == frozenset()


def test_every_detector_is_on_one_side_of_the_table() -> None:
    assert {detector.id for detector in DETECTORS} <= BEHAVIOURAL | ON_EVERY_PLAN
    assert "impossible_travel" in BEHAVIOURAL
