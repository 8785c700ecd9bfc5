import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from control_factories import OrganizationFactory, UserFactory
from litesoc_server.accounts.models import User
from litesoc_server.orgs.access import organization_for_operator
from litesoc_server.orgs.models import Membership, Organization, Role
from litesoc_server.orgs.plan_rows import plan_of
from litesoc_server.orgs.plans import Feature, PlanName
from litesoc_server.orgs.services import create_organization
from races import race

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


def test_a_self_hosted_organisation_has_every_feature_and_no_limits_but_retention() -> None:
    created = create_organization(name="Shop Example", owner_email="Mira@Shop.Example", password=PASSWORD)

    plan = plan_of(created.organization)
    assert (plan.name, plan.monthly_events_limit, plan.rate_limit_per_minute) == (PlanName.ENTERPRISE, None, None)
    assert plan.retention_days == 400
    assert plan.features == frozenset(Feature)
    assert created.organization.slug == "shop-example"
    assert Membership.objects.get(org=created.organization).role == Role.OWNER
    assert created.owner.email == "mira@shop.example"


def test_only_the_first_owner_may_use_the_admin_pages() -> None:
    first = create_organization(name="One", owner_email="one@shop.example", password=PASSWORD).owner
    second = create_organization(name="Two", owner_email="two@shop.example", password=PASSWORD).owner
    assert (first.is_superuser, first.is_staff) == (True, True)
    assert (second.is_superuser, second.is_staff) == (False, False)


def test_somebody_who_exists_becomes_the_owner_with_their_own_password() -> None:
    owner = create_organization(name="One", owner_email="mira@shop.example", password=PASSWORD).owner
    assert create_organization(name="Two", owner_email="MIRA@shop.example", password=None).owner == owner
    with pytest.raises(ValidationError, match="exists already"):
        create_organization(name="Three", owner_email="mira@shop.example", password="another long secret")
    assert authenticate(username="mira@shop.example", password=PASSWORD) == owner


@pytest.mark.django_db(transaction=True)
def test_the_same_new_owner_twice_at_once_is_one_owner_and_a_clear_error() -> None:
    with pytest.raises(ValidationError):
        race([lambda: create_organization(name="Shop", owner_email="mira@shop.example", password=PASSWORD)] * 2)
    assert User.objects.count() == Organization.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "email", "password"),
    [("", "mira@shop.example", PASSWORD), ("Shop", "mira", PASSWORD), ("Shop", "mira@shop.example", "short")],
)
def test_bad_values_create_nothing(name: str, email: str, password: str) -> None:
    with pytest.raises(ValidationError):
        create_organization(name=name, owner_email=email, password=password)
    assert not Organization.objects.exists()
    assert not User.objects.exists()


def test_names_may_repeat_slugs_do_not() -> None:
    slugs = {
        create_organization(name=name, owner_email=f"p{n}@shop.example", password=None).organization.slug
        for n, name in enumerate(["Shop", "Shop", "店"])
    }
    assert len(slugs) == 3


def test_emails_are_one_whatever_their_case() -> None:
    user = User.objects.create_user(email=" Mira@Shop.EXAMPLE ", password=PASSWORD)
    assert User.objects.get(email="MIRA@shop.example") == user
    assert authenticate(username="mira@SHOP.example", password=PASSWORD) == user
    with pytest.raises(IntegrityError), transaction.atomic():
        UserFactory(email="MIRA@SHOP.EXAMPLE")


def test_own_limits_stand_in_for_the_plans() -> None:
    org = OrganizationFactory(plan="free", monthly_events_override=7, rate_per_minute_override=0)
    plan = plan_of(org)
    assert (plan.monthly_events_limit, plan.rate_limit_per_minute, plan.retention_days) == (7, None, 7)


def test_unknown_plans_and_retentions_never_reach_the_database() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        OrganizationFactory(plan="growth")
    with pytest.raises(IntegrityError), transaction.atomic():
        OrganizationFactory(retention_days_override=0)


def test_the_operator_may_leave_the_organisation_out_when_there_is_one() -> None:
    with pytest.raises(Organization.DoesNotExist):
        organization_for_operator(None)
    org = OrganizationFactory(slug="shop")
    assert (
        organization_for_operator(None) == organization_for_operator("shop") == organization_for_operator(str(org.id)) == org
    )
    OrganizationFactory()
    with pytest.raises(Organization.MultipleObjectsReturned):
        organization_for_operator(None)
    with pytest.raises(Organization.DoesNotExist, match="nothing"):
        organization_for_operator("nothing")
