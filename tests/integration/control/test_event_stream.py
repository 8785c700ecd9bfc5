"""The stream of new events, as a browser takes it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient, Client

from control_factories import NOW_MS, MembershipFactory, OrganizationFactory
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor
from litesoc_server.events.ids import OrgId
from litesoc_server.orgs.models import Organization
from litesoc_server.store.base import EventSearch, EventStore
from litesoc_server.web.feed import admission, hub
from litesoc_server.web.views import event_stream
from management_api import Tenant, make_event, store_events

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def without_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "TICK_S", 0.0)


class Stream:
    """One open stream."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks

    async def next(self) -> dict[str, str]:
        """Return the next message, comments passed over."""
        while True:
            lines = (await anext(self._chunks)).decode().strip().splitlines()
            if not lines[0].startswith(":"):
                return dict(line.split(": ", 1) for line in lines)

    async def rows(self) -> tuple[list[str], int, str]:
        """Return the ids in the next message of rows, how many are not among them, and the position."""
        message = await self.next()
        assert message["event"] == "rows"
        data = json.loads(message["data"])
        return re.findall(r'<tr id="event-([0-9a-f-]{36})"', data["html"]), data["passed_over"], message["id"]


def position_of(store: EventStore) -> str:
    """Return where a feed that begins now begins."""
    taken = store.taken_since(org_id=OrgId("nobody"), where=EventSearch(), since_s=2**32 - 1, limit=0)
    return str(taken.now_s)


def stream_of(org: Organization, scenario: Callable[[Stream], Coroutine[Any, Any, None]], **query: str) -> None:
    """Open a stream as a viewer and play a scenario on it."""
    user = MembershipFactory(org=org).user

    async def play() -> None:
        client = AsyncClient(headers={"Accept": "text/event-stream"})
        await client.aforce_login(user)
        answer = await client.get(f"/o/{org.slug}/live/events/stream", query)
        assert answer.status_code == 200
        assert answer["Content-Type"] == "text/event-stream"
        assert "no-store" in answer["Cache-Control"]
        assert "Content-Encoding" not in answer
        stream = Stream(aiter(answer))
        assert await stream.next() == {"retry": "3000"}
        await scenario(stream)

    asyncio.run(play())


def test_new_events_that_match_are_pushed(tenant: Tenant, store: EventStore) -> None:
    org = tenant.org
    new, other = make_event(org, actor=Actor("mira")), make_event(org, actor=Actor("ann"))
    test = make_event(org, actor=Actor("mira"), environment=Environment.TEST)
    theirs = make_event(OrganizationFactory(), actor=Actor("mira"))

    async def scenario(stream: Stream) -> None:
        assert (await stream.rows())[0] == []  # the stream has begun
        await sync_to_async(store_events)(store, new, other, test, theirs)
        assert (await stream.rows())[0] == [new.event_id]

    stream_of(org, scenario, q="actor:mira", position=position_of(store))


def test_a_page_misses_nothing_between_its_list_and_its_stream(tenant: Tenant, store: EventStore) -> None:
    position = position_of(store)
    events = [make_event(tenant.org) for _ in range(3)]
    store_events(store, *events)

    async def scenario(stream: Stream) -> None:
        ids, passed_over, _ = await stream.rows()
        assert set(ids) == {event.event_id for event in events}
        assert passed_over == 0

    stream_of(tenant.org, scenario, position=position)


def test_who_comes_back_gets_what_was_missed(tenant: Tenant, store: EventStore) -> None:
    seen: list[str] = []

    async def first(stream: Stream) -> None:
        seen.append((await stream.rows())[2])

    async def again(stream: Stream) -> None:
        ids, passed_over, _ = await stream.rows()
        assert ids == [event.event_id for event in reversed(missed[-200:])]
        assert passed_over == 5

    stream_of(tenant.org, first, position=position_of(store))
    missed = [make_event(tenant.org, occurred_at_ms=NOW_MS - 1_000 + number) for number in range(205)]
    store_events(store, *missed)
    stream_of(tenant.org, again, last=seen[0])


