"""What pages ask of the store: sums over time, who stands out, one actor, one address. On both stores."""

from typing import Any

import pytest

from contract.store_cases import DAY_MS, StoreCase, make_bare_event, make_event, new_org, stored
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor, Device, Event, Geo, Network, NetworkKind, Severity
from litesoc_server.events.ids import OrgId
from litesoc_server.events.risk import Risk
from litesoc_server.store.queries.key_figures import KeyFigures, VisitorPoint
from litesoc_server.store.queries.list_actors import ActorCursor
from litesoc_server.store.queries.list_addresses import AddressCursor
from litesoc_server.store.queries.login_places import journeys_of
from litesoc_server.store.queries.overview_series import SeriesPoint
from litesoc_server.store.queries.span import Span

HOUR_MS = 3_600_000
DAY_START_MS = 1_780_012_800_000  # 2026-05-29T00:00:00Z
OSLO = Geo("NO", "Oslo", "Oslo", 59.91, 10.75, "Europe/Oslo")
TOKYO = Geo("JP", "Tokyo", "Tokyo", 35.69, 139.69, "Asia/Tokyo")
HOSTING = Network(64500, "Example Net", None, is_vpn=True, is_datacenter=True, kind=NetworkKind.HOSTING, provider="Example")
ISP = Network(64501, "Home Net", None, kind=NetworkKind.ISP)
LAPTOP = Device("Mozilla/5.0", "Firefox", "141", "Linux", None, id="laptop")

WEEK = Span(from_ms=DAY_START_MS - 6 * DAY_MS, to_ms=DAY_START_MS + DAY_MS)
DAY = Span(from_ms=DAY_START_MS, to_ms=DAY_START_MS + DAY_MS)
HOUR = Span(from_ms=DAY_START_MS + HOUR_MS, to_ms=DAY_START_MS + 2 * HOUR_MS)


def login(org: OrgId, at_ms: int, actor: str = "mira", *, ip: str = "203.0.113.9", **changes: Any) -> Event:
    """Make a login that succeeded."""
    event: dict[str, Any] = {
        "name": "auth.login_success",
        "severity": Severity.INFO,
        "actor": Actor(actor, f"{actor}@shop.example"),
        "user_ip": ip,
        "geo": OSLO,
        "network": ISP,
        "device": LAPTOP,
    }
    return make_event(org, DAY_START_MS + at_ms, **{**event, **changes})


def failure(org: OrgId, at_ms: int, actor: str = "mira", **changes: Any) -> Event:
    """Make a login that failed, from a hosting network in Tokyo."""
    others: dict[str, Any] = {"ip": "198.51.100.77", "geo": TOKYO, "network": HOSTING, "device": None}
    return login(org, at_ms, actor, name="auth.login_failed", severity=Severity.WARNING, **{**others, **changes})


@pytest.fixture(scope="module")
def org(case: StoreCase) -> OrgId:
    """To be read: an organisation with 4 events in one hour, one the day before, and what must not be counted with them."""
    org, stranger = new_org(), new_org()
    events = [
        login(org, HOUR_MS, risk=Risk(40, 1.0, ())),
        login(org, HOUR_MS + 1, "jonas", device=None),
        failure(org, HOUR_MS + 2),
        make_event(org, DAY_START_MS + 2 * HOUR_MS - 1, severity=Severity.CRITICAL, name="data.bulk_delete", actor=None),
        login(org, -DAY_MS),
        login(org, HOUR_MS, environment=Environment.TEST),
        login(stranger, HOUR_MS),
    ]
    for event in events:  # one insert each: sums have to come together from many parts
        case.store.insert(stored([event]))
    return org


