"""The overview and its cards: figures, changes, alerts, ranks, the map; and what is left when the event store is away."""

from collections.abc import Iterator

import pytest

from control_factories import NOW_MS, OrganizationFactory, make_alert
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.event import Actor, Severity
from litesoc_server.store.base import EventStore
from management_api import Tenant, store_events
from page_reader import PageReader, ago, event_store_away

pytestmark = pytest.mark.django_db

DAY_MS = 86_400_000
CARDS = ("overview/figures/", "overview/tops/", "overview/map/", "overview/arrivals/", "overview/alerts/")


@pytest.fixture
def reader(tenant: Tenant) -> PageReader:
    return PageReader(tenant.org)


@pytest.fixture
def store_away(keys: object) -> Iterator[None]:
    with event_store_away():
        yield


def test_an_organisation_without_events_is_led_to_the_setup_guide(reader: PageReader) -> None:
    page = reader.text("")
    assert "No events yet" in page
    assert "/live/setup/" in page
    assert "overview/tops/" not in page  # nothing is counted that cannot be there


def test_figures_count_the_range_and_say_the_change(reader: PageReader, store: EventStore) -> None:
    of_today = [ago(reader.org, hours, actor=Actor(f"usr_{hours}")) for hours in (1, 2, 3)]
    before = [ago(reader.org, hours) for hours in (26, 27)]
    store_events(store, *of_today, *before)
    assert "nothing to compare with yet" in reader.text("overview/figures/")  # the first events came yesterday
    others = [ago(OrganizationFactory(), 1), ago(reader.org, 1, severity=Severity.CRITICAL, name="data.bulk_delete")]
    store_events(store, ago(reader.org, 24 * 8), *others)

    page = reader.text("overview/figures/")
    assert page.count('class="figure-value"') == 5
    assert '<span class="figure-title">Events</span> <span class="figure-value">4</span>' in page
    assert '<span class="figure-title">Failed logins</span> <span class="figure-value">3</span>' in page
    assert "100 % more than before" in page  # events
    assert "50 % more than before" in page  # failed logins
    assert "none before" in page  # critical events
    assert "without the hour that is not over" in page
    assert '<span class="figure-title">Actors</span> <span class="figure-value">4</span>' in page
    hour = reader.text("overview/figures/", range="1h")
    assert "without the hour that is not over" not in hour
    assert '<span class="figure-title">Events</span> <span class="figure-value">1</span>' not in hour  # both of an hour ago
    week = reader.text("overview/figures/", range="7d")
    assert '<span class="figure-title">Events</span> <span class="figure-value">6</span>' in week


def test_the_chart_says_the_same_as_its_table(reader: PageReader, store: EventStore) -> None:
    store_events(store, ago(reader.org, 1), ago(reader.org, 1, severity=Severity.CRITICAL, name="data.bulk_delete"))
    page = reader.text("")
    assert 'data-module="chart"' in page
    assert '<td class="number">0</td><td class="number">1</td><td class="number">1</td>' in page
    assert page.count("<tr>") == 1 + 24  # a row for each hour


def test_a_range_that_is_none_is_named_and_the_default_shown(reader: PageReader, store: EventStore) -> None:
    store_events(store, ago(reader.org, 1))
    page = reader.text("", range="9w")
    assert "The time range must be one of 1h, 24h, 7d, 30d" in page
    assert 'class="figure-value"' in page


def test_open_alerts_come_worst_first(reader: PageReader) -> None:
    make_alert(reader.org, severity=AlertSeverity.LOW, title="mild")
    make_alert(reader.org, severity=AlertSeverity.CRITICAL, title="grave", incident_key="b")
    make_alert(OrganizationFactory(), title="elsewhere")
    page = reader.text("overview/alerts/")
    assert page.index("grave") < page.index("mild")
    assert "elsewhere" not in page


def test_cards_rank_who_stands_out(reader: PageReader, store: EventStore) -> None:
    mine = [ago(reader.org, 1, user_ip="203.0.113.9", actor=Actor("mira")) for _ in range(3)]
    store_events(store, *mine, ago(reader.org, 2, user_ip="198.51.100.1", actor=Actor("jonas")))
    for span in ("24h", "7d"):
        page = reader.text("overview/tops/", range=span)
        assert page.index("203.0.113.9") < page.index("198.51.100.1")
        assert page.index(">mira<") < page.index(">jonas<")
        assert "auth.login_failed" in page


def test_the_map_has_a_table_and_the_plan_decides_about_places(reader: PageReader, store: EventStore) -> None:
    store_events(store, ago(reader.org, 1))
    page = reader.text("overview/map/")
    assert "Bergen, NO" in page
    assert "city%3ABergen" in page
    small = PageReader(OrganizationFactory(plan="free"))
    store_events(store, ago(small.org, 1))
    page = small.text("overview/map/")
    assert "Your plan does not include places" in page
    assert "Bergen" not in page
    assert "Example Net" not in small.text("overview/tops/")


def test_arrivals_say_how_many_came_just_now(reader: PageReader, store: EventStore) -> None:
    store_events(store, ago(reader.org, 0.1), ago(reader.org, 2))
    page = reader.text("overview/arrivals/")
    assert "<strong>1</strong> event in the last 30 minutes" in page
    assert "Receiving" in page


@pytest.mark.usefixtures("store_away")
def test_alerts_are_there_while_the_event_store_is_away(reader: PageReader) -> None:
    make_alert(reader.org, title="grave")
    page = reader.text("")
    assert "The event store does not answer" in page
    assert "grave" in page
    for card in CARDS:
        assert reader.get(card).status_code == 200
    assert "The event store does not answer" in reader.text("overview/tops/")


@pytest.mark.usefixtures("keys")
def test_what_the_plan_no_longer_keeps_is_not_counted(store: EventStore) -> None:
    small = PageReader(OrganizationFactory(plan="free"))  # a week
    store_events(store, ago(small.org, 1), ago(small.org, 24 * 9))
    page = small.text("overview/figures/", range="30d")
    assert '<span class="figure-title">Events</span> <span class="figure-value">1</span>' in page


def test_detections_of_the_range_are_counted_by_detector(reader: PageReader) -> None:
    for _ in range(2):
        make_alert(reader.org, detector="impossible_travel", last_seen_ms=NOW_MS - 1)
    make_alert(
        reader.org, detector="new_country", first_seen_ms=NOW_MS - 10 * 86_400_000, last_seen_ms=NOW_MS - 9 * 86_400_000
    )
    page = reader.text("overview/tops/")
    assert "Impossible travel" in page
    assert "New country" not in page