def test_a_flood_is_cut_and_counted(tenant: Tenant, store: EventStore) -> None:
    flood = [make_event(tenant.org, occurred_at_ms=NOW_MS - 1_000 + number) for number in range(120)]

    async def scenario(stream: Stream) -> None:
        await stream.rows()
        await sync_to_async(store_events)(store, *flood)
        ids, passed_over, _ = await stream.rows()
        assert ids == [event.event_id for event in reversed(flood[-20:])]
        assert passed_over == 100

    stream_of(tenant.org, scenario, position=position_of(store))


def test_text_from_events_is_only_text(tenant: Tenant, store: EventStore) -> None:
    async def scenario(stream: Stream) -> None:
        await stream.rows()
        await sync_to_async(store_events)(store, make_event(tenant.org, actor=Actor("<script>alert(1)</script>\n\nid: 9")))
        message = await stream.next()
        assert message["id"] != "9"
        html = json.loads(message["data"])["html"]
        assert "<script>" not in html
        assert "&lt;script&gt;" in html

    stream_of(tenant.org, scenario, position=position_of(store))


def test_a_silent_stream_says_that_it_is_still_there_and_ends_in_time(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "BEAT_S", 0.01)
    monkeypatch.setattr(event_stream, "LASTS_S", 0.1)
    user = MembershipFactory(org=tenant.org).user

    async def play() -> list[bytes]:
        client = AsyncClient()
        await client.aforce_login(user)
        answer = await client.get(f"/o/{tenant.org.slug}/live/events/stream")
        return [chunk async for chunk in answer]

    assert set(asyncio.run(play())) == {b"retry: 3000\n\n", b": still here\n\n"}


@pytest.mark.parametrize("end", ["session", "membership", "account", "suspension"])
def test_a_stream_ends_with_what_let_its_reader_in(tenant: Tenant, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    monkeypatch.setattr(event_stream, "BEAT_S", 0.01)
    monkeypatch.setattr(event_stream, "CHECKED_EVERY_S", 0.0)
    membership = MembershipFactory(org=tenant.org)
    user = membership.user

    async def play() -> list[bytes]:
        client = AsyncClient()
        await client.aforce_login(user)
        chunks = aiter(await client.get(f"/o/{tenant.org.slug}/live/events/stream"))
        assert await anext(chunks) == b"retry: 3000\n\n"
        assert await anext(chunks) == b": still here\n\n"
        if end == "session":
            await client.alogout()
        elif end == "membership":
            await membership.adelete()
        elif end == "suspension":
            tenant.org.is_suspended = True
            await tenant.org.asave()
        else:
            user.is_active = False
            await user.asave()
        return [chunk async for chunk in chunks]

    assert asyncio.run(play()) == []


def test_one_person_holds_a_few_streams_open(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "STREAMS_OF_ONE_MAX", 1)
    users = [MembershipFactory(org=tenant.org).user for _ in range(2)]

    async def play() -> list[bytes]:
        begun, kept = [], []
        for user in (users[0], users[0], users[1]):
            client = AsyncClient()
            await client.aforce_login(user)
            chunks = aiter(await client.get(f"/o/{tenant.org.slug}/live/events/stream"))
            begun.append(await anext(chunks))
            kept.append(chunks)
        return begun

    assert asyncio.run(play()) == [b"retry: 3000\n\n", b"retry: 60000\n\n", b"retry: 3000\n\n"]


def test_what_cannot_be_followed_is_refused(tenant: Tenant) -> None:
    client = Client()
    client.force_login(MembershipFactory(org=tenant.org).user)
    for query in ("q=contry:NO", "from=2026-05-01T00:00:00Z&to=2026-05-02T00:00:00Z", "range=2h"):
        assert client.get(f"/o/{tenant.org.slug}/live/events/stream?{query}").status_code == 400
