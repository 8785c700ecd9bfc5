"""The pages Detections, one detector, General and History, in Django's test client."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from control_factories import WHO, MembershipFactory, OrganizationFactory, make_alert, make_suppression
from litesoc_server.alerts.lifecycle import mark_safe
from litesoc_server.clock import ManualClock
from litesoc_server.orgs.models import Organization, PolicyChange, Role, StoredPolicy
from litesoc_server.orgs.policy_changes import change_policy, stored_policy
from litesoc_server.orgs.policy_values import settings
from litesoc_server.pipeline.detect.registry import DETECTORS
from management_api import Tenant

pytestmark = pytest.mark.django_db
ID = "brute_force_address"
FAILURES, WINDOW = f"{ID}_failures_count", f"{ID}_window_ms"
HOSTILE = "<script>alert(1)</script>\u202e"


@pytest.fixture
def org(tenant: Tenant) -> Organization:
    return tenant.org


@pytest.fixture
def as_role(org: Organization) -> Callable[..., "Pages"]:
    return lambda role=Role.ADMIN, environment="live": Pages(org, role, environment)


class Pages:
    """The pages of one organisation as a member sees them."""

    def __init__(self, org: Organization, role: Role, environment: str) -> None:
        self.client = Client(headers={"Accept": "text/html"})
        self.user = MembershipFactory(org=org, role=role).user
        self.client.force_login(self.user)
        self.base = f"/o/{org.slug}/{environment}/"

    def get(self, path: str) -> str:
        response = self.client.get(self.base + path)
        assert response.status_code == 200, response.status_code
        return response.content.decode()

    def post(self, path: str, data: dict[str, Any]) -> HttpResponse:
        return self.client.post(self.base + path, data)

    def saved(self, path: str, data: dict[str, Any]) -> str:
        """Post, follow the way back and return the page there."""
        response = self.client.post(self.base + path, data, follow=True)
        assert response.redirect_chain, text_of(response.content.decode())
        return str(response.content.decode())


def text_of(page: str) -> str:
    """Return what people read, on one line."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)))


def form_of(**changes: str) -> dict[str, str]:
    """Return what the form of the detector sends when nothing but ``changes`` is typed."""
    sent = {name: str(setting.default) for name, setting in settings().items() if name.startswith(ID)}
    sent |= {WINDOW: "5", f"{WINDOW}_unit": "minutes", "severity": "", "note": "", "version": "1"}
    return {**sent, **changes}


def test_every_detector_stands_in_the_catalogue(as_role: Any) -> None:
    page = as_role(Role.VIEWER).get("detections/")
    for detector in DETECTORS:
        assert html.escape(detector.title) in page
        assert f"/detections/{detector.id}/" in page


def test_the_catalogue_counts_hits_and_noise(as_role: Any, org: Organization, clock: ManualClock) -> None:
    mark_safe(make_alert(org, last_seen_ms=clock.now_ms() - 60_000), who=WHO)
    make_alert(OrganizationFactory(), last_seen_ms=clock.now_ms() - 60_000, detector="new_device")
    row = re.findall(r'<li class="catalogue-row.*?</li>', as_role().get("detections/"), re.DOTALL)
    texts = [text_of(one) for one in row]
    brute = next(text for text in texts if "Brute force from one address" in text)
    assert "Hits in 7 days: 1" in brute
    assert "Noise: 100 %" in brute
    assert all("Hits in 7 days: 0" in text for text in texts if text is not brute)


def test_the_catalogue_is_narrowed_by_state_and_text(as_role: Any, org: Organization) -> None:
    change_policy(org, {"muted_detectors": ["new_device"], FAILURES: 8}, who=WHO)
    pages = as_role()

    def titles(query: str) -> list[str]:
        return re.findall(r'<h3><a href="[^"]+/detections/(\w+)/"', pages.get(f"detections/?{query}"))

    assert titles("state=muted") == ["new_device"]
    assert titles("state=changed") == [ID]
    assert len(titles("state=on")) == len(DETECTORS) - 1
    assert titles("q=T1110.003") == ["password_spray"]
    assert len(titles("state=nonsense")) == len(DETECTORS)
    assert "No detector fits" in pages.get("detections/?q=xyzzy")
    assert HOSTILE not in pages.get(
        "detections/",
    ) + pages.get(f"detections/?q={HOSTILE}")


def test_what_the_plan_leaves_out_names_the_plan_that_has_it(as_role: Any, org: Organization) -> None:
    org.plan = "free"
    org.save()
    pages = as_role()
    assert "In plan Pro" in text_of(pages.get("detections/?state=not_in_plan"))
    page = text_of(pages.get("detections/impossible_travel/"))
    assert "The plan Free does not include this detector" in page
    assert "The plan Pro includes it" in page


