"""The pages of suppressions, in Django's test client."""

import html
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from control_factories import WHO, MembershipFactory, OrganizationFactory, make_suppression
from litesoc_server.orgs import suppressions
from litesoc_server.orgs.models import Organization, Role, Suppression
from litesoc_server.orgs.suppressions import end_suppression
from litesoc_server.web.detections import suppression_export
from management_api import Tenant

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>\u202e"
FORM = {
    "detector": "brute_force_address",
    "actor": "",
    "address": "203.0.113.0/24",
    "owner": "Jonas",
    "reason": "pen test",
    "expiry": "7d",
}


@pytest.fixture
def org(tenant: Tenant) -> Organization:
    return tenant.org


@pytest.fixture
def as_role(org: Organization) -> Callable[..., "Pages"]:
    return lambda role=Role.ANALYST, environment="live": Pages(org, role, environment)


class Pages:
    """The pages of one organisation as a member sees them."""

    def __init__(self, org: Organization, role: Role, environment: str) -> None:
        self.client = Client(headers={"Accept": "text/html"})
        self.user = MembershipFactory(org=org, role=role, user__name="Ana Lyst").user
        self.client.force_login(self.user)
        self.base = f"/o/{org.slug}/{environment}/suppressions/"

    def get(self, path: str = "") -> str:
        response = self.client.get(self.base + path)
        assert response.status_code == 200, response.status_code
        return response.content.decode()

    def post(self, path: str, data: dict[str, Any]) -> HttpResponse:
        return self.client.post(self.base + path, data)

    def saved(self, path: str, data: dict[str, Any]) -> str:
        response = self.client.post(self.base + path, data, follow=True)
        assert response.redirect_chain, text_of(response.content.decode())
        return text_of(response.content.decode())


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def test_one_is_made_and_listed(as_role: Any, org: Organization) -> None:
    pages = as_role()
    before = timezone.now()
    page = pages.saved("new", FORM)
    made = Suppression.objects.get(org=org)
    assert (made.detector, made.actor_id, made.address, made.owner) == (
        "brute_force_address",
        None,
        "203.0.113.0/24",
        "Jonas",
    )
    assert before + timedelta(days=7) <= made.expires_at <= timezone.now() + timedelta(days=7)
    assert made.created_by == f"user:{pages.user.id}"
    for text in ("Suppressed. In force within 5 seconds.", "Brute force from one address", "pen test", "by Ana Lyst"):
        assert text in page


def test_the_form_is_filled_from_the_address(as_role: Any) -> None:
    page = as_role().get(f"new?detector=new_device&actor=mira%7C{HOSTILE}&address=2001%3Adb8%3A%3A7&reason=why")
    assert '<option value="new_device" selected>' in page
    assert 'value="2001:db8::7"' in page
    assert html.escape(f"mira|{HOSTILE}") in page
    assert "<script>alert" not in page
    assert 'value="Ana Lyst"' in page


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"detector": "", "address": ""}, "Give at least one of detector, actor and address."),
        ({"detector": "nonsense"}, 'Names "nonsense", which is no detector'),
        ({"address": "203.0.113.300"}, 'Holds "203.0.113.300", which is no address'),
        ({"address": "0.0.0.0/0"}, "which is too wide"),
        ({"actor": "x" * 256}, "Must hold ids of 1 to 255 characters."),
        ({"reason": "  "}, "Must be a text of 1 to 2,000 characters."),
        ({"owner": ""}, "Must be a text of 1 to 255 characters."),
        ({"expiry": "custom", "until": ""}, "Choose a time, at most 366 days away."),
        ({"expiry": "custom", "until": "soon"}, "Choose a time, at most 366 days away."),
        ({"expiry": "custom", "until": "2001-01-01T00:00"}, "Must be in the future and at most 366 days away"),
        ({"expiry": "custom", "until": "9999-12-31T23:59"}, "Must be in the future and at most 366 days away"),
        ({"expiry": "for ever"}, "Choose a time, at most 366 days away."),
    ],
)
def test_what_is_wrong_stands_beside_its_field(typed: dict[str, str], message: str, as_role: Any) -> None:
    page = as_role().post("new", {**FORM, **typed}).content.decode()
    assert message in text_of(page)
    assert "Nothing is suppressed yet" in page
    assert not Suppression.objects.exists()


def test_a_day_of_ones_own_is_chosen_in_utc(as_role: Any) -> None:
    until = (timezone.now() + timedelta(days=40)).astimezone(UTC).replace(second=0, microsecond=0)
    as_role().saved("new", {**FORM, "expiry": "custom", "until": f"{until:%Y-%m-%dT%H:%M}"})
    assert Suppression.objects.get().expires_at == until


