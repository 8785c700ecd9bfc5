"""The pages of events: what is listed, how it is narrowed down, and what one event tells."""

import asyncio
import csv
import io
import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import msgspec
import pytest
from django.test import AsyncClient

from control_factories import NOW_MS, MembershipFactory, OrganizationFactory, make_alert
from litesoc_server import backend
from litesoc_server.backend import Backend
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor, Event, Severity
from litesoc_server.events.risk import Risk, RiskContribution
from litesoc_server.orgs.models import Organization, Role
from litesoc_server.store.base import EventStore, StoreUnavailable
from litesoc_server.web import event_export_rows
from management_api import Tenant, make_event, store_events
from page_reader import PageReader

pytestmark = pytest.mark.django_db

MINUTE_MS, DAY_MS = 60_000, 86_400_000
HOSTILE = "<script>alert(1)</script>\"'&\N{RIGHT-TO-LEFT OVERRIDE}🦊"


class Reader(PageReader):
    """A member who looks at events."""

    def listed(self, **query: Any) -> list[str]:
        """Return the ids of the events in the list, in its order."""
        return re.findall(r'<tr id="event-([0-9a-f-]{36})"', self.text("events/", **query))


@pytest.fixture
def reader(tenant: Tenant) -> Reader:
    return Reader(tenant.org)


def at(org: Organization, minutes_ago: float, **changes: Any) -> Event:
    return make_event(org, occurred_at_ms=NOW_MS - round(minutes_ago * MINUTE_MS), **changes)


@pytest.fixture
def store_away(keys: object) -> Iterator[None]:
    """Every question to the event store fails."""

    class Away:
        def __getattr__(self, _: str) -> Any:
            def refuse(*_args: object, **_kwargs: object) -> None:
                raise StoreUnavailable("gone")

            return refuse

    parts = backend.current()
    backend.use(Backend(**{**vars(parts), "reader": Away()}))
    yield
    backend.use(parts)


def test_the_newest_events_of_a_day_are_listed(reader: Reader, store: EventStore) -> None:
    recent, older = at(reader.org, 1), at(reader.org, 60 * 23)
    gone, test = at(reader.org, 60 * 25), at(reader.org, 1, environment=Environment.TEST)
    store_events(store, recent, older, gone, test, at(OrganizationFactory(), 1))

    assert reader.listed() == [recent.event_id, older.event_id]
    assert reader.listed(range="7d") == [recent.event_id, older.event_id, gone.event_id]
    assert reader.listed(range="1h") == [recent.event_id]
    assert test.event_id in reader.get("events/", environment="test").content.decode()


def test_the_plans_retention_is_the_end_of_every_list(keys: object, store: EventStore) -> None:
    reader = Reader(OrganizationFactory(plan="free"))  # a week
    inside, outside = at(reader.org, 60 * 24 * 6), at(reader.org, 60 * 24 * 8)
    store_events(store, inside, outside)

    assert reader.listed(range="30d") == [inside.event_id]
    assert reader.get(f"events/{outside.event_id}/").status_code == 404


def test_pages_lead_to_each_other_and_keep_the_search(reader: Reader, store: EventStore) -> None:
    events = [at(reader.org, minutes / 10) for minutes in range(1, 121)]
    store_events(store, *events, at(reader.org, 5, severity=Severity.CRITICAL))
    query = {"q": "severity:warning", "range": "7d"}
    seen, page = [], reader.text("events/", **query)
    while True:
        seen += re.findall(r'<tr id="event-([0-9a-f-]{36})"', page)
        older = re.search(r'href="([^"]+)" rel="next"', page)
        if older is None:
            break
        page = reader.client.get(unescape(older[1])).content.decode()
    assert seen == [event.event_id for event in events]

    newer = re.search(r'href="([^"]+)" rel="prev"', page)
    assert newer is not None
    back = reader.client.get(unescape(newer[1])).content.decode()
    assert re.findall(r'<tr id="event-([0-9a-f-]{36})"', back) == seen[50:100]


