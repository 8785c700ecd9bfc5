"""The list of alerts: what it shows, to whom, and what is done to many."""

import csv
import io
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from control_factories import MembershipFactory, OrganizationFactory, UserFactory, make_alert
from litesoc_server.alerts.assignment import assign
from litesoc_server.alerts.comments import add_comment
from litesoc_server.alerts.lifecycle import acknowledge, mark_safe
from litesoc_server.alerts.models import Alert, AlertTransition, BulkChange
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.envelope import Environment
from litesoc_server.orgs.models import Membership, Organization, Role
from litesoc_server.orgs.principals import Who
from management_api import Tenant
from many_alerts import make_alerts

MIRA = Who(by="Mira", principal="user:1")
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> \u202egnp.exe {{ 7*7 }}"
FRAGMENT = {"HX-Request": "true"}


class Somebody:
    """A signed-in member who looks at the pages."""

    def __init__(self, org: Organization, role: Role = Role.ANALYST) -> None:
        self.membership: Membership = MembershipFactory(org=org, role=role, user=UserFactory(name="Jo"))
        self.user = self.membership.user
        self.base = f"/o/{org.slug}/live/"
        self.client = Client(headers={"Accept": "text/html"})
        self.client.force_login(self.user)

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.client.get(self.base + path, headers=headers)

    def text(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status_code == 200, answer.content
        return answer.content.decode()

    def post(self, path: str, form: dict[str, Any], **headers: str) -> HttpResponse:
        return self.client.post(self.base + path, form, headers=headers)


@pytest.fixture
def org(tenant: Tenant) -> Organization:
    return tenant.org


@pytest.fixture
def jo(org: Organization) -> Somebody:
    return Somebody(org)


def titles(html: str) -> list[str]:
    return re.findall(r"data-row-link[^>]*><bdi>(.*?)</bdi>", html)


def file_of(answer: HttpResponse) -> str:
    """Read a streamed answer whole."""

    async def read() -> bytes:
        return b"".join([chunk async for chunk in answer.streaming_content])  # type: ignore[attr-defined] # it streams

    from asgiref.sync import async_to_sync  # noqa: PLC0415 # only here

    content: bytes = async_to_sync(read)() if answer.is_async else b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    return content.decode()


def ticked(*alerts: Alert) -> list[str]:
    return [f"{alert.id}:{alert.revision}" for alert in alerts]


def test_tabs_say_how_many_there_are(org: Organization, jo: Somebody) -> None:
    first, second, *_ = make_alerts(org, 5)
    acknowledge(first, who=MIRA)
    mark_safe(second, who=MIRA)
    html = jo.text("alerts/")
    counts = re.findall(r">(Open|Acknowledged|Resolved|Marked safe|All) <span class=\"count\">(\d+)<", html)
    assert counts == [("Open", "3"), ("Acknowledged", "1"), ("Resolved", "0"), ("Marked safe", "1"), ("All", "5")]
    assert len(titles(html)) == 3
    assert len(titles(jo.text("alerts/?status=all"))) == 5


def test_a_row_says_what_matters(org: Organization, jo: Somebody) -> None:
    alert = make_alert(org, severity=AlertSeverity.HIGH, actor_id="usr_1", incident_key="account|actor:usr_1")
    assign(alert, jo.user, who=MIRA)
    add_comment(alert, "hm", author=jo.user)
    html = jo.text("alerts/")
    for text in (
        "High",
        "Brute force from 198.51.100.77",
        "usr_1",
        "198.51.100.77",
        ">5<",
        ">Jo<",
        "Brute force from one address",
    ):
        assert text in html, text


def test_filters_narrow_the_list_and_say_how_many_each_leaves(org: Organization, jo: Somebody) -> None:
    alerts = make_alerts(org, 8)
    assign(alerts[2], jo.user, who=MIRA)
    assert len(titles(jo.text("alerts/?severity=high&severity=low"))) == 4
    assert len(titles(jo.text("alerts/?assignee=me"))) == 1
    assert len(titles(jo.text("alerts/?assignee=none"))) == 7
    assert len(titles(jo.text("alerts/?severity=high&assignee=me&detector=brute_force_address"))) == 1
    assert "No alerts match" in jo.text("alerts/?alert_type=new_device")
    html = jo.text("alerts/?severity=high")
    assert 'href="?severity=critical&amp;severity=high"' in html
    assert 'aria-current="true"' in html


def test_the_query_bar_searches_and_says_what_is_wrong(org: Organization, jo: Somebody) -> None:
    make_alert(org, source_ip="203.0.113.9", title="From elsewhere")
    make_alert(org)
    assert titles(jo.text("alerts/?q=ip:203.0.113.0/24")) == ["From elsewhere"]
    html = jo.text("alerts/?q=sevrity:high")
    assert "query-mistake" in html
    assert titles(html) == []


@pytest.mark.parametrize(
    "query",
    [
        "status=nonsense",
        "sort=x",
        "after=x",
        "after=1.2.3",
        "after=3.9999999999999999.00000000000000000000000000000000",
        "rows=99999999",
        "rows=-1",
        "assignee=x",
        "severity=%00",
        "q=%00",
        "q=%22",
        "alert_type=%F0%9F%A6%8A",
    ],
)
def test_an_address_that_makes_no_sense_still_shows_a_page(org: Organization, jo: Somebody, query: str) -> None:
    make_alert(org)
    assert jo.get(f"alerts/?{query}").status_code == 200


def test_pages_go_on_where_the_last_one_ended(org: Organization, jo: Somebody) -> None:
    make_alerts(org, 120)
    html, seen = jo.text("alerts/"), []
    while True:
        seen += re.findall(r'id="alert-([0-9a-f-]+)"', html)
        more = re.search(r'hx-get="(\?[^"]*after=[^"]*)"', html)
        if more is None:
            break
        make_alert(org)  # newer than all
        html = jo.get(f"alerts/{more[1].replace('&amp;', '&')}", **FRAGMENT).content.decode()
        assert "<html" not in html
    assert len(seen) == len(set(seen)) == 120


def test_a_list_that_is_shown_again_is_as_long_as_before_and_its_links_forget_that(org: Organization, jo: Somebody) -> None:
    make_alerts(org, 120)
    html = jo.text("alerts/?rows=110")
    assert len(titles(html)) == 110
    assert "rows=" not in html


def test_new_alerts_are_announced_and_the_list_stays(org: Organization, jo: Somebody) -> None:
    make_alert(org)
    Alert.objects.update(created_at=datetime(2026, 5, 28, 20, 26, 40, 123457, tzinfo=UTC))  # no float holds it
    address = re.search(r'hx-get="[^"]*(alerts/new\?[^"]*)"', jo.text("alerts/?severity=medium"))
    assert address is not None
    path = address[1].replace("&amp;", "&")
    assert jo.get(path).status_code == 204
    make_alert(org)
    make_alert(org, severity=AlertSeverity.LOW)
    assert "1 new alert" in jo.text(path)


@pytest.mark.parametrize(
    ("tab", "text"),
    [
        ("open", "No alerts yet"),
        ("acknowledged", "Nobody is on anything"),
        ("resolved", "Nothing is resolved"),
        ("dismissed", "Nothing is marked safe"),
        ("all", "No alerts yet"),
    ],
)
def test_an_empty_tab_says_what_would_be_there(jo: Somebody, tab: str, text: str) -> None:
    assert text in jo.text(f"alerts/?status={tab}")


def test_an_attack_from_one_address_on_many_is_nobodys(org: Organization, jo: Somebody) -> None:
    alert = make_alert(org, incident_key="credential_attack|ip:198.51.100.77", source_ip="198.51.100.77", actor_id="usr_1")
    row = jo.text("alerts/")
    details = jo.text(f"alerts/{alert.id}/").partition('id="details"')[2].partition("</section>")[0]
    for shown in (row, details):
        assert "addresses/address?ip=198.51.100.77" in shown
        assert "actors/actor?id=usr_1" not in shown


def test_when_everything_is_done_the_list_says_so(org: Organization, jo: Somebody) -> None:
    mark_safe(make_alert(org), who=MIRA)
    assert "All clear" in jo.text("alerts/")


def test_hostile_text_stays_text(org: Organization, jo: Somebody) -> None:
    make_alert(org, title=HOSTILE, actor_id=HOSTILE + "🦊" * 400)
    html = jo.text("alerts/")
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert "<bdi>&lt;script&gt;" in html


def test_alerts_of_others_and_of_test_keys_do_not_exist(org: Organization, jo: Somebody) -> None:
    make_alert(OrganizationFactory(), title="Theirs")
    make_alert(org, title="Of tests", environment=Environment.TEST)
    assert titles(jo.text("alerts/?status=all")) == []
    jo.base = jo.base.replace("live", "test")
    assert titles(jo.text("alerts/")) == ["Of tests"]


def test_a_viewer_sees_and_does_nothing(org: Organization) -> None:
    alert = make_alert(org)
    viewer = Somebody(org, Role.VIEWER)
    html = viewer.text("alerts/")
    assert len(titles(html)) == 1
    assert "checkbox" not in html
    assert "Export" not in html
    assert viewer.post("alerts/bulk", {"action": "acknowledge", "alert": ticked(alert)}).status_code == 403
    assert viewer.get("alerts/export.csv").status_code == 403


# --- many at once


def test_ticked_alerts_are_changed_and_that_can_be_undone(org: Organization, jo: Somebody) -> None:
    first, _, third = make_alerts(org, 3)
    form = {"action": "resolve", "resolution_type": "false_positive", "note": "tests", "alert": ticked(first, third)}
    answer = jo.post("alerts/bulk", form, **FRAGMENT)
    html = answer.content.decode()
    assert "2 alerts resolved" in html
    assert answer["HX-Trigger"] == "alerts-changed"
    assert set(Alert.objects.filter(status="resolved").values_list("id", flat=True)) == {first.id, third.id}
    bulk = BulkChange.objects.get()
    assert f"alerts/bulk/{bulk.id}/undo" in html
    answer = jo.post(f"alerts/bulk/{bulk.id}/undo", {}, **FRAGMENT)
    assert "2 alerts put back" in answer.content.decode()
    assert not Alert.objects.exclude(status="open").exists()
    assert AlertTransition.objects.filter(action="undo", by="Jo", principal=f"user:{jo.user.id}").count() == 2


def test_what_somebody_changed_meanwhile_is_left_alone_and_said(org: Organization, jo: Somebody) -> None:
    first, second = make_alerts(org, 2)
    acknowledge(first, who=MIRA)
    answer = jo.post("alerts/bulk", {"action": "mark_safe", "alert": ticked(first, second)}, **FRAGMENT)
    html = answer.content.decode()
    assert "1 alert marked safe" in html
    assert "1 changed by somebody else meanwhile" in html


def test_all_that_match_are_changed_step_by_step(org: Organization, jo: Somebody) -> None:
    make_alerts(org, 10_000)
    everything = {"action": "acknowledge", "everything": "1", "alert": []}
    html = jo.post("alerts/bulk?severity=high", everything, **FRAGMENT).content.decode()
    bulk = BulkChange.objects.get()
    assert bulk.total_count == 2_500
    assert "<progress" in html
    steps = 1
    while f"alerts/bulk/{bulk.id}/step" in html:
        html = jo.post(f"alerts/bulk/{bulk.id}/step", {}, **FRAGMENT).content.decode()
        steps += 1
    assert "2,500 alerts acknowledged" in html
    assert steps == 13
    assert Alert.objects.filter(status="acknowledged", severity="high").count() == 2_500
    assert Alert.objects.filter(status="open").count() == 7_500
    assert "7,500" in jo.text("alerts/")


def test_without_scripts_the_whole_change_is_one_answer(org: Organization, jo: Somebody) -> None:
    alerts = make_alerts(org, 210)
    form = {"action": "assign", "assignee": str(jo.user.id), "alert": ticked(*alerts)}
    answer = jo.client.post(f"{jo.base}alerts/bulk?severity=low", form, follow=True)
    assert answer.redirect_chain == [(f"{jo.base}alerts/?severity=low", 302)]
    assert "210 alerts assigned to Jo" in answer.content.decode()


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ({"action": "acknowledge"}, "at least one"),
        ({"action": "nonsense", "alert": "x"}, "what to do"),
        ({"action": "acknowledge", "alert": "nonsense"}, "out of date"),
        ({"action": "resolve", "alert": "x"}, "how it was resolved"),
        ({"action": "assign", "assignee": "nonsense", "alert": "x"}, "member who may triage"),
        ({"action": "resolve", "resolution_type": "other", "note": "x" * 2_001, "alert": "x"}, "2,001"),
    ],
)
def test_a_form_that_cannot_be_carried_out_is_explained(
    org: Organization, jo: Somebody, form: dict[str, str], text: str
) -> None:
    make_alert(org)
    assert text in jo.post("alerts/bulk", form, **FRAGMENT).content.decode()
    assert text in jo.client.post(f"{jo.base}alerts/bulk", form, follow=True).content.decode()
    assert not AlertTransition.objects.exists()


