"""The operator's page: numbers of all organisations, and closing one."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from control_factories import NOW_MS, MembershipFactory, OrganizationFactory, UserFactory
from litesoc_server.audit.models import AuditEntry
from litesoc_server.orgs.models import Organization, UsageDay
from management_api import Tenant
from people import visible_text

pytestmark = pytest.mark.django_db


def signed_in(*, is_superuser: bool) -> Client:
    client = Client(headers={"Accept": "text/html"})
    client.force_login(UserFactory(is_superuser=is_superuser, is_staff=is_superuser))
    return client


def test_only_superusers_know_of_it(tenant: Tenant) -> None:
    owner = Client(headers={"Accept": "text/html"})
    owner.force_login(MembershipFactory(org=tenant.org, role="owner").user)
    path = f"/operator/{tenant.org.pk}/suspend"
    for client in (owner, signed_in(is_superuser=False)):
        assert client.get("/operator/").status_code == 404
        assert client.post(path, {"suspend": "1"}).status_code == 404
    assert Client().get("/operator/")["Location"].startswith("/accounts/login/")
    assert not Organization.objects.get(pk=tenant.org.pk).is_suspended


def test_it_shows_what_each_sent_this_month_and_suspends(tenant: Tenant) -> None:
    OrganizationFactory(name="Quiet shop")
    day = datetime.fromtimestamp(NOW_MS / 1000, UTC).date()
    UsageDay.objects.create(org=tenant.org, day=day, environment="live", key_id="k", source="collect", events=1_234)
    client = signed_in(is_superuser=True)
    page = visible_text(client.get("/operator/"))
    assert "1,234" in page
    assert "28 May 2026" in page
    assert "Quiet shop" in page
    for suspend in ("1", "0"):
        client.post(f"/operator/{tenant.org.pk}/suspend", {"suspend": suspend})
        assert Organization.objects.get(pk=tenant.org.pk).is_suspended is (suspend == "1")
    actions = AuditEntry.objects.filter(org_id=tenant.org.pk).order_by("seq").values_list("action", flat=True)
    assert list(actions) == ["organization.suspended", "organization.resumed"]
