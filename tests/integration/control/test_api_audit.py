"""`GET /audit`."""

from typing import Any

import pytest

from audit_logs import record_acts
from litesoc_server.audit.by import By
from litesoc_server.audit.erase import erase_person
from litesoc_server.events.envelope import Environment
from litesoc_server.ingest.keys import Scope
from management_api import Tenant


@pytest.fixture
def shop(tenant: Tenant) -> Tenant:
    record_acts(tenant.org.id)
    return tenant


def numbers(shop: Tenant, **query: object) -> list[int]:
    return [entry["number"] for entry in shop.get("/audit", **query)["data"]]


def test_an_entry_says_who_what_on_what_and_what_is_different(shop: Tenant) -> None:
    entry: dict[str, Any] = shop.get("/audit")["data"][-1]
    assert entry["action"] == "suppression.created"
    assert entry["actor"] == {
        "principal": "user:7",
        "name": "mira@shop.example",
        "ip_address": "203.0.113.9",
        "user_agent": "Mozilla/5.0 (X11; Linux)",
    }
    assert entry["target"] == {"kind": "member", "id": "0", "name": "colleague0@shop.example"}
    assert entry["changes"][0] == {"field": "role", "before": "viewer", "after": "admin"}
    assert (entry["note"], entry["erased"]) == ("a journey to Zürich", [])


def test_what_was_erased_is_null_and_said_so(shop: Tenant) -> None:
    erase_person(shop.org.id, texts=["mira@shop.example"], by=By.operator())
    entry = shop.get("/audit")["data"][-1]
    assert (entry["actor"]["name"], entry["erased"]) == (None, ["by.name"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"action": "member.role_changed"}, [6, 4, 2]),
        ({"actor": "MIRA"}, [5, 3, 1]),
        ({"target": "colleague2"}, [3]),
        ({"ip_address": "2001:DB8"}, [6, 4, 2]),
        ({"start_date": "2001-01-01", "end_date": "2999-01-01"}, [6, 5, 4, 3, 2, 1]),
        ({"end_date": "2001-01-01"}, []),
        ({"limit": 2}, [6, 5]),
        ({"limit": 2, "before": 5}, [4, 3]),
    ],
)
def test_filters_and_pages(shop: Tenant, query: dict[str, object], expected: list[int]) -> None:
    assert numbers(shop, **query) == expected


def test_pages_lead_on(shop: Tenant) -> None:
    assert shop.get("/audit", limit=4)["next_before"] == 3
    assert shop.get("/audit", limit=6)["next_before"] is None


@pytest.mark.parametrize(
    "query", ["action=alert.eaten", "before=0", "before=99999999999999999999", "start_date=soon", "limit=0"]
)
def test_what_it_cannot_be_asked_is_said(shop: Tenant, query: str) -> None:
    assert shop.call("GET", f"/audit?{query}").status_code == 400


def test_another_organisations_log_is_not_seen(shop: Tenant) -> None:
    assert numbers(Tenant()) == []


def test_who_only_reads_or_tests_does_not_learn_who_the_members_are(shop: Tenant) -> None:
    for changes in ({"scopes": {Scope.READ, Scope.INGEST}}, {"environment": Environment.TEST}):
        assert Tenant(shop.org, changes).call("GET", "/audit").status_code == 403


def test_a_plan_without_it_is_told_which_has_it(shop: Tenant) -> None:
    free = Tenant(org=shop.org)
    free.org.plan = "free"
    free.org.save()
    answer = Tenant(org=free.org).call("GET", "/audit")
    assert (answer.status_code, answer.json()["code"], answer.json()["required_plan"]) == (403, "PLAN_RESTRICTED", "Pro")