def test_a_change_of_others_does_not_exist(org: Organization, jo: Somebody) -> None:
    make_alert(org)
    jo.post("alerts/bulk", {"action": "acknowledge", "everything": "1"}, **FRAGMENT)
    bulk = BulkChange.objects.get()
    stranger = Somebody(OrganizationFactory())
    for path in (f"alerts/bulk/{bulk.id}/step", f"alerts/bulk/{bulk.id}/undo"):
        assert stranger.post(path, {}).status_code == 404


# --- files


def test_the_whole_list_is_saved_without_formulas(org: Organization, jo: Somebody) -> None:
    make_alerts(org, 600, actor_id="=cmd|' /C calc'!A0")
    make_alert(org, title="low one", severity=AlertSeverity.LOW, source_ip=None)
    answer = jo.get("alerts/export.csv?severity=low&sort=worst")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(file_of(answer).removeprefix("\ufeff"))))
    assert len(rows) == 151
    assert rows[0]["title"] == "low one"
    assert rows[0]["source_ip"] == ""
    assert rows[1]["actor_id"] == "'=cmd|' /C calc'!A0"
    assert json.loads(file_of(jo.get("alerts/export.json?severity=low")))[0]["severity"] == "low"
    assert json.loads(file_of(jo.get("alerts/export.json?status=resolved"))) == []


def test_a_search_that_cannot_be_read_is_no_file(jo: Somebody) -> None:
    assert jo.get("alerts/export.csv?q=sevrity:high").status_code == 400
