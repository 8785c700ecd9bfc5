from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from control_factories import OrganizationFactory, UserFactory
from litesoc_server.apikeys.issue_key import issue_key
from litesoc_server.apikeys.key_source import DatabaseKeySource
from litesoc_server.audit.by import By
from litesoc_server.audit.models import AuditEntry
from litesoc_server.audit.record import INSTALLATION
from litesoc_server.events.ids import OrgId
from litesoc_server.ingest.keys import Scope, hash_key
from litesoc_server.orgs.models import StoredPlan
from litesoc_server.orgs.plan_assignment import OwnLimits, assign_plan
from litesoc_server.orgs.plan_gates import PlanRestricted, require_feature
from litesoc_server.orgs.plan_rows import is_changed, plan_of, plans_in_force, reset_plan, set_plan, smallest_plan_with
from litesoc_server.orgs.plans import PLAN_DEFAULTS, Feature, PlanName
from litesoc_server.orgs.policies import OrgPolicyProvider

pytestmark = pytest.mark.django_db

PRO = PLAN_DEFAULTS[PlanName.PRO]
BY = By.operator()


@pytest.fixture
def operator() -> Client:
    client = Client()
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    return client


def test_plans_have_the_hosted_services_figures_until_somebody_changes_them() -> None:
    figures = {
        name.value: (
            plan.title,
            plan.monthly_events_limit,
            plan.rate_limit_per_minute,
            plan.retention_days,
            plan.origins_limit,
        )
        for name, plan in plans_in_force().items()
    }
    assert figures == {
        "free": ("Free", 5_000, 60, 7, 1),
        "pro": ("Pro", 50_000, 300, 30, 5),
        "enterprise": ("Enterprise", None, 1_200, 90, None),
    }
    assert not any(map(is_changed, plans_in_force().values()))


def test_a_changed_plan_is_in_force_for_keys_pages_and_the_pipeline() -> None:
    org = OrganizationFactory(plan="pro")
    key = issue_key(org=org, name="shop", scopes=frozenset({Scope.READ}), by=By.system())
    set_plan(
        replace(PRO, title="Team", monthly_events_limit=None, retention_days=45, features=PRO.features | {Feature.SSO}),
        by=BY,
    )

    assert plan_of(org).title == "Team"
    record = DatabaseKeySource().find(hash_key(key.secret.encode()))
    assert record is not None
    assert (record.plan, record.monthly_events_limit, record.retention_days) == ("pro", None, 45)
    assert Feature.SSO in record.features
    policies = OrgPolicyProvider()
    assert policies.policy_for(OrgId(str(org.id))).retention_days == 45
    reset_plan(PlanName.PRO, by=BY)
    policies.refresh()
    assert policies.policy_for(OrgId(str(org.id))).retention_days == 30
    assert plan_of(org) == PRO


def test_an_organisations_own_limits_stand_before_a_changed_plan() -> None:
    org = OrganizationFactory(plan="pro", monthly_events_override=7)
    set_plan(replace(PRO, monthly_events_limit=1), by=BY)
    assert plan_of(org).monthly_events_limit == 7


def test_only_differences_are_kept_so_that_new_features_come_with_their_default() -> None:
    set_plan(replace(PRO, features=PRO.features - {Feature.AUDIT_LOG}), by=BY)
    assert StoredPlan.objects.get(name="pro").overrides == {"features": {"audit_log": False}}
    set_plan(PRO, by=BY)
    assert StoredPlan.objects.get(name="pro").overrides == {}


@pytest.mark.parametrize(
    "wrong", [{"title": " "}, {"monthly_events_limit": 0}, {"retention_days": 3_651}, {"alerts_page_limit": 0}]
)
def test_what_no_plan_can_be_is_refused_by_field(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        set_plan(replace(PRO, **wrong), by=BY)  # type: ignore[arg-type] # the point
    assert list(caught.value.message_dict) == list(wrong)
    assert not is_changed(plans_in_force()[PlanName.PRO])


def test_who_lacks_a_feature_is_told_the_smallest_plan_with_it() -> None:
    require_feature(PRO.features, Feature.AUDIT_LOG)
    with pytest.raises(PlanRestricted, match="it needs Enterprise or a larger plan") as caught:
        require_feature(PRO.features, Feature.SSO)
    assert caught.value.required == "Enterprise"
    set_plan(replace(PRO, title="Team", features=PRO.features | {Feature.SSO}), by=BY)
    with pytest.raises(PlanRestricted, match="it needs Team or a larger plan"):
        require_feature(frozenset(), Feature.SSO)


def test_a_feature_that_is_in_no_plan_is_said_to_be_in_none() -> None:
    for plan in PLAN_DEFAULTS.values():
        set_plan(replace(plan, features=plan.features - {Feature.SSO}), by=BY)
    assert smallest_plan_with(Feature.SSO) is None
    with pytest.raises(PlanRestricted, match="no plan of this server does") as caught:
        require_feature(PRO.features, Feature.SSO)
    assert caught.value.required is None


def test_an_organisation_is_given_a_plan_and_limits_of_its_own() -> None:
    org = OrganizationFactory(plan="free")
    assign_plan(org, PlanName.PRO, OwnLimits(monthly_events=0, rate_per_minute=None, retention_days=14), by=BY)
    org.refresh_from_db()
    plan = plan_of(org)
    assert (plan.name, plan.monthly_events_limit, plan.rate_limit_per_minute, plan.retention_days) == ("pro", None, 300, 14)
    assert [(entry.action, entry.principal) for entry in AuditEntry.objects.filter(org_id=org.id)] == [
        ("limits.changed", "operator"),
        ("billing.plan_changed", "operator"),
    ]
    with pytest.raises(ValidationError):
        assign_plan(org, PlanName.PRO, OwnLimits(monthly_events=None, rate_per_minute=None, retention_days=4_000), by=BY)


def test_the_operator_changes_a_plan_on_the_admin_pages(operator: Client) -> None:
    assert b"Pro" in operator.get("/admin/orgs/storedplan/").content
    page = operator.get("/admin/orgs/storedplan/pro/change/").content
    assert b'value="50000"' in page
    form = {
        "title": "Team",
        "monthly_events_limit": "",
        "rate_limit_per_minute": "300",
        "retention_days": "30",
        "origins_limit": "5",
        "alerts_page_limit": "200",
        "features": ["alerts_api"],
    }
    assert operator.post("/admin/orgs/storedplan/pro/change/", form).status_code == 302
    changed = plans_in_force()[PlanName.PRO]
    assert (changed.title, changed.monthly_events_limit, changed.features) == ("Team", None, {Feature.ALERTS_API})
    recorded = AuditEntry.objects.get(org_id=INSTALLATION)
    assert (recorded.action, recorded.target_id, recorded.principal[:5]) == ("billing.plan_changed", "pro", "user:")
    assert (
        b"less than or equal"
        in operator.post("/admin/orgs/storedplan/pro/change/", form | {"retention_days": "9999"}).content
    )


def test_the_operator_suspends_an_organisation_on_the_admin_pages(operator: Client) -> None:
    org = OrganizationFactory(plan="pro")
    form = {
        "name": org.name,
        "slug": org.slug,
        "plan": "free",
        "is_suspended": "on",
        "memberships-TOTAL_FORMS": "0",
        "memberships-INITIAL_FORMS": "0",
    }
    assert operator.post(f"/admin/orgs/organization/{org.id}/change/", form).status_code == 302
    org.refresh_from_db()
    assert org.is_suspended
    actions = [entry.action for entry in AuditEntry.objects.filter(org_id=org.id)]
    assert actions == ["organization.suspended", "billing.plan_changed"]
