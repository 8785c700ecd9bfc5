"""Looks at senders are kept for a while, per organisation and environment."""

import threading
from collections import Counter
from typing import cast

import pytest

from litesoc_server.clock import ManualClock
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.health import recent
from litesoc_server.health.recent import KEPT_MAX, KEPT_MS, Look, RecentLooks
from litesoc_server.store.base import EventReader, StoreUnavailable
from litesoc_server.store.queries.sender_facts import SenderFacts
from litesoc_server.store.queries.sender_hours import SenderHours

NOW_MS = 1_780_000_000_000
SHOP, BANK = OrgId("shop"), OrgId("bank")


class Senders:
    """A store in which each organisation has one key, named like it, that never sends failed logins."""

    def __init__(self) -> None:
        self.asked: Counter[tuple[OrgId, Environment]] = Counter()
        self.is_away = False
        self.may_answer = threading.Event()
        self.may_answer.set()

    def sender_facts(self, *, org_id: OrgId, environment: Environment, from_ms: int, to_ms: int) -> list[SenderFacts]:
        self.asked[org_id, environment] += 1
        self.may_answer.wait()
        if self.is_away:
            raise StoreUnavailable("away")
        return [SenderFacts(key_id=org_id, events_count=1_000, logins_count=1_000)]

    def sender_hours(self, *, org_id: OrgId, environment: Environment, from_ms: int, to_ms: int) -> list[SenderHours]:
        return []


@pytest.fixture
def senders() -> Senders:
    return Senders()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW_MS)


@pytest.fixture
def looks(senders: Senders, clock: ManualClock) -> RecentLooks:
    return RecentLooks(cast("EventReader", senders), clock)  # it asks two questions only


def look_at(looks: RecentLooks, org_id: OrgId, environment: Environment = Environment.LIVE) -> Look:
    return looks.of(org_id=org_id, environment=environment)


def test_the_second_who_asks_gets_what_the_first_was_told(looks: RecentLooks, senders: Senders, clock: ManualClock) -> None:
    first = look_at(looks, SHOP)
    clock.advance_ms(KEPT_MS - 1)
    assert look_at(looks, SHOP) is first
    assert (first.at_ms, [notice.key_id for notice in first.notices]) == (NOW_MS, ["shop"])
    assert senders.asked.total() == 1


def test_what_is_too_old_is_looked_at_anew(looks: RecentLooks, senders: Senders, clock: ManualClock) -> None:
    look_at(looks, SHOP)
    clock.advance_ms(KEPT_MS)
    assert look_at(looks, SHOP).at_ms == NOW_MS + KEPT_MS
    assert senders.asked.total() == 2


def test_a_clock_that_is_set_back_makes_nothing_last(looks: RecentLooks, senders: Senders, clock: ManualClock) -> None:
    look_at(looks, SHOP)
    clock.advance_ms(-60 * KEPT_MS)
    look_at(looks, SHOP)
    assert senders.asked.total() == 2


def test_organisations_and_environments_have_their_own(looks: RecentLooks, senders: Senders) -> None:
    for _ in range(2):
        assert [notice.key_id for notice in look_at(looks, SHOP).notices] == ["shop"]
        assert [notice.key_id for notice in look_at(looks, BANK).notices] == ["bank"]
        look_at(looks, SHOP, Environment.TEST)
    assert senders.asked == {(SHOP, Environment.LIVE): 1, (BANK, Environment.LIVE): 1, (SHOP, Environment.TEST): 1}


def test_a_store_that_was_away_is_asked_again(looks: RecentLooks, senders: Senders) -> None:
    senders.is_away = True
    with pytest.raises(StoreUnavailable):
        look_at(looks, SHOP)
    senders.is_away = False
    assert look_at(looks, SHOP).notices


def test_who_has_not_asked_for_longest_makes_room(looks: RecentLooks, senders: Senders) -> None:
    for number in range(KEPT_MAX):
        look_at(looks, OrgId(f"org {number}"))
    look_at(looks, OrgId("org 0"))
    look_at(looks, OrgId("one more"))
    senders.asked.clear()
    look_at(looks, OrgId("org 0"))
    look_at(looks, OrgId("org 1"))
    assert senders.asked == {(OrgId("org 1"), Environment.LIVE): 1}


class WatchedClock(ManualClock):
    """Tells when it has been read by as many as are meant to ask at once; each who asks reads it once."""

    def __init__(self, now_ms: int, askers: int) -> None:
        super().__init__(now_ms)
        self._missing = threading.Semaphore(0)
        self._askers = askers

    def now_ms(self) -> int:
        self._missing.release()
        return super().now_ms()

    def wait_for_askers(self) -> None:
        for _ in range(self._askers):
            assert self._missing.acquire(timeout=20)


class Crowd:
    """Eight who ask the same while the store is slow."""

    SIZE = 8

    def __init__(self, senders: Senders) -> None:
        self.clock = WatchedClock(NOW_MS, self.SIZE)
        self.looks = RecentLooks(cast("EventReader", senders), self.clock)
        self.found: list[Look] = []
        self.failures: list[StoreUnavailable] = []
        self._senders = senders
        self._threads = [threading.Thread(target=self._ask) for _ in range(self.SIZE)]

    def begin(self) -> None:
        """Let all ask, and return when they have."""
        self._senders.may_answer.clear()
        for thread in self._threads:
            thread.start()
        self.clock.wait_for_askers()

    def end(self) -> None:
        """Let the store answer, and return when all have gone."""
        self._senders.may_answer.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        try:
            self.found.append(look_at(self.looks, SHOP))
        except StoreUnavailable as failure:
            self.failures.append(failure)


@pytest.fixture
def crowd(senders: Senders) -> Crowd:
    return Crowd(senders)


def test_many_at_once_make_one_query(crowd: Crowd, senders: Senders) -> None:
    crowd.begin()
    crowd.end()
    assert senders.asked.total() == 1
    assert (len(crowd.found), len(set(map(id, crowd.found)))) == (Crowd.SIZE, 1)


def test_many_at_once_share_a_failure_which_is_not_kept(crowd: Crowd, senders: Senders) -> None:
    senders.is_away = True
    crowd.begin()
    crowd.end()
    assert senders.asked.total() == 1
    assert [str(failure) for failure in crowd.failures] == ["away"] * Crowd.SIZE
    senders.is_away = False
    assert look_at(crowd.looks, SHOP).notices


def test_who_waits_too_long_is_told_so(crowd: Crowd, senders: Senders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "WAIT_MAX_S", 0.01)
    crowd.begin()
    try:
        with pytest.raises(StoreUnavailable, match="not answered the same question within"):
            look_at(crowd.looks, SHOP)
    finally:
        crowd.end()
    assert senders.asked.total() == 1
    assert len(crowd.found) >= 1, "who looks gets what it found"
    assert look_at(crowd.looks, SHOP) is crowd.found[0]
