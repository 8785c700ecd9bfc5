"""Rate limits and quotas, in memory and in Redis: the same decisions, and what happens when a server is away."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import uuid4

import msgspec
import pytest

from ingest_server import NOW_MS, record_with
from litesoc_server import telemetry
from litesoc_server.clock import ManualClock
from litesoc_server.events.ids import OrgId
from litesoc_server.ingest.keys import KeyRecord
from litesoc_server.ingest.limits import FEEDBACK_PER_HOUR_MAX, REST_MS, QuotaMeter, RateLimiter
from litesoc_server.store.base import StoreUnavailable
from servers import RedisServer, free_port

MINUTE_MS = 60_000
END_OF_AUGUST_MS = 1_788_220_799_000  # 2026-08-31T23:59:59Z


@pytest.fixture(params=["memory", "redis"])
def redis_url(request: pytest.FixtureRequest) -> str | None:
    if request.param == "memory":
        return None
    server: RedisServer = request.getfixturevalue("redis_server")
    return server.url


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW_MS - NOW_MS % MINUTE_MS + 15_500)


@pytest.fixture
def limiter(redis_url: str | None, clock: ManualClock) -> RateLimiter:
    return RateLimiter(redis_url=redis_url, clock=clock)


def org(*, rate: int | None = None, quota: int | None = None) -> KeyRecord:
    """Return the record of an organisation of its own."""
    return record_with(org_id=OrgId(str(uuid4())), rate_limit_per_minute=rate, monthly_events_limit=quota)


class Seed:
    """Counts how often it is asked, and fails when told to."""

    def __init__(self, used: int = 0) -> None:
        self.used = used
        self.asked = 0
        self.is_down = False

    def __call__(self, org_id: OrgId) -> int:
        self.asked += 1
        if self.is_down:
            raise StoreUnavailable("down")
        return self.used


MakeMeter = Callable[[Seed], QuotaMeter]


@pytest.fixture
def make_meter(redis_url: str | None, clock: ManualClock) -> MakeMeter:
    return lambda seed: QuotaMeter(redis_url=redis_url, seed=seed, clock=clock)


# --- rate of one key ---------------------------------------------------------------------------------------------------


def test_a_key_has_a_limit_of_its_own_within_the_organisation_s(limiter: RateLimiter) -> None:
    noisy = record_with(
        key_id=str(uuid4()), org_id=OrgId(str(uuid4())), rate_limit_per_minute=5, key_rate_limit_per_minute=2
    )
    quiet = msgspec.structs.replace(noisy, key_id=str(uuid4()), key_rate_limit_per_minute=None)
    found = [limiter.hit(noisy, 1) for _ in range(4)]
    assert [(one.is_allowed, one.limit, one.remaining, one.is_of_key) for one in found] == [
        (True, 2, 1, True), (True, 2, 0, True), (False, 2, 0, True), (False, 2, 0, True),
    ]  # fmt: skip
    # What the key's limit refused has taken nothing from the others.
    assert [limiter.hit(quiet, 1).remaining for _ in range(3)] == [2, 1, 0]
    refused = limiter.hit(quiet, 1)
    assert (refused.is_allowed, refused.limit, refused.is_of_key) == (False, 5, False)


def test_of_two_limits_the_tighter_one_is_told(limiter: RateLimiter) -> None:
    wide = msgspec.structs.replace(org(rate=2), key_id=str(uuid4()), key_rate_limit_per_minute=9)
    assert [(limiter.hit(wide, 1).limit, limiter.hit(wide, 0).remaining) for _ in range(2)] == [(2, 1), (2, 0)]
    refused = limiter.hit(wide, 1)
    assert (refused.is_allowed, refused.is_of_key) == (False, False)
    alone = record_with(key_id=str(uuid4()), rate_limit_per_minute=None, key_rate_limit_per_minute=1)
    assert [limiter.hit(alone, 1).is_allowed for _ in range(2)] == [True, False]


def test_keys_with_a_limit_wait_only_for_a_server(redis_url: str | None, limiter: RateLimiter) -> None:
    assert limiter.is_immediate(record_with(key_rate_limit_per_minute=1)) is (redis_url is None)
    assert limiter.is_immediate(record_with())


# --- rate ---------------------------------------------------------------------------------------------------------------


def test_events_count_up_to_the_limit_and_start_anew_each_minute(limiter: RateLimiter, clock: ManualClock) -> None:
    record = org(rate=3)
    assert [limiter.hit(record, 1).remaining for _ in range(3)] == [2, 1, 0]
    refused = limiter.hit(record, 1)
    assert (refused.is_allowed, refused.limit, refused.remaining, refused.retry_after_s) == (False, 3, 0, 45)
    clock.advance_ms(44_499)
    assert limiter.hit(record, 1).retry_after_s == 1
    clock.advance_ms(1)
    assert limiter.hit(record, 1).is_allowed


def test_a_batch_passes_while_the_minute_is_not_used_up_and_counts_in_full(limiter: RateLimiter) -> None:
    record = org(rate=60)
    assert limiter.hit(record, 100).is_allowed
    assert not limiter.hit(record, 1).is_allowed


def test_feedback_counts_by_the_hour_whatever_the_plan(limiter: RateLimiter, clock: ManualClock) -> None:
    record = org(rate=1)
    decisions = [limiter.hit_feedback(record.org_id) for _ in range(FEEDBACK_PER_HOUR_MAX)]
    assert all(decision.is_allowed for decision in decisions)
    assert not limiter.hit_feedback(record.org_id).is_allowed
    assert limiter.hit_feedback(org().org_id).is_allowed
    assert limiter.hit(record, 1).is_allowed
    clock.advance_ms(1000 * limiter.hit_feedback(record.org_id).retry_after_s - 1000)
    assert not limiter.hit_feedback(record.org_id).is_allowed
    clock.advance_ms(1000)
    assert limiter.hit_feedback(record.org_id).is_allowed


def test_asking_costs_nothing(limiter: RateLimiter) -> None:
    record = org(rate=2)
    assert limiter.hit(record, 0).remaining == 2
    assert limiter.hit(record, 1).remaining == 1
    assert limiter.hit(record, 0).remaining == 1


def test_organisations_do_not_share_a_rate(limiter: RateLimiter) -> None:
    one, other = org(rate=1), org(rate=1)
    assert limiter.hit(one, 1).is_allowed
    assert not limiter.hit(one, 1).is_allowed
    assert limiter.hit(other, 1).is_allowed


def test_the_rate_holds_under_concurrency(limiter: RateLimiter) -> None:
    record = org(rate=50)
    with ThreadPoolExecutor(8) as pool:
        allowed = list(pool.map(lambda _: limiter.hit(record, 1).is_allowed, range(200)))
    assert sum(allowed) == 50


def test_without_a_limit_nothing_is_asked() -> None:
    unreachable = f"redis://127.0.0.1:{free_port()}"
    clock = ManualClock(NOW_MS)
    limiter, meter = (
        RateLimiter(redis_url=unreachable, clock=clock),
        QuotaMeter(redis_url=unreachable, seed=Seed(), clock=clock),
    )
    before = telemetry.RATE_LIMIT_ERRORS._value.get()
    decision = limiter.hit(org(), 100)
    assert (decision.is_allowed, decision.limit, decision.remaining) == (True, None, None)
    quota = meter.reserve(org(), 100)
    assert (quota.is_allowed, quota.limit, quota.remaining, quota.used) == (True, None, None, None)
    meter.release(org(), 100)
    assert limiter.is_immediate(org())
    assert meter.is_immediate(org())
    assert telemetry.RATE_LIMIT_ERRORS._value.get() == before


# --- quota --------------------------------------------------------------------------------------------------------------


def test_a_batch_fits_whole_or_not_at_all(make_meter: MakeMeter) -> None:
    meter, record = make_meter(Seed()), org(quota=10)
    taken = meter.reserve(record, 8)
    assert (taken.is_allowed, taken.limit, taken.remaining, taken.used) == (True, 10, 2, 8)
    refused = meter.reserve(record, 3)
    assert (refused.is_allowed, refused.limit, refused.remaining, refused.used) == (False, 10, 2, 8)
    assert meter.reserve(record, 2).remaining == 0
    assert not meter.reserve(record, 1).is_allowed
    assert meter.reserve(record, 0).is_allowed


def test_what_was_not_appended_is_given_back(make_meter: MakeMeter) -> None:
    meter, record = make_meter(Seed()), org(quota=10)
    meter.reserve(record, 8)
    meter.release(record, 5)
    assert meter.reserve(record, 7).used == 10
    meter.release(record, 100)
    assert meter.reserve(record, 0).used == 0


def test_counting_goes_on_from_what_was_sent_before_a_restart(make_meter: MakeMeter) -> None:
    seed = Seed(used=7)
    meter, record = make_meter(seed), org(quota=10)
    assert meter.reserve(record, 0).used == 7
    assert meter.reserve(record, 3).used == 10
    assert not meter.reserve(record, 1).is_allowed
    assert seed.asked == 1


def test_a_lowered_limit_leaves_nothing(make_meter: MakeMeter) -> None:
    decision = make_meter(Seed(used=70)).reserve(org(quota=10), 0)
    assert (decision.remaining, decision.used) == (0, 70)


def test_a_month_ends_at_midnight_utc(make_meter: MakeMeter, clock: ManualClock) -> None:
    clock.advance_ms(END_OF_AUGUST_MS - clock.now_ms())
    seed = Seed(used=10)
    meter, record = make_meter(seed), org(quota=10)
    assert not meter.reserve(record, 1).is_allowed
    clock.advance_ms(1000)
    seed.used = 0
    assert meter.reserve(record, 1).used == 1
    assert seed.asked == 2


def test_the_quota_holds_under_concurrency(make_meter: MakeMeter) -> None:
    meter, record = make_meter(Seed(used=5)), org(quota=55)
    with ThreadPoolExecutor(8) as pool:
        allowed = list(pool.map(lambda _: meter.reserve(record, 1).is_allowed, range(200)))
    assert sum(allowed) == 50


def test_while_the_store_is_down_an_unknown_count_stops_nobody(make_meter: MakeMeter, clock: ManualClock) -> None:
    seed = Seed(used=10)
    meter, record, known = make_meter(seed), org(quota=10), org(quota=10)
    meter.reserve(known, 0)
    before = telemetry.QUOTA_ERRORS._value.get()
    seed.is_down = True
    decision = meter.reserve(record, 1)
    assert (decision.is_allowed, decision.limit, decision.remaining, decision.used) == (True, 10, None, None)
    asked = seed.asked
    assert meter.reserve(record, 1).is_allowed
    assert seed.asked == asked, "a store that is down is left alone for a while"
    assert telemetry.QUOTA_ERRORS._value.get() == before + 2
    assert not meter.reserve(known, 1).is_allowed, "what is known is still enforced"
    seed.is_down = False
    clock.advance_ms(REST_MS)
    assert not meter.reserve(record, 1).is_allowed


# --- Redis alone -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def own_redis(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer) -> Iterator[RedisServer]:
    """A Redis that the test may stop."""
    server = RedisServer(tmp_path_factory.mktemp("own-redis"))
    server.start()
    yield server
    with suppress(ProcessLookupError):
        server.kill()


def test_a_rate_limiter_without_redis_lets_everybody_in_and_recovers(own_redis: RedisServer, clock: ManualClock) -> None:
    limiter, record = RateLimiter(redis_url=own_redis.url, clock=clock), org(rate=1)
    assert limiter.hit(record, 1).is_allowed
    before = telemetry.RATE_LIMIT_ERRORS._value.get()
    own_redis.kill()
    for _ in range(5):
        decision = limiter.hit(record, 1)
        assert (decision.is_allowed, decision.limit, decision.remaining) == (True, 1, None)
    assert telemetry.RATE_LIMIT_ERRORS._value.get() == before + 5
    own_redis.start()
    clock.advance_ms(REST_MS)
    assert limiter.hit(record, 1).remaining == 0
    assert not limiter.hit(record, 1).is_allowed


def test_a_quota_meter_without_redis_lets_everybody_in_and_recovers(own_redis: RedisServer, clock: ManualClock) -> None:
    seed = Seed(used=9)
    meter, record = QuotaMeter(redis_url=own_redis.url, seed=seed, clock=clock), org(quota=10)
    assert meter.reserve(record, 0).used == 9
    own_redis.kill()
    assert meter.reserve(record, 5).is_allowed
    meter.release(record, 5)
    own_redis.start()
    clock.advance_ms(REST_MS)
    assert meter.reserve(record, 1).used == 10
    assert not meter.reserve(record, 1).is_allowed


def test_a_redis_that_does_not_answer_costs_one_slow_request(own_redis: RedisServer, clock: ManualClock) -> None:
    # A server that accepts and stays silent, as one behind a broken network does.
    assert own_redis._process is not None
    limiter, record = RateLimiter(redis_url=own_redis.url, clock=clock), org(rate=1)
    own_redis._process.send_signal(19)  # SIGSTOP
    try:
        assert all(limiter.hit(record, 1).is_allowed for _ in range(100))
    finally:
        own_redis._process.send_signal(18)  # SIGCONT


def test_processes_share_their_counts(redis_server: RedisServer, clock: ManualClock) -> None:
    record = org(rate=2, quota=10)
    limiters = [RateLimiter(redis_url=redis_server.url, clock=clock) for _ in range(2)]
    assert [limiters[i % 2].hit(record, 1).is_allowed for i in range(3)] == [True, True, False]
    seeds = [Seed(used=4), Seed(used=5)]
    meters = [QuotaMeter(redis_url=redis_server.url, seed=seed, clock=clock) for seed in seeds]
    assert [meters[i % 2].reserve(record, 1).used for i in range(4)] == [5, 6, 7, 8]
    assert seeds[1].asked == 0, "the first one's count is everybody's"


def test_two_processes_may_seed_at_once(redis_server: RedisServer, clock: ManualClock) -> None:
    barrier = threading.Barrier(2)

    def slow_seed(_: OrgId) -> int:
        barrier.wait()
        return 3

    record = org(quota=10)
    meters = [QuotaMeter(redis_url=redis_server.url, seed=slow_seed, clock=clock) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        used = sorted(pool.map(lambda meter: meter.reserve(record, 1).used or 0, meters))
    assert used == [4, 5]