def test_the_query_and_the_time_range_narrow_the_list(reader: Reader, store: EventStore) -> None:
    wanted = at(reader.org, 10, actor=Actor("mira"))
    store_events(store, wanted, at(reader.org, 11, actor=Actor("ann")), at(reader.org, 60, actor=Actor("mira")))

    span = {"from": "2026-05-28T20:00:00Z", "to": "2026-05-28T20:20:00Z"}
    assert reader.listed(q="actor:mira", **span) == [wanted.event_id]
    assert "Nothing matches" in reader.text("events/", q="actor:nobody")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"q": "contry:NO"}, "there is no field <code>contry</code>; did you mean <code>country</code>?"),
        ({"q": "vpn sev:x"}, "<mark>sev</mark>"),
        ({"q": "<script>:x"}, "Nothing matches"),
        ({"range": "2h"}, "must be one of"),
        ({"from": "yesterday"}, "must be like"),
        ({"before": "nonsense"}, "No events"),
    ],
)
def test_mistakes_are_named_where_they_are(reader: Reader, query: dict[str, str], says: str) -> None:
    assert says in reader.text("events/", **query)


def test_a_mistake_with_a_fix_is_one_click_away(reader: Reader) -> None:
    page = reader.text("events/", q="vpn contry:NO", range="7d")
    assert 'href="?q=vpn+country%3ANO&amp;range=7d"' in page


def test_facets_count_and_toggle(reader: Reader, store: EventStore) -> None:
    store_events(store, *(at(reader.org, minutes) for minutes in range(1, 4)))
    store_events(store, at(reader.org, 5, name="data.export", severity=Severity.CRITICAL, actor=Actor("ann")))

    def links(**query: str) -> dict[str, str]:
        page = reader.text("events/facets/", **query)
        return {
            unescape(value): unescape(href)
            for href, value in re.findall(r'class="facet-choice" href="([^"]+)"[^>]* title="([^"]*)"', page)
        }

    assert "4 events" in reader.text("events/facets/")
    href = links()["data.export"]
    assert "q=event%3Adata.export" in href
    chosen = links(q="event:data.export")
    assert "1 event<" in reader.text("events/facets/", q="event:data.export")
    assert "auth.login_failed" in chosen  # what else it could be
    assert "q=" not in chosen["data.export"]
    assert "q=event%3Adata.export%2Cauth.login_failed" in chosen["auth.login_failed"]
    assert "q=" not in links(q="country:ZZ")["ZZ"]  # chosen, so it can be taken back although nothing has it


def test_the_chart_shows_when_there_were_how_many(reader: Reader, store: EventStore) -> None:
    store_events(store, at(reader.org, 1), at(reader.org, 2, severity=Severity.INFO), at(reader.org, 60 * 30))
    page = reader.text("events/chart/")
    data = msgspec.json.decode(re.findall(r'<script[^>]*type="application/json">(.*?)</script>', page, re.DOTALL)[0])
    assert {series["label"]: sum(series["values"]) for series in data["series"]} == {"Info": 1, "Warning": 1, "Critical": 0}
    assert len(data["times"]) == len(data["series"][0]["values"])
    assert "No events" in reader.text("events/chart/", q="actor:nobody")


def test_the_query_bar_offers_fields_and_values_that_occur(reader: Reader, store: EventStore) -> None:
    store_events(store, at(reader.org, 1, actor=Actor("Mira Solberg")), at(reader.org, 2, actor=Actor("ann")))

    def offered(text: str, **more: str) -> list[str]:
        answer = reader.get("events/completion/", text=text, **more)
        return [one["text"] for one in msgspec.json.decode(answer.content)["suggestions"]]

    assert "country:" in offered("co")
    assert offered("actor:") == ['"Mira Solberg"', "ann"]
    assert offered('actor:"Mi') == ['"Mira Solberg"']
    assert offered("event:auth.login_f") == ["auth.login_failed"]
    assert offered("co vpn", cursor="2") == offered("co")
    assert offered("nothing:") == []