def test_one_detector_says_all_that_is_known_of_it(as_role: Any, org: Organization, clock: ManualClock) -> None:
    make_alert(org, title=f"Attack {HOSTILE}", last_seen_ms=clock.now_ms() - 60_000)
    make_suppression(org, actor=f"mira {HOSTILE}", expires_at=timezone.now() + timedelta(days=1))
    change_policy(org, {WINDOW: 600_000}, who=WHO, note=f"noisy {HOSTILE}")
    page = as_role(Role.VIEWER).get(f"detections/{ID}/")
    text = text_of(page)
    detector = next(one for one in DETECTORS if one.id == ID)
    for known in (*detector.false_positives, *detector.actions, "T1110 Brute Force", "auth.login_failed"):
        assert known in text
    assert "10 minutes" in text
    assert f"Default: 5 minutes. Set by {WHO.by}" in text
    assert "Attack <script>" in text
    assert "mira <script>" in text
    assert "noisy <script>" in text
    assert "<script>alert" not in page
    assert "Edit settings" not in text
    assert "Undo this change" not in text


def test_an_unknown_detector_is_not_found(as_role: Any) -> None:
    pages = as_role()
    for path in ("detections/nothing/", "detections/nothing/edit", "detections/general/nothing/"):
        assert pages.client.get(pages.base + path).status_code == 404
    assert pages.post("detections/nothing/mute", {"note": "x"}).status_code == 404


def test_settings_are_edited_in_plain_units(as_role: Any, org: Organization) -> None:
    pages = as_role()
    shown = pages.get(f"detections/{ID}/edit")
    assert re.search(r'name="brute_force_address_window_ms" value="5"', shown)
    assert "Default: 5 minutes<" in shown
    sent = form_of(**{FAILURES: "1,200", WINDOW: "1.5", f"{WINDOW}_unit": "hours", "severity": "high", "note": "why"})
    page = text_of(pages.saved(f"detections/{ID}/edit", sent))
    assert "Saved. In force within 5 seconds." in page
    assert "1,200" in page
    assert "90 minutes" in page
    assert "Always high" in page
    assert stored_policy(org).overrides == {FAILURES: 1200, WINDOW: 5_400_000, "severities": {ID: "high"}}
    change = PolicyChange.objects.get(org=org)
    assert (change.note, change.principal) == ("why", f"user:{pages.user.id}")


def test_an_empty_field_means_the_default(as_role: Any, org: Organization) -> None:
    change_policy(org, {FAILURES: 8, WINDOW: 600_000}, who=WHO)
    as_role().saved(f"detections/{ID}/edit", form_of(**{FAILURES: "", WINDOW: "", "version": "2"}))
    assert stored_policy(org).overrides == {}


def test_nothing_different_leaves_no_trace(as_role: Any, org: Organization) -> None:
    assert "nothing changed" in text_of(as_role().saved(f"detections/{ID}/edit", form_of()))
    assert stored_policy(org).version == 1


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({FAILURES: "many"}, "Must be a whole number from 1 to 4,000."),
        ({FAILURES: "0"}, "Must be a whole number from 1 to 4,000."),
        ({FAILURES: "2.5"}, "Must be a whole number from 1 to 4,000."),
        ({FAILURES: "9" * 60}, "Must be a whole number from 1 to 4,000."),
        ({FAILURES: "NaN"}, "Must be a whole number from 1 to 4,000."),
        ({FAILURES: "1e999999"}, "Must be a whole number from 1 to 4,000."),
        ({WINDOW: "500", f"{WINDOW}_unit": "days"}, "Must be a length of time from 1 second to 400 days."),
        ({WINDOW: "5", f"{WINDOW}_unit": "years"}, "Must be a length of time from 1 second to 400 days."),
        ({"severity": "dreadful"}, 'gives "brute_force_address" the severity "dreadful"'),
        ({"note": "x" * 2_001}, "Say it in at most 2,000 characters."),
        ({FAILURES: HOSTILE}, "Must be a whole number from 1 to 4,000."),
    ],
)
def test_what_is_wrong_stands_beside_its_field(typed: dict[str, str], message: str, as_role: Any, org: Organization) -> None:
    response = as_role().post(f"detections/{ID}/edit", form_of(**typed))
    page = response.content.decode()
    assert response.status_code == 200
    assert message in text_of(page)
    assert "Nothing is saved yet" in page
    assert "<script>alert" not in page
    for name, value in typed.items():
        if name in (FAILURES, WINDOW):
            assert f'value="{html.escape(value)}"' in page
    assert stored_policy(org).version == 1