def test_the_series_has_the_steps_with_events(case: StoreCase, org: OrgId) -> None:
    hour_ms = DAY_START_MS + HOUR_MS
    of_hour = SeriesPoint(hour_ms, infos=2, warnings=1, criticals=1, failures=1)
    assert case.store.overview_series(org_id=org, span=DAY, step_ms=HOUR_MS) == [of_hour]
    assert of_hour.events == 4
    assert case.store.overview_series(org_id=org, span=WEEK, step_ms=DAY_MS) == [
        SeriesPoint(DAY_START_MS - DAY_MS, 1, 0, 0, 0),
        SeriesPoint(DAY_START_MS, 2, 1, 1, 1),
    ]
    assert case.store.overview_series(org_id=org, span=HOUR, step_ms=60_000) == [
        SeriesPoint(hour_ms, 2, 1, 0, 1),
        SeriesPoint(hour_ms + HOUR_MS - 60_000, 0, 0, 1, 0),
    ]


@pytest.mark.parametrize(("span", "events", "step_ms"), [(HOUR, 4, 60_000), (DAY, 4, HOUR_MS), (WEEK, 5, DAY_MS)])
def test_key_figures_count_each_actor_and_address_once(
    case: StoreCase, org: OrgId, span: Span, events: int, step_ms: int
) -> None:
    figures = case.store.key_figures(org_id=org, span=span)
    assert figures == KeyFigures(events=events, failures=1, criticals=1, actors=2, addresses=2)
    points = case.store.visitor_series(org_id=org, span=span, step_ms=step_ms)
    assert VisitorPoint(DAY_START_MS + HOUR_MS // step_ms * step_ms, 2, 2) in points


@pytest.mark.parametrize("span", [HOUR, DAY, WEEK])
def test_tops_are_ranked_and_say_what_is_known(case: StoreCase, org: OrgId, span: Span) -> None:
    before = 1 if span is WEEK else 0
    addresses = case.store.top_addresses(org_id=org, span=span, limit=5)
    assert [(top.ip, top.events, top.failures) for top in addresses] == (
        [("203.0.113.9", 3, 0), ("198.51.100.77", 2, 1)] if before else [("198.51.100.77", 2, 1), ("203.0.113.9", 2, 0)]
    )
    assert ("NO", "Home Net", "isp") in {(top.country_code, top.as_org, top.network_kind) for top in addresses}
    actors = case.store.top_actors(org_id=org, span=span, limit=5)
    assert [(top.actor_id, top.events, top.failures, top.email) for top in actors] == [
        ("mira", 2 + before, 1, "mira@shop.example"),
        ("jonas", 1, 0, "jonas@shop.example"),
    ]
    names = case.store.top_names(org_id=org, span=span, limit=2)
    assert [(top.name, top.events) for top in names] == [("auth.login_success", 2 + before), ("auth.login_failed", 1)]
    assert len(case.store.top_addresses(org_id=org, span=span, limit=1)) == 1


@pytest.mark.parametrize("span", [HOUR, DAY])
def test_places_are_points_with_their_severities(case: StoreCase, org: OrgId, span: Span) -> None:
    found = {place.city: place for place in case.store.places(org_id=org, span=span, limit=10)}
    oslo = found["Oslo"]
    assert (oslo.country_code, oslo.events, oslo.warnings, oslo.criticals) == ("NO", 2, 0, 0)
    assert (round(oslo.latitude, 2), round(oslo.longitude, 2)) == (59.91, 10.75)
    assert (found["Tokyo"].warnings, found["Bergen"].criticals) == (1, 1)


def test_an_event_without_anybody_counts_and_names_nobody(case: StoreCase) -> None:
    org = new_org()
    masked = make_event(org, DAY_START_MS + 1, actor=Actor("[REDACTED]", None, is_redacted=True), user_ip="203.0.113.9")
    case.store.insert(stored([make_bare_event(org, DAY_START_MS), failure(org, 1), masked]))
    for span in (DAY, WEEK):
        figures = case.store.key_figures(org_id=org, span=span)
        assert (figures.events, figures.actors, figures.addresses) == (3, 1, 2)
        assert [top.actor_id for top in case.store.top_actors(org_id=org, span=span, limit=9)] == ["mira"]
        assert len(case.store.top_addresses(org_id=org, span=span, limit=9)) == 2
    assert [row.actor_id for row in case.store.list_actors(org_id=org, span=WEEK, start="", after=None, limit=9)] == ["mira"]


def test_actors_come_page_by_page_the_latest_first(case: StoreCase) -> None:
    org = new_org()
    ids = [f"usr_{number:02}" for number in range(7)]
    case.store.insert(stored([login(org, number // 2, actor_id) for number, actor_id in enumerate(ids)]))
    case.store.insert(stored([failure(org, -1, "usr_03"), failure(org, 1, "other")]))

    pages, after = [], None
    while page := case.store.list_actors(org_id=org, span=WEEK, start="usr_", after=after, limit=3):
        pages.append([row.actor_id for row in page])
        after = ActorCursor(page[-1].last_seen_ms, page[-1].actor_id)
    assert pages == [["usr_06", "usr_05", "usr_04"], ["usr_03", "usr_02", "usr_01"], ["usr_00"]]
    (found,) = case.store.list_actors(org_id=org, span=WEEK, start="USR_03@", after=None, limit=3)
    assert (found.actor_id, found.events, found.failures, found.country_codes) == ("usr_03", 2, 1, ("JP", "NO"))
    assert found.last_seen_ms == DAY_START_MS + 1


def test_addresses_come_page_by_page_the_latest_first(case: StoreCase) -> None:
    org = new_org()
    ips = [f"203.0.113.{number}" for number in range(10, 15)]
    case.store.insert(stored([login(org, number, f"usr_{number % 2}", ip=ip) for number, ip in enumerate(ips)]))
    case.store.insert(stored([failure(org, 9, "usr_7", ip=ips[0]), login(org, 0, ip="2001:db8::1")]))

    first = case.store.list_addresses(org_id=org, span=DAY, start="203.", after=None, limit=3)
    after = AddressCursor(first[-1].last_seen_ms, first[-1].ip)
    rest = case.store.list_addresses(org_id=org, span=DAY, start="203.", after=after, limit=3)
    assert [row.ip for row in [*first, *rest]] == [ips[0], *ips[:0:-1]]
    assert (first[0].events, first[0].failures, first[0].actors) == (2, 1, 2)
    assert (first[1].country_code, first[1].city, first[1].asn, first[1].as_org) == ("NO", "Oslo", 64501, "Home Net")


def test_one_actor_is_told_by_days_names_devices_and_addresses(case: StoreCase, org: OrgId) -> None:
    facts = case.store.actor_facts(org_id=org, actor_id="mira", span=WEEK)
    assert facts is not None
    assert (facts.email, facts.events, facts.failures, facts.risk_max) == ("mira@shop.example", 3, 1, 40)
    assert (facts.first_seen_ms, facts.last_seen_ms) == (DAY_START_MS - DAY_MS, DAY_START_MS + HOUR_MS + 2)
    assert [(day.start_ms, day.events, day.failures) for day in facts.days] == [
        (DAY_START_MS - DAY_MS, 1, 0),
        (DAY_START_MS, 2, 1),
    ]
    assert [(one.name, one.events) for one in facts.names] == [("auth.login_success", 2), ("auth.login_failed", 1)]
    (device,) = case.store.actor_devices(org_id=org, actor_id="mira", span=WEEK)
    assert (device.device_id, device.browser, device.os, device.kind, device.events) == ("laptop", "Firefox", "Linux", "", 2)
    addresses = case.store.actor_addresses(org_id=org, actor_id="mira", span=WEEK)
    assert [(one.ip, one.events, one.failures, one.city, one.network_kind) for one in addresses] == [
        ("198.51.100.77", 1, 1, "Tokyo", "hosting"),
        ("203.0.113.9", 2, 0, "Oslo", "isp"),
    ]
    assert round(addresses[0].latitude or 0, 2) == 35.69
    for other, actor_id in ((new_org(), "mira"), (org, "nobody")):
        assert case.store.actor_facts(org_id=other, actor_id=actor_id, span=WEEK) is None


def test_actors_are_linked_by_devices_before_addresses(case: StoreCase) -> None:
    org = new_org()
    case.store.insert(
        stored(
            [
                login(org, 0, "mira", ip="203.0.113.1"),
                login(org, 1, "same-address", ip="203.0.113.1", device=None),
                login(org, 2, "same-device", ip="203.0.113.2"),
                login(org, 3, "nothing", ip="203.0.113.3", device=None),
                make_bare_event(org, DAY_START_MS),
            ]
        )
    )
    linked = case.store.linked_actors(org_id=org, actor_id="mira", span=DAY, limit=9)
    assert [(one.actor_id, one.addresses, one.devices) for one in linked] == [
        ("same-device", (), ("laptop",)),
        ("same-address", ("203.0.113.1",), ()),
    ]
    assert case.store.linked_actors(org_id=org, actor_id="nobody", span=DAY, limit=9) == []


def test_logins_with_places_are_journeys(case: StoreCase) -> None:
    org = new_org()
    logins = [login(org, 0), login(org, 1), login(org, 2, geo=TOKYO), login(org, 3, geo=None), login(org, 4)]
    case.store.insert(stored([*logins, failure(org, 5), login(org, 6, "jonas")]))

    found = case.store.login_places(org_id=org, actor_id="mira", span=DAY, limit=99)
    assert [place.at_ms - DAY_START_MS for place in found] == [0, 1, 2, 4]
    assert [(one.start.city, one.end.city) for one in journeys_of(found)] == [("Oslo", "Tokyo"), ("Tokyo", "Oslo")]
    assert [place.event_id for place in case.store.login_places(org_id=org, actor_id="mira", span=DAY, limit=1)] == [
        logins[-1].event_id
    ]


def test_one_address_is_told_by_days_network_and_actors(case: StoreCase, org: OrgId) -> None:
    facts = case.store.address_facts(org_id=org, ip="203.0.113.9", span=WEEK)
    assert facts is not None
    assert [(day.start_ms, day.events, day.failures, day.actors) for day in facts.days] == [
        (DAY_START_MS - DAY_MS, 1, 0, 1),
        (DAY_START_MS, 2, 0, 2),
    ]
    assert (facts.events, facts.failures, facts.actors, facts.country_code, facts.city) == (3, 0, 2, "NO", "Oslo")
    assert (facts.asn, facts.as_org, facts.network_kind, facts.network_provider, facts.flags) == (
        *(64501, "Home Net", "isp", None),
        (),
    )
    actors = case.store.address_actors(org_id=org, ip="203.0.113.9", span=WEEK)
    assert [(actor.actor_id, actor.events) for actor in actors] == [("mira", 2), ("jonas", 1)]
    assert case.store.address_facts(org_id=org, ip="192.0.2.1", span=WEEK) is None


def test_an_address_says_what_network_it_last_was(case: StoreCase) -> None:
    org, ip = new_org(), "198.51.100.77"
    case.store.insert(stored([login(org, -DAY_MS, ip=ip), failure(org, 0, ip=ip)]))
    facts = case.store.address_facts(org_id=org, ip=ip, span=WEEK)
    assert facts is not None
    assert (facts.network_kind, facts.network_provider, facts.flags) == ("hosting", "Example", ("VPN", "data centre"))


def test_what_the_plan_no_longer_keeps_is_not_counted(case: StoreCase, org: OrgId) -> None:
    kept = Span(from_ms=WEEK.from_ms, to_ms=WEEK.to_ms, not_before_ms=DAY_START_MS)
    assert case.store.key_figures(org_id=org, span=kept).events == 4
    facts = case.store.actor_facts(org_id=org, actor_id="mira", span=kept)
    assert facts is not None
    assert facts.events == 2
    assert case.store.list_actors(org_id=new_org(), span=WEEK, start="", after=None, limit=9) == []