def test_a_plan_without_network_intelligence_neither_shows_nor_searches_it(keys: object, store: EventStore) -> None:
    reader = Reader(OrganizationFactory(plan="free"))
    risk = Risk(71, 3.0, (RiskContribution("network", "new network Example Net", 3.0),))
    event = at(reader.org, 1, name="auth.login_success", risk=risk)
    store_events(store, event)

    for page in (reader.text("events/"), reader.text(f"events/{event.event_id}/"), reader.text("events/facets/")):
        assert "Bergen" not in page
        assert "Example Net" not in page
    assert "needs the plan Pro" in reader.text("events/", q="city:Bergen")
    answer = msgspec.json.decode(reader.get("events/completion/", text="city:").content)
    assert answer["suggestions"] == []


def test_an_event_tells_all_that_is_known_of_it(reader: Reader, store: EventStore) -> None:
    risk = Risk(71, 3.25, (RiskContribution("network", "new country BR", 3.5),))
    event = at(reader.org, 10, name="auth.login_success", risk=risk)
    before, other = at(reader.org, 20), at(reader.org, 5, actor=Actor("somebody"))
    far = at(reader.org, 100)
    store_events(store, event, before, other, far)

    page = reader.text(f"events/{event.event_id}/")
    for shown in ("Someone signed in.", "usr_8841", "mira@shop.example", "198.51.100.77", "Bergen", "new country BR", "71"):
        assert shown in page
    assert "Same actor" in page
    assert f"events/{before.event_id}/" in page
    assert f"events/{other.event_id}/" in page
    assert f"events/{far.event_id}/" not in page
    assert "&quot;reason&quot;: &quot;bad_password&quot;" in page
    assert "No alert is about this event." in page


def test_an_event_says_which_detectors_fired_and_why(reader: Reader, store: EventStore) -> None:
    trigger, evidence = at(reader.org, 1), at(reader.org, 2)
    store_events(store, trigger, evidence)
    ids = (evidence.event_id, trigger.event_id)
    seen = {"first_seen_ms": evidence.occurred_at_ms, "last_seen_ms": trigger.occurred_at_ms}
    make_alert(reader.org, event_ids=ids, trigger_event_id=trigger.event_id, **seen)

    page = reader.text(f"events/{trigger.event_id}/")
    assert "This event triggered it" in page
    assert "brute_force_address" in page
    assert "5 failed logins from 198.51.100.77 in 5 minutes (threshold 5)" in page
    assert "This event is evidence of it" in reader.text(f"events/{evidence.event_id}/")


def test_events_of_others_and_of_the_other_environment_are_not_there(reader: Reader, store: EventStore) -> None:
    theirs, test = at(OrganizationFactory(), 1), at(reader.org, 1, environment=Environment.TEST)
    store_events(store, theirs, test)
    for event in (theirs, test):
        assert reader.get(f"events/{event.event_id}/").status_code == 404
    assert reader.get(f"events/{test.event_id}/", environment="test").status_code == 200


def test_text_from_events_is_only_text(reader: Reader, store: EventStore) -> None:
    event = at(
        reader.org,
        1,
        name=f"custom.{HOSTILE}",
        actor=Actor(HOSTILE, HOSTILE),
        session_id=HOSTILE,
        metadata=msgspec.Raw(msgspec.json.encode({HOSTILE: HOSTILE})),
    )
    store_events(store, event)
    for page in (reader.text("events/"), reader.text(f"events/{event.event_id}/"), reader.text("events/facets/")):
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page
    assert reader.listed(q=f'actor:"{HOSTILE.replace(chr(34), chr(92) + chr(34))}"') == [event.event_id]


