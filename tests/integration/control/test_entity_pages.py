"""The pages of actors and addresses: lists, one of each, and what they never show."""

from collections.abc import Iterator
from html import unescape
from re import findall, search

import pytest

from control_factories import OrganizationFactory, make_alert
from litesoc_server.events.event import Actor, Device
from litesoc_server.events.risk import Risk, RiskContribution
from litesoc_server.store.base import EventStore
from management_api import Tenant, store_events
from page_reader import PageReader, ago, event_store_away

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>\"'&\N{RIGHT-TO-LEFT OVERRIDE}🦊"
PARTS = ("actors/actor/risk/", "actors/actor/timeline/", "actors/actor/map/", "actors/actor/links/")
PARTS_OF_ADDRESS = ("addresses/address/timeline/", "addresses/address/actors/")


@pytest.fixture
def reader(tenant: Tenant) -> PageReader:
    return PageReader(tenant.org)


@pytest.fixture
def store_away(keys: object) -> Iterator[None]:
    with event_store_away():
        yield


def test_actors_are_listed_page_by_page(reader: PageReader, store: EventStore) -> None:
    ids = [f"usr_{number:03}" for number in range(120)]
    store_events(store, *(ago(reader.org, 1 + number / 100, actor=Actor(one)) for number, one in enumerate(ids)))
    store_events(store, ago(OrganizationFactory(), 1, actor=Actor("stranger")))
    seen: list[str] = []
    page = reader.text("actors/")
    while True:
        seen += findall(r'data-row-link href="[^"]*" title="([^"]+)"', page)
        following = search(r'href="([^"]+)" rel="next"', page)
        if following is None:
            break
        answer = reader.client.get(f"/o/{reader.org.slug}/live/actors/{unescape(following[1])}")
        page = answer.content.decode()
    assert seen == ids
    assert findall(r'title="(usr_01\d)"', reader.text("actors/", start="usr_01")) == ids[10:20]
    assert "None in this time range begins with" in reader.text("actors/", start="nobody")


def test_addresses_are_listed_with_their_networks_as_the_plan_allows(reader: PageReader, store: EventStore) -> None:
    store_events(store, ago(reader.org, 1, user_ip="203.0.113.9"), ago(reader.org, 2, user_ip="2001:db8::9"))
    page = reader.text("addresses/")
    assert page.index("203.0.113.9") < page.index("2001:db8::9")
    assert "Example Net" in page
    assert "2001:db8::9" not in reader.text("addresses/", start="203.")
    small = PageReader(OrganizationFactory(plan="free"))
    store_events(store, ago(small.org, 1))
    assert "Example Net" not in small.text("addresses/")


def test_one_actor_is_told_with_its_risk(reader: PageReader, store: EventStore) -> None:
    risk = Risk(80, 4.2, (RiskContribution("network", "new country BR", 2.26),))
    store_events(
        store,
        ago(reader.org, 1, actor=Actor("mira", "mira@shop.example"), name="auth.login_success", risk=risk),
        ago(reader.org, 2, actor=Actor("mira", "mira@shop.example")),
    )
    make_alert(reader.org, actor_id="mira", title="about mira")
    make_alert(reader.org, actor_id="jonas", title="about jonas", incident_key="other")
    page = reader.text("actors/actor", id="mira")
    risk_card = reader.text("actors/actor/risk/", id="mira")
    assert "new country BR +2.3" in risk_card
    assert "half after 7 days" in risk_card
    assert "about mira" in page
    assert "about jonas" not in page
    assert "mira@shop.example" in page
    timeline = reader.text("actors/actor/timeline/", id="mira")
    assert timeline.count('class="event-name"') == 2
    store_events(
        store, *(ago(reader.org, 2 + number / 60, actor=Actor("mira", "mira@shop.example")) for number in range(1, 9))
    )
    timeline = reader.text("actors/actor/timeline/", id="mira")
    assert timeline.count('class="event-name"') == 2
    assert "9 times" in timeline
    assert "Bergen" in reader.text("actors/actor/map/", id="mira")