def test_somebody_elses_change_is_shown_and_nothing_is_lost(as_role: Any, org: Organization) -> None:
    change_policy(org, {FAILURES: 9}, who=WHO, note="meanwhile")
    pages = as_role()
    response = pages.post(f"detections/{ID}/edit", form_of(**{WINDOW: "7"}))
    text = text_of(response.content.decode())
    assert "somebody else has changed the settings meanwhile" in text
    assert WHO.by in text
    assert "5 → became 9" in text
    assert stored_policy(org).version == 2
    assert 'name="version" value="2"' in response.content.decode()
    pages.saved(f"detections/{ID}/edit", form_of(**{WINDOW: "7", FAILURES: "9", "version": "2"}))
    assert stored_policy(org).overrides == {FAILURES: 9, WINDOW: 420_000}


@pytest.mark.parametrize("version", ["", "0", "-1", "two", "9" * 40])
def test_a_version_that_nobody_saw_changes_nothing(version: str, as_role: Any, org: Organization) -> None:
    response = as_role().post(f"detections/{ID}/edit", form_of(**{WINDOW: "7", "version": version}))
    assert "Nothing is saved yet" in response.content.decode()
    assert stored_policy(org).version == 1


def test_muting_needs_a_reason_and_shows_it(as_role: Any, org: Organization) -> None:
    pages = as_role()
    assert "Say why" in pages.post(f"detections/{ID}/mute", {"note": "  "}).content.decode()
    assert "at most 2,000" in text_of(pages.post(f"detections/{ID}/mute", {"note": "x" * 2_001}).content.decode())
    assert stored_policy(org).version == 1
    page = text_of(pages.saved(f"detections/{ID}/mute", {"note": "roll-out of laptops"}))
    assert "What it would find becomes no alert." in page
    assert ": roll-out of laptops" in page
    assert "On again" in text_of(pages.saved(f"detections/{ID}/unmute", {}))
    assert stored_policy(org).overrides == {}


def test_a_setting_goes_back_to_its_default(as_role: Any, org: Organization) -> None:
    change_policy(org, {FAILURES: 9, "history_count": 5}, who=WHO)
    pages = as_role()
    back = f"{pages.base}detections/{ID}/"
    sent = {"setting": FAILURES, "version": "2", "back": back}
    response = pages.post("detections/reset", sent)
    assert response["Location"] == back
    assert stored_policy(org).overrides == {"history_count": 5}
    assert "Nothing was reset" in text_of(pages.saved("detections/reset", {**sent, "setting": "history_count"}))
    assert "There is no setting" in text_of(pages.saved("detections/reset", {"setting": "nonsense", "version": "3"}))
    for elsewhere in ("https://evil.example/", "//evil.example", "/admin/", f"{back}..//evil"):
        away = pages.post("detections/reset", {**sent, "back": elsewhere})["Location"]
        assert away.startswith(pages.base)


def test_a_change_is_undone_by_a_new_one(as_role: Any, org: Organization) -> None:
    change_policy(org, {FAILURES: 9}, who=WHO)
    pages = as_role()
    assert "Undo this change" in pages.get(f"detections/{ID}/")
    page = text_of(pages.saved("detections/changes/2/undo", {"back": f"{pages.base}detections/changes/"}))
    assert "Undone." in page
    assert "Undoes version 2." in page
    assert stored_policy(org).overrides == {}
    again = text_of(pages.saved("detections/changes/2/undo", {}))
    assert "This change cannot be undone: it is taken back already." in again
    assert pages.post("detections/changes/99/undo", {}).status_code == 404


def test_another_organisations_changes_cannot_be_undone(as_role: Any) -> None:
    other = OrganizationFactory()
    change_policy(other, {FAILURES: 9}, who=WHO)
    pages = as_role()
    assert pages.post("detections/changes/2/undo", {}).status_code == 404
    assert "Nobody has changed anything" in pages.get("detections/changes/")
    assert stored_policy(other).overrides == {FAILURES: 9}


def test_lists_are_edited_one_entry_a_line(as_role: Any, org: Organization) -> None:
    pages = as_role()
    sent = {
        "allowed_addresses": "203.0.113.0/24\r\n198.51.100.7, 2001:db8::/48\r\n\r\n",
        "allowed_asns": "AS64500 64501",
        "allowed_actors": "mira\r\nauth0|x y\r\n",
        "allowed_user_agents": "LoadTest/1.0",
        "version": "1",
    }
    page = text_of(pages.saved("detections/general/allowed/", sent))
    assert "198.51.100.7" in page
    assert stored_policy(org).overrides == {
        "allowed_addresses": ["203.0.113.0/24", "198.51.100.7", "2001:db8::/48"],
        "allowed_asns": [64500, 64501],
        "allowed_actors": ["auth0|x y", "mira"],
        "allowed_user_agents": ["LoadTest/1.0"],
    }
    bad = {**sent, "allowed_addresses": "0.0.0.0/0", "allowed_asns": "Example", "version": "2"}
    page = text_of(pages.post("detections/general/allowed/", bad).content.decode())
    assert 'Holds "0.0.0.0/0", which is too wide' in page
    assert 'Holds "Example"; a network is a number' in page