@pytest.mark.usefixtures("store_away")
def test_a_store_that_is_away_is_said_on_the_page(tenant: Tenant) -> None:
    reader = Reader(tenant.org)
    for page in ("events/", "events/chart/", "events/facets/"):
        answer = reader.get(page)
        assert answer.status_code == 503
        assert "does not answer" in answer.content.decode()
    assert "contry" in reader.text("events/", q="contry:NO")
    assert reader.get("events/completion/", text="event:auth.login_f").status_code == 200


def exported(org: Organization, file_format: str, role: Role = Role.ANALYST, **query: str) -> tuple[Any, bytes]:
    """Download a file as a member; returns the answer and its content."""
    user = MembershipFactory(org=org, role=role).user

    async def download() -> tuple[Any, bytes]:
        client = AsyncClient()
        await client.aforce_login(user)
        answer = await client.get(f"/o/{org.slug}/live/events/export.{file_format}", query)
        return answer, b"".join([chunk async for chunk in answer]) if answer.streaming else answer.content

    return asyncio.run(download())


@pytest.mark.django_db(transaction=True)
def test_the_list_is_saved_whole_in_its_order(tenant: Tenant, store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_export_rows, "PAGE_ROWS", 7)
    events = [at(tenant.org, minutes) for minutes in range(1, 25)]
    store_events(store, *events, at(tenant.org, 3, actor=Actor("ann")), at(OrganizationFactory(), 1))

    answer, content = exported(tenant.org, "csv", q="actor:usr_8841")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert [row["id"] for row in rows] == [event.event_id for event in events]
    assert answer["X-Total-Count"] == "24"
    assert rows[0]["actor_email"] == "mira@shop.example"
    assert rows[0]["metadata"] == '{"reason":"bad_password","nested":{"n":[1,2.5,null]}}'

    _, content = exported(tenant.org, "json", q="actor:usr_8841")
    assert [one["event_id"] for one in json.loads(content)] == [event.event_id for event in events]


@pytest.mark.django_db(transaction=True)
def test_a_file_has_an_end_and_no_formulas(tenant: Tenant, store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_export_rows, "EXPORTED_MAX", 20)
    monkeypatch.setattr(event_export_rows, "PAGE_ROWS", 10)
    store_events(store, *(at(tenant.org, minutes, actor=Actor("=cmd|' /C calc'!A0")) for minutes in range(1, 31)))

    answer, content = exported(tenant.org, "csv")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert (len(rows), answer["X-Total-Count"]) == (20, "20")
    assert {row["actor_id"] for row in rows} == {"'=cmd|' /C calc'!A0"}


@pytest.mark.django_db(transaction=True)
def test_a_file_holds_no_more_than_the_page_shows(keys: object, store: EventStore) -> None:
    org = OrganizationFactory(plan="free")
    store_events(store, at(org, 1))
    for file_format in ("csv", "json"):
        _, content = exported(org, file_format)
        assert b"Bergen" not in content
        assert b"Example Net" not in content
        assert b"NO" in content


@pytest.mark.django_db(transaction=True)
def test_a_file_of_a_wrong_query_is_refused(tenant: Tenant) -> None:
    answer, content = exported(tenant.org, "csv", q="contry:NO")
    assert (answer.status_code, b"did you mean `country`?" in content) == (400, True)


@pytest.mark.django_db(transaction=True)
def test_what_is_found_is_saved_as_ocsf(tenant: Tenant, store: EventStore) -> None:
    org, stored = tenant.org, at(tenant.org, 5)
    store_events(store, stored)
    answer, content = exported(org, "ndjson")
    assert answer["Content-Type"] == "application/x-ndjson"
    assert answer["Content-Disposition"] == f'attachment; filename="events-{org.slug}-live.ndjson"'
    (found,) = map(json.loads, content.splitlines())
    assert (found["class_uid"], found["metadata"]["uid"]) == (3002, stored.event_id)