def test_no_more_than_fit(as_role: Any, org: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    make_suppression(org)
    monkeypatch.setattr(suppressions, "ACTIVE_MAX", 1)
    assert "There are 1 suppressions in force" in text_of(as_role().post("new", FORM).content.decode())


def test_one_is_ended_and_that_is_taken_back(as_role: Any, org: Organization) -> None:
    suppression = make_suppression(org)
    pages = as_role()
    page = pages.saved(f"{suppression.id}/end", {})
    assert "The suppression is ended. Undo" in page
    assert "Nothing is suppressed" in page
    assert "by Ana Lyst" in text_of(pages.get("?state=ended"))
    page = pages.saved(f"{suppression.id}/resume", {})
    assert "The suppression holds again." in page
    suppression.refresh_from_db()
    assert suppression.state == "active"


def test_an_old_end_offers_the_same_again(as_role: Any, org: Organization) -> None:
    suppression = make_suppression(org, actor="mira|7", reason="journey")
    end_suppression(suppression, who=WHO)
    Suppression.objects.update(ended_at=timezone.now() - timedelta(hours=1))
    pages = as_role()
    page = pages.get("?state=ended")
    assert "Take back" not in page
    assert "new?detector=brute_force_address&amp;actor=mira%7C7&amp;reason=journey" in page
    assert "too late" in pages.saved(f"{suppression.id}/resume", {})


def test_the_expiry_is_changed_from_what_was_seen(as_role: Any, org: Organization) -> None:
    suppression = make_suppression(org)
    pages = as_role()
    form = dict(re.findall(r'name="(was)" value="([^"]+)"', pages.get(f"{suppression.id}/extend")))
    assert "The expiry is changed." in pages.saved(f"{suppression.id}/extend", {**form, "expiry": "30d"})
    suppression.refresh_from_db()
    assert suppression.expires_at > timezone.now() + timedelta(days=29)
    for was in (form["was"], "", "2026-01-01", "0001-01-01T00:00:00+14:00"):
        page = pages.post(f"{suppression.id}/extend", {"was": was, "expiry": "1d"}).content.decode()
        assert "somebody else has changed its expiry meanwhile" in page
    late = pages.post(f"{suppression.id}/extend", {"was": form["was"], "expiry": "custom", "until": "2001-01-01T00:00"})
    assert "in the future" in late.content.decode()


def test_they_are_listed_by_state_in_pages(as_role: Any, org: Organization) -> None:
    for index in range(30):
        end_suppression(make_suppression(org, reason=f"reason {index:02}"), who=WHO)
    make_suppression(org, reason="still needed")
    expired = make_suppression(org, reason="its day came")
    Suppression.objects.filter(pk=expired.pk).update(expires_at=datetime(2026, 1, 1, tzinfo=UTC))
    pages = as_role(Role.VIEWER)
    assert "still needed" in pages.get()
    assert "its day came" in pages.get("?state=expired")
    first, second = pages.get("?state=ended"), pages.get("?state=ended&page=2")
    assert "Page 1 of 2" in text_of(first)
    assert 'href="?state=ended&amp;page=2"' in first
    assert [f"reason {index:02}" in first for index in (4, 5)] == [False, True]
    assert "reason 04" in second
    for action in ("/end", "/extend", "suppressions/new"):
        assert action not in pages.get()


def test_hostile_text_is_only_text(as_role: Any, org: Organization) -> None:
    make_suppression(org, actor=f"a{HOSTILE}" + "🦊" * 100, reason=HOSTILE, owner=HOSTILE)
    page = as_role().get()
    assert "<script>alert" not in page
    assert f"<bdi>{html.escape(HOSTILE)}</bdi>" in page


def test_another_organisations_are_not_found(as_role: Any) -> None:
    other = make_suppression(OrganizationFactory(), reason="not yours")
    pages = as_role()
    assert "not yours" not in pages.get()
    for action in ("end", "resume", "extend"):
        assert pages.post(f"{other.id}/{action}", {"expiry": "1d"}).status_code == 404
    other.refresh_from_db()
    assert other.state == "active"


def test_a_viewer_and_test_events_change_nothing(as_role: Any, org: Organization) -> None:
    suppression = make_suppression(org)
    for pages in (as_role(Role.VIEWER), as_role(Role.OWNER, "test")):
        assert pages.post("new", FORM).status_code == 403
        for action in ("end", "resume", "extend"):
            assert pages.post(f"{suppression.id}/{action}", {"expiry": "1d"}).status_code == 403
    assert "at the live events" in as_role(Role.OWNER, "test").get()
    assert Suppression.objects.get().state == "active"


def test_the_list_is_saved_as_a_file(as_role: Any, org: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppression_export, "_PAGE_ROWS", 2)
    for index in range(5):
        make_suppression(org, reason=f"={index}")
    end_suppression(make_suppression(org, reason="over"), who=WHO)
    make_suppression(OrganizationFactory(), reason="not yours")
    pages = as_role()
    rows = [row.split(",") for row in saved(pages.client.get(f"{pages.base}export.csv")).splitlines()]
    assert [row[6] for row in rows] == ["reason", "'=4", "'=3", "'=2", "'=1", "'=0"]
    ended = json.loads(saved(pages.client.get(f"{pages.base}export.json?state=ended")))
    assert [(one["reason"], one["state"], one["ended_by"]) for one in ended] == [("over", "ended", WHO.principal)]
    assert as_role(Role.VIEWER).client.get(f"{pages.base}export.csv").status_code == 403


def saved(response: Any) -> str:
    """Return what an answer saves as a file."""
    return async_to_sync(_read)(response).decode("utf-8-sig")


async def _read(response: Any) -> bytes:
    return b"".join([part async for part in response])