def test_general_settings_have_sections_for_all(as_role: Any) -> None:
    page = as_role(Role.VIEWER).get("detections/general/")
    for title in ("Left alone", "Always reported", "How detections become alerts", "What is familiar"):
        assert title in page
    assert page.count('class="policy-setting"') == 16
    assert "25 %" in page


def test_a_share_is_typed_in_percent(as_role: Any, org: Organization) -> None:
    pages = as_role()
    form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', pages.get("detections/general/memory/")))
    units = dict(re.findall(r'name="(\w+_unit)".*?<option selected>(\w+)', pages.get("detections/general/memory/")))
    pages.saved("detections/general/memory/", {**form, **units, "usual_failure_weight_ratio": "12.5 %"})
    assert stored_policy(org).overrides == {"usual_failure_weight_ratio": 0.125}


def test_history_is_paged(as_role: Any, org: Organization) -> None:
    for count in range(4, 8):
        for minute in range(8):
            change_policy(org, {"history_count": count, "storm_window_ms": 60_000 * (minute + 1)}, who=WHO)
    pages = as_role()
    assert "Page 1 of 2" in text_of(pages.get("detections/changes/"))
    assert "Newer" in pages.get("detections/changes/?page=2")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_who_may_not_configure_changes_nothing(role: Role, as_role: Any, org: Organization) -> None:
    change_policy(org, {FAILURES: 9}, who=WHO)
    pages = as_role(role)
    sent = {"note": "x", "version": "2", "setting": FAILURES}
    for path in (f"{ID}/edit", f"{ID}/mute", f"{ID}/unmute", "general/allowed/", "changes/2/undo", "reset"):
        assert pages.post(f"detections/{path}", sent).status_code == 403
    shown = pages.get(f"detections/{ID}/") + pages.get("detections/general/") + pages.get("detections/changes/")
    assert not re.search(r'action="[^"]*/detections/|/edit"', shown)
    assert stored_policy(org).version == 2


def test_among_test_events_settings_are_read_only(as_role: Any, org: Organization) -> None:
    change_policy(org, {FAILURES: 9}, who=WHO)
    pages = as_role(Role.OWNER, "test")
    for path in ("detections/", f"detections/{ID}/", "detections/general/", "detections/changes/"):
        page = pages.get(path)
        assert "The same settings hold for live and test events" in page
        assert not re.search(r'action="[^"]*/detections/|/edit"', page)
    assert pages.post(f"detections/{ID}/edit", form_of()).status_code == 403
    assert pages.post("detections/changes/2/undo", {}).status_code == 403


def test_what_an_older_release_left_behind_is_named_and_taken_out(as_role: Any, org: Organization) -> None:
    StoredPolicy.objects.create(org=org, version=2, overrides={"old_count": 5, FAILURES: 9})
    pages = as_role()
    page = text_of(pages.get("detections/general/"))
    assert "do not fit this release" in page
    assert 'There is no setting "old_count"' in page
    page = text_of(pages.saved("detections/reset", {"setting": "old_count", "version": "2"}))
    assert "Back to the default." in page
    assert stored_policy(org).overrides == {FAILURES: 9}
    assert "do not fit" not in pages.get("detections/general/")


def test_suppressions_of_any_detector_stand_with_each(as_role: Any, org: Organization) -> None:
    until = timezone.now() + timedelta(days=1)
    make_suppression(org, detector=None, actor="of-any", expires_at=until)
    make_suppression(org, detector="new_device", actor="of-another", expires_at=until)
    page = as_role().get(f"detections/{ID}/")
    assert "of-any" in page
    assert "of-another" not in page


def test_a_detector_that_is_gone_stays_readable_in_the_history(as_role: Any, org: Organization) -> None:
    changes = [
        {"setting": "muted_detectors", "before": [], "after": [f"old_{HOSTILE}"]},
        {"setting": "old_count", "before": 1, "after": 2},
    ]
    PolicyChange.objects.create(org=org, version=2, changes=changes, by=HOSTILE, principal="key:1")
    page = as_role().get("detections/changes/")
    assert "through the API" in page
    assert "<script>alert" not in page
    assert "Undo this change" not in page
