import threading

import pytest

from control_factories import OrganizationFactory, database_down, org_id_of
from litesoc_server.clock import ManualClock
from litesoc_server.events.ids import OrgId
from litesoc_server.orgs.policies import FRESH_MS, OrgPolicyProvider
from litesoc_server.pipeline.policy import DetectionPolicy


def _finish_refresh() -> None:
    for thread in threading.enumerate():
        if thread.name == "policies":
            thread.join()


@pytest.mark.django_db(transaction=True)
def test_a_change_is_in_force_after_five_seconds() -> None:
    org = OrganizationFactory(retention_days_override=90)
    clock = ManualClock(0)
    policies = OrgPolicyProvider(clock)
    assert policies.policy_for(org_id_of(org)).retention_days == 90

    org.retention_days_override = 7
    org.save()
    clock.advance_ms(FRESH_MS - 1)
    assert policies.policy_for(org_id_of(org)).retention_days == 90
    clock.advance_ms(1)
    policies.policy_for(org_id_of(org))
    _finish_refresh()
    assert policies.policy_for(org_id_of(org)).retention_days == 7


@pytest.mark.django_db
def test_the_last_known_policy_holds_while_the_database_is_in_trouble() -> None:
    org = OrganizationFactory(retention_days_override=90)
    policies = OrgPolicyProvider(ManualClock(0))
    with database_down():
        policies.refresh()
    assert policies.policy_for(org_id_of(org)).retention_days == 90


@pytest.mark.django_db
def test_an_unknown_organisation_gets_the_defaults() -> None:
    assert OrgPolicyProvider(ManualClock(0)).policy_for(OrgId("unknown")) == DetectionPolicy()
