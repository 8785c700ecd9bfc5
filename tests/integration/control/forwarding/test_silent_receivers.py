"""However many receivers hang, those that answer get theirs at once."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from django.db import connection
from django.utils import timezone

from control_factories import OrganizationFactory
from forward_factories import make_forwarder, make_keeper, many, to_http, uids
from forward_receivers import Authority, HttpReceiver, SilentReceiver
from litesoc_server.clock import ManualClock
from litesoc_server.forwarding import keeper
from litesoc_server.forwarding.changes import FORWARDERS_MAX, send_test
from litesoc_server.forwarding.kinds import HTTP, KINDS, WITHIN_S
from litesoc_server.forwarding.models import Forwarder
from litesoc_server.store.base import EventStore
from management_api import store_events

SILENT_COUNT = 2 * FORWARDERS_MAX + 4
LOOK_S = 0.02


@pytest.fixture
def silent() -> Iterator[SilentReceiver]:
    opened = SilentReceiver()
    yield opened
    opened.close()


def wait_for(condition: threading.Event, within_s: float, is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + within_s
    while not is_so() and time.monotonic() < deadline:
        condition.wait(LOOK_S)


@pytest.mark.parametrize(("are_failing", "working_threads"), [(False, keeper.WORKING_THREADS), (True, 1)])
def test_those_that_answer_wait_for_none_that_hangs(
    transactional_db: None,
    store: EventStore,
    clock: ManualClock,
    receiver: HttpReceiver,
    silent: SilentReceiver,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    *,
    are_failing: bool,
    working_threads: int,
) -> None:
    monkeypatch.setattr(keeper, "WORKING_THREADS", working_threads)
    hanging = {"url": f"https://127.0.0.1:{silent.port}/", "ca_pem": authority.pem}
    orgs = [OrganizationFactory() for _ in range(3)]
    for number in range(SILENT_COUNT):
        make_forwarder(orgs[number % 3], store, settings=hanging, name=f"Silent {number}")
    if are_failing:
        Forwarder.objects.update(failing_since=timezone.now(), failures_count=9)
    for org in orgs:
        store_events(store, *many(org, 1))
    stop = threading.Event()
    serving = threading.Thread(target=make_keeper(store, clock).run, args=(stop,), kwargs={"every_s": LOOK_S})
    serving.start()
    try:
        held = keeper.FAILING_THREADS if are_failing else SILENT_COUNT
        wait_for(stop, WITHIN_S, lambda: silent.taken_count >= held)
        assert silent.taken_count == held

        make_forwarder(orgs[0], store, settings=to_http(receiver, authority), name="Answers")
        (event,) = many(orgs[0], 1)
        store_events(store, event)
        wait_for(stop, WITHIN_S / 2, lambda: event.event_id in uids(receiver))
        assert event.event_id in uids(receiver)
        assert silent.taken_count == held, "one that hung is let go of: this proves nothing"
    finally:
        stop.set()
        silent.close()
        serving.join()


def test_who_tests_one_holds_no_connection_to_postgresql_meanwhile(
    transactional_db: None,
    store: EventStore,
    receiver: HttpReceiver,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = []
    forwarder = make_forwarder(OrganizationFactory(), store, settings=to_http(receiver, authority))
    sending = replace(HTTP, send=lambda *_: held.append(connection.connection is not None))
    monkeypatch.setitem(KINDS, "http", sending)
    send_test(forwarder)
    assert held == [connection.vendor == "sqlite"]  # where it is no one else's to have