def test_linked_actors_share_something(reader: PageReader, store: EventStore) -> None:
    phone = Device(id="phone")
    store_events(
        store,
        ago(reader.org, 1, actor=Actor("mira"), device=phone, user_ip="203.0.113.1"),
        ago(reader.org, 1, actor=Actor("jonas"), device=phone, user_ip="203.0.113.2"),
        ago(reader.org, 1, actor=Actor("ann"), device=None, user_ip="203.0.113.3"),
    )
    page = reader.text("actors/actor/links/", id="mira")
    assert ">jonas<" in page
    assert ">ann<" not in page


def test_one_address_is_told_with_its_actors(reader: PageReader, store: EventStore) -> None:
    ip = "203.0.113.9"
    store_events(store, ago(reader.org, 1, user_ip=ip, actor=Actor("mira")), ago(reader.org, 30, user_ip=ip))
    make_alert(reader.org, source_ip=ip, title="about the address")
    page = reader.text("addresses/address", ip=f"::ffff:{ip}")
    assert "Example Net" in page
    assert "City test data 2026-05-01" in page  # whence it is known, and how old that is
    assert "about the address" in page
    assert ">mira<" in reader.text("addresses/address/actors/", ip=ip)
    assert reader.text("addresses/address/timeline/", ip=ip).count('class="event-name"') == 2


@pytest.mark.parametrize(
    ("page", "query"), [("actors/actor", {}), ("actors/actor", {"id": ""}), ("addresses/address", {"ip": "no address"})]
)
def test_what_names_nothing_is_not_found(reader: PageReader, page: str, query: dict[str, str]) -> None:
    assert reader.get(page, **query).status_code == 404


def test_what_is_unknown_or_anothers_shows_nothing(reader: PageReader, store: EventStore) -> None:
    other = OrganizationFactory()
    store_events(store, ago(other, 1, actor=Actor("theirs"), user_ip="203.0.113.77"))
    make_alert(other, actor_id="theirs", title="their alert")
    for page, query in (("actors/actor", {"id": "theirs"}), ("addresses/address", {"ip": "203.0.113.77"})):
        text = reader.text(page, **query)
        assert "Nothing known in this time range" in text
        assert "their alert" not in text
    for part in PARTS:
        assert "203.0.113.77" not in reader.text(part, id="theirs")
    for part in PARTS_OF_ADDRESS:
        assert "theirs" not in reader.text(part, ip="203.0.113.77")


def test_hostile_ids_stay_text_and_their_links_lead_to_them(reader: PageReader, store: EventStore) -> None:
    actor_id = HOSTILE + "🦊" * 300
    store_events(store, ago(reader.org, 1, actor=Actor(actor_id, "<b>x</b>@shop.example")))
    page = reader.text("actors/")
    assert "<script>alert" not in page
    assert "<b>x</b>" not in page
    link = search(r'data-row-link href="([^"]+)"', page)
    assert link is not None
    answer = reader.client.get(unescape(link[1]))
    assert "Nothing known" not in answer.content.decode()
    assert "<script>alert" not in answer.content.decode()
    for part in PARTS:
        assert "<script>alert" not in reader.text(part, id=actor_id)


def test_cursors_that_are_none_begin_at_the_top(reader: PageReader, store: EventStore) -> None:
    store_events(store, ago(reader.org, 1, actor=Actor("mira")))
    for before in ("x", "-1", "9" * 30, "\N{SUPERSCRIPT TWO}"):
        assert ">mira<" in reader.text("actors/", before=before, last="a")


@pytest.mark.usefixtures("store_away")
def test_lists_say_that_the_store_is_away_and_alerts_stay(reader: PageReader) -> None:
    make_alert(reader.org, actor_id="mira", source_ip="203.0.113.9", title="about mira")
    for page in ("actors/", "addresses/"):
        answer = reader.get(page)
        assert answer.status_code == 503
        assert "The event store does not answer" in answer.content.decode()
    for page in ("actors/actor", "addresses/address"):
        text = reader.text(page, id="mira", ip="203.0.113.9")
        assert "The event store does not answer" in text
        assert "about mira" in text
    for part in (*PARTS, *PARTS_OF_ADDRESS):
        assert "The event store does not answer" in reader.text(part, id="mira", ip="203.0.113.9")


def test_events_older_than_the_range_are_not_of_it(reader: PageReader, store: EventStore) -> None:
    store_events(store, ago(reader.org, 24 * 12, actor=Actor("mira")))
    assert "Nothing known" in reader.text("actors/actor", id="mira", range="7d")
    assert "Nothing known" not in reader.text("actors/actor", id="mira")
