"""The test environment: emptied on request, whatever ends the worker in between, with everything that is live left whole."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from control_factories import NOW_MS, OrganizationFactory, make_alert, org_id_of
from litesoc_server.accounts.outbox import outbox
from litesoc_server.alerts.models import Alert, AlertComment
from litesoc_server.audit.by import By
from litesoc_server.audit.models import AuditEntry
from litesoc_server.events.catalog import FEEDBACK_SOURCE
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.envelope import ENVELOPE_ENCODER, Envelope, Environment
from litesoc_server.orgs import usage
from litesoc_server.orgs.emptying import ask_to_empty
from litesoc_server.orgs.models import Organization, Role
from litesoc_server.orgs.usage import count_usage, used_in_month
from litesoc_server.pipeline.state.base import CountRequest, StateStore, Window
from litesoc_server.pipeline.state.memory import MemoryState
from litesoc_server.runtime import environment_emptying
from litesoc_server.runtime.environment_emptying import PATIENCE, EnvironmentEmptier
from litesoc_server.servers.models import Server
from litesoc_server.store.base import EventSearch, EventStore
from litesoc_server.stream.base import Stream
from litesoc_server.stream.subjects import Subject
from management_api import Tenant, make_event, store_events
from page_reader import PageReader
from people import visible_text

pytestmark = pytest.mark.django_db(transaction=True)

BOTH = (Environment.LIVE, Environment.TEST)


@pytest.fixture(autouse=True)
def settled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "SETTLE_S", 0)


def count_all(store: EventStore) -> None:
    """Count usage once the second is over in which something was stored."""
    begun_s = store.taken_span(since_s=0).now_s
    while store.taken_span(since_s=0).now_s == begun_s:
        pass
    count_usage(store)


def raw(org: Organization, environment: Environment) -> bytes:
    return ENVELOPE_ENCODER.encode(
        Envelope(org_id_of(org), "key", environment, "collect", 0, b"0" * 16, None, False, (), b"{}")
    )


def fill(org: Organization, store: EventStore, stream: Stream, state: StateStore) -> None:
    """Give each environment something of everything."""
    for environment in BOTH:
        verdict = make_event(org, environment=environment, source=FEEDBACK_SOURCE)
        store_events(store, make_event(org, environment=environment), verdict)
        alert = make_alert(org, environment=environment)
        AlertComment.objects.create(alert=alert, by="mira", text="seen")
        Server.objects.create(org=org, environment=environment.value, hostname="web-3")
        stream.dead_letters.add(Subject.RAW, raw(org, environment), "why")
        state.answer([CountRequest(key_of(org, environment), 1_000, 0, "m")])


def key_of(org: Organization, environment: Environment) -> str:
    return f"{org_id_of(org)}|test|failed|mira" if environment is Environment.TEST else f"{org_id_of(org)}|failed|mira"


def contents(org: Organization, environment: Environment, store: EventStore, stream: Stream, state: StateStore) -> list[int]:
    """Count what there is: events, alerts, comments, servers, dead letters, and what is remembered."""
    (window,) = state.answer([CountRequest(key_of(org, environment), 1_000, 0, "", is_read_only=True)])
    assert isinstance(window, Window)
    return [
        store.count_matching(org_id=org_id_of(org), where=EventSearch(environment=environment), limit=100).events,
        Alert.objects.filter(org=org, environment=environment).count(),
        AlertComment.objects.filter(alert__org=org, alert__environment=environment).count(),
        Server.objects.filter(org=org, environment=environment).count(),
        sum(letter.payload == raw(org, environment) for letter in stream.dead_letters.list(100)),
        window.count,
    ]


def is_asked(org: Organization) -> bool:
    return Organization.objects.get(pk=org.pk).emptying_asked_at is not None


def test_it_takes_all_of_the_test_environment_and_nothing_else(store: EventStore, stream: Stream) -> None:
    org, other, state = OrganizationFactory(), OrganizationFactory(), MemoryState()
    for one in (org, other):
        fill(one, store, stream, state)
    stream.dead_letters.add(Subject.RAW, b"rubbish", "unreadable")
    letters = len(stream.dead_letters.list(100))
    ask_to_empty(org, by=By.operator())
    ask_to_empty(org, by=By.operator())
    emptier = EnvironmentEmptier(store=store, stream=stream, state=state)
    emptier.run_once()
    assert contents(org, Environment.TEST, store, stream, state) == [2, 1, 1, 1, 1, 1], "not counted for the quota yet"
    count_all(store)
    for _ in range(2):
        emptier.run_once()
        assert not is_asked(org)
        assert contents(org, Environment.TEST, store, stream, state) == [0, 0, 0, 0, 0, 0]
        for place in ((org, Environment.LIVE), (other, Environment.LIVE), (other, Environment.TEST)):
            assert contents(*place, store, stream, state) == [2, 1, 1, 1, 1, 1]
    assert len(stream.dead_letters.list(100)) == letters - 1
    assert used_in_month(store, org_id_of(org), now_ms=NOW_MS) == 2, "one of each environment; our own verdicts count never"
    actions = AuditEntry.objects.filter(org_id=org.pk, action__startswith="test_").order_by("seq")
    assert [(entry.action, entry.principal) for entry in actions] == [
        ("test_events.deletion_asked", "operator"),
        ("test_events.deleted", "system"),
    ]


def test_what_is_on_its_way_is_waited_for(store: EventStore, stream: Stream, tmp_path: Path) -> None:
    org = OrganizationFactory()
    stream.publisher.publish(Subject.RAW, [raw(org, Environment.TEST)])
    ask_to_empty(org, by=By.operator())
    emptier = EnvironmentEmptier(store=store, stream=stream, state=MemoryState())
    emptier.run_once()
    assert is_asked(org)
    consumer = stream.consumer(Subject.RAW)
    consumer.ack(consumer.fetch(10, 1.0))
    emptier.run_once()
    assert not is_asked(org)
    left = [path.name for path in tmp_path.rglob("*") if path.is_file() and org_id_of(org).encode() in path.read_bytes()]
    assert left == [], "a start would deliver it again"


def test_where_events_keep_coming_patience_ends_and_what_is_not_counted_stays(store: EventStore, stream: Stream) -> None:
    org, state = OrganizationFactory(), MemoryState()
    fill(org, store, stream, state)
    count_all(store)
    store_events(store, make_event(org, environment=Environment.TEST))
    ask_to_empty(org, by=By.operator())
    emptier = EnvironmentEmptier(store=store, stream=stream, state=state)
    emptier.run_once()
    assert is_asked(org)
    Organization.objects.filter(pk=org.pk).update(emptying_asked_at=timezone.now() - PATIENCE - timedelta(seconds=1))
    emptier.run_once()
    assert not is_asked(org)
    assert contents(org, Environment.TEST, store, stream, state) == [1, 0, 0, 0, 0, 0]
    count_all(store)
    assert used_in_month(store, org_id_of(org), now_ms=NOW_MS) == 3


class Killed(Exception):
    """The process ends here."""


@pytest.mark.parametrize("step", ["remove_dead_letters", "delete_alerts_of", "note_emptied"])
def test_ended_anywhere_in_the_middle_it_goes_on_the_next_time(
    store: EventStore, stream: Stream, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    org, state = OrganizationFactory(), MemoryState()
    fill(org, store, stream, state)
    count_all(store)
    ask_to_empty(org, by=By.operator())

    def dying(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(environment_emptying, step, dying)
        with pytest.raises(Killed):
            EnvironmentEmptier(store=store, stream=stream, state=state).run_once()
    assert is_asked(org)
    EnvironmentEmptier(store=store, stream=stream, state=state).run_once()  # of the next process
    assert not is_asked(org)
    assert contents(org, Environment.TEST, store, stream, state) == [0, 0, 0, 0, 0, 0]
    assert contents(org, Environment.LIVE, store, stream, state) == [2, 1, 1, 1, 1, 1]


def test_the_page_says_what_goes_and_asks_for_it(tenant: Tenant, store: EventStore) -> None:
    store_events(store, *(make_event(tenant.org, environment=Environment.TEST) for _ in range(3)))
    make_alert(tenant.org, environment=Environment.TEST)
    admin, analyst = PageReader(tenant.org, Role.ADMIN), PageReader(tenant.org, Role.ANALYST)
    assert "empty-test" in admin.text("settings/privacy/")
    assert "empty-test" not in analyst.text("settings/privacy/")
    page = admin.text("settings/privacy/empty-test")
    assert "3 events and 1 alert of test keys will be deleted" in page
    assert not is_asked(tenant.org)
    assert admin.client.post(f"/o/{tenant.org.slug}/live/settings/privacy/empty-test").status_code == 302
    assert is_asked(tenant.org)
    assert "It is being emptied since" in analyst.text("settings/privacy/")
    assert "being emptied" in visible_text(analyst.get("alerts/", environment="test"))
    assert "being emptied" not in visible_text(analyst.get("alerts/", environment="live"))


def test_a_test_key_that_may_manage_empties_it(tenant: Tenant) -> None:
    tester = Tenant(tenant.org, {"environment": Environment.TEST})
    assert tester.get("/test-environment")["data"] == {"emptying_asked_at": None, "alerts_count": 0}
    answers = [tester.call("DELETE", "/test-environment").json()["data"]["emptying_asked_at"] for _ in range(2)]
    assert answers[0] == answers[1] == tenant.get("/test-environment")["data"]["emptying_asked_at"] is not None
    entry = AuditEntry.objects.get(org_id=tenant.org.pk)
    assert (entry.action, entry.principal) == ("test_events.deletion_asked", f"key:{tester.key_id}")


def test_test_events_alert_nobody(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """What they set off is seen by those alone who look at the test environment."""
    mails: list[object] = []
    monkeypatch.setattr(outbox, "put", mails.append)
    reader, title = PageReader(tenant.org, Role.OWNER), "Nobody shall hear of this"
    live = Tenant(tenant.org)

    def live_pages() -> list[str]:
        return [
            " ".join(visible_text(reader.get(page)).split()) for page in ("", "overview/alerts", "alerts/", "detections/")
        ]

    before, listed = live_pages(), live.get("/alerts")
    make_alert(tenant.org, environment=Environment.TEST, severity=AlertSeverity.CRITICAL, title=title, is_entry=True)
    assert title in visible_text(reader.get("alerts/", environment="test"))
    assert live_pages() == before
    assert live.get("/alerts") == listed
    assert mails == []
