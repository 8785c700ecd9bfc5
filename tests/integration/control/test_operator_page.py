"""The operator's page: numbers of all organisations, and closing one."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from control_factories import NOW_MS, DetectionFactory, MembershipFactory, OrganizationFactory, UserFactory, org_id_of
from litesoc_server.audit.models import AuditEntry
from litesoc_server.clock import ManualClock
from litesoc_server.events.detection import DETECTION_ENCODER
from litesoc_server.orgs.models import Organization, UsageDay, UsageRefusal
from litesoc_server.store.base import EventStore
from litesoc_server.stream.base import Stream
from litesoc_server.stream.subjects import Subject
from management_api import Tenant, make_event, store_events
from page_reader import event_store_away
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


def health_of(page: str, org: Organization) -> str:
    """Return what the page says of an organisation, from its slug to the button that suspends it."""
    return page.split(f" {org.slug} ", 1)[1].split(" Suspend ", 1)[0]


def test_it_says_which_organisation_has_what_trouble(tenant: Tenant, store: EventStore, stream: Stream) -> None:
    org, quiet = tenant.org, OrganizationFactory()
    Organization.objects.filter(pk=org.pk).update(monthly_events_override=10)
    today = datetime.fromtimestamp(NOW_MS / 1000, UTC).date()
    UsageDay.objects.create(org=org, day=today, environment="live", key_id="k", source="collect", events=10)
    for day, requests in ((today, 1_200), (today - timedelta(days=1), 34), (today - timedelta(days=2), 5)):
        UsageRefusal.objects.create(org=org, day=day, code="QUOTA_EXCEEDED", requests=requests)
    for _ in range(2):
        stream.dead_letters.add(Subject.DETECTIONS, DETECTION_ENCODER.encode(DetectionFactory(org_id=org_id_of(org))), "why")
    stream.dead_letters.add(Subject.RAW, b"rubbish", "unreadable")
    stream.publisher.publish(Subject.RAW, [b"waits"])
    store_events(store, make_event(org))
    client = signed_in(is_superuser=True)
    page = visible_text(client.get("/operator/"))
    assert "On the way to the store 1 request Dead letters 3" in page
    assert "10 of 10" in health_of(page, org)
    assert "Over quota 1,234 refused 2 dead letters" in health_of(page, org)
    assert "2026-05-28 20:26:39" in health_of(page, org)
    assert health_of(page, quiet).endswith("— Health Good")
    with event_store_away():
        assert "28 May 2026" in health_of(visible_text(client.get("/operator/")), org), "the day that was counted"


def test_a_backlog_that_lasts_is_told(tenant: Tenant, stream: Stream, clock: ManualClock) -> None:
    stream.publisher.publish(Subject.RAW, [b"waits"])
    clock.advance_ms(90_000)
    assert "1 request, the oldest since 90 s" in visible_text(signed_in(is_superuser=True).get("/operator/"))
