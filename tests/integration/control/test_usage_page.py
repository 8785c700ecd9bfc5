"""The page Usage and plan, the banner above every page, and the same over the API."""

from datetime import date, timedelta

import pytest
from django.test import Client

from control_factories import NOW_MS, MembershipFactory
from litesoc_server.events.ids import OrgId
from litesoc_server.ingest.responses import ErrorCode
from litesoc_server.orgs.models import Organization, UsageDay
from litesoc_server.orgs.quota_warnings import warn_of_quotas
from litesoc_server.orgs.usage_refusals import add_refusals
from litesoc_server.store.base import EventStore
from management_api import Tenant, make_event, store_down, store_events
from people import visible_text

pytestmark = pytest.mark.django_db(transaction=True)

TODAY = date(2026, 5, 28)  # of NOW_MS


def page(org: Organization, path: str = "settings/usage/") -> str:
    client = Client(headers={"Accept": "text/html"})
    client.force_login(MembershipFactory(org=org).user)
    answer = client.get(f"/o/{org.slug}/live/{path}")
    assert answer.status_code == 200
    return visible_text(answer)


def use(org: Organization, *days: int, key_id: str = "gone") -> None:
    """Make usage of days, the last of them yesterday."""
    for age, events in enumerate(reversed(days), start=1):
        day = TODAY - timedelta(days=age)
        UsageDay.objects.create(org=org, day=day, environment="live", key_id=key_id, source="collect", events=events)


def limit(org: Organization, plan: str, events: int | None) -> None:
    org.plan, org.monthly_events_override = plan, events
    org.save()


def test_what_is_used_what_is_left_and_what_is_to_be_expected(tenant: Tenant, store: EventStore) -> None:
    limit(tenant.org, "pro", 10_000)
    use(tenant.org, *([200] * 20))
    store_events(store, make_event(tenant.org, key_id=str(tenant.key_id)))
    add_refusals(TODAY, {(OrgId(str(tenant.org.id)), ErrorCode.RATE_LIMIT_EXCEEDED): 3})
    text = page(tenant.org)
    assert "4,001 of 10,000 events" in text
    assert "40 % used, 5,999 left until 1 June." in text
    assert "By the end of the month probably about 4,631 events" in text
    assert "3 requests by the rate" in text
    assert "a key that is gone" in text
    assert "Single sign-on Not included" in text


def test_without_a_limit_nothing_is_left_over(tenant: Tenant) -> None:
    limit(tenant.org, "enterprise", None)
    use(tenant.org, 5)
    text = page(tenant.org)
    assert "5 events, without a limit" in text
    assert "used," not in text
    assert "Audit log On" in text
    assert "Single sign-on In the plan, not in this release" in text


def test_before_anything_was_sent_it_says_so(tenant: Tenant) -> None:
    assert "Nothing was sent yet" in page(tenant.org)


def test_while_the_store_is_away_what_was_counted_is_shown(tenant: Tenant) -> None:
    use(tenant.org, 5)
    with store_down():
        text = page(tenant.org)
    assert "The event store does not answer just now" in text
    assert "5 events" in text


def test_a_banner_warns_on_every_page_until_the_limit_is_larger(tenant: Tenant) -> None:
    limit(tenant.org, "pro", 100)
    use(tenant.org, 96)
    assert "of this month's events are used" not in page(tenant.org, "alerts/")
    warn_of_quotas(now_ms=NOW_MS)
    assert "95 % of this month's events are used. What no longer fits will be refused until 1 June." in page(
        tenant.org, "alerts/"
    )
    limit(tenant.org, "pro", 1_000)
    assert "of this month's events are used" not in page(tenant.org, "alerts/")


def test_the_api_tells_the_same(tenant: Tenant, store: EventStore) -> None:
    limit(tenant.org, "pro", 10_000)
    use(tenant.org, *([200] * 20), key_id=str(tenant.key_id))
    store_events(store, make_event(tenant.org, key_id=str(tenant.key_id)))
    data = tenant.get("/usage")["data"]
    assert (data["plan"], data["month"], data["used"], data["remaining"]) == ("Pro", "2026-05-01", 4_001, 5_999)
    assert data["environments"] == {"live": 4_001, "test": 0}
    assert {(one["key_id"], one["source"]) for one in data["keys"]} == {(str(tenant.key_id), "collect")}
    assert data["days"][-1] == {"day": "2026-05-28", "live": 1, "test": 0}
    assert (len(data["days"]), data["is_complete"]) == (30, True)
    assert data["forecast"]["low"] <= data["forecast"]["expected"] <= data["forecast"]["high"]


def test_another_organisations_usage_is_not_among_it(tenant: Tenant, store: EventStore) -> None:
    stranger = Tenant()
    use(stranger.org, 7)
    store_events(store, make_event(stranger.org))
    data = tenant.get("/usage")["data"]
    assert (data["used"], data["keys"]) == (0, [])
