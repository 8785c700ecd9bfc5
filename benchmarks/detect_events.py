"""Time per event of all detectors, by kind of traffic, on the state in memory and in Redis. Takes some seconds.

Run `python benchmarks/detect_events.py --redis redis://127.0.0.1:6379/9`. The streams are made beforehand; only
DetectionRunner.run is timed, per batch of 1,000: the median of this process's CPU time, its best tenth, which says what it
takes when nothing else disturbs the processor, and the median of the time that passes, Redis's own included.
"""

import argparse
import gc
import random
import statistics
import time
from collections.abc import Iterator
from itertools import islice

import msgspec
from redis import Redis

from litesoc_server.evaluation.simulator.simulation import Plan, Simulation
from litesoc_server.events.catalog import category_of, severity_of
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor, Device, Event, Geo, Network
from litesoc_server.events.ids import OrgId, draw_event_id_base, event_id_at
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.pipeline.detect.runner import DetectionRunner
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.risk.scorer import score
from litesoc_server.pipeline.state.base import StateStore
from litesoc_server.pipeline.state.memory import MemoryState
from litesoc_server.pipeline.state.redis import RedisState

T0_MS = 1_772_366_400_000
ORGS = [OrgId(f"00000000-0000-4000-8000-{number:012d}") for number in range(5)]
ACTORS = 5_000
_PLACES = [Geo("NO", city="Oslo", latitude=59.9, longitude=10.7), Geo("JP", city="Tokyo", latitude=35.7, longitude=139.7)]
_BROWSERS = ["Firefox", "Chrome", "Safari"]
_MIXED = ["auth.login_success"] * 42 + ["auth.login_failed"] * 4 + ["data.download"] * 30 + ["auth.logout"] * 22
_MIXED += ["authz.permission_granted", "admin.settings_changed"]


class OnePolicy:
    """Default settings for everybody."""

    def __init__(self) -> None:
        self._policy = DetectionPolicy()

    def policy_for(self, org_id: OrgId) -> DetectionPolicy:  # noqa: ARG002 # the port's signature
        """Return the defaults."""
        return self._policy


def make_event(rng: random.Random, number: int, name: str, actor: int, ip: str) -> Event:
    """Return one event of a user who has a home and a device."""
    at_ms = T0_MS + number * 20
    return Event(
        event_id=event_id_at(draw_event_id_base(at_ms), 0),
        org_id=ORGS[actor % len(ORGS)],
        environment=Environment.LIVE,
        key_id="key",
        source="collect",
        occurred_at_ms=at_ms,
        received_at_ms=at_ms,
        name=name,
        category=category_of(name),
        severity=severity_of(name),
        actor=Actor(f"usr_{actor:06d}", f"person{actor}@example.org"),
        user_ip=ip,
        server_ip=None,
        metadata=msgspec.Raw(b'{"role":"member"}'),
        geo=_PLACES[rng.random() < 0.01],
        network=Network(asn=actor % 400, as_org="Example Network"),
        device=Device("UA", _BROWSERS[actor % 3], "143", "Windows"),
    )


def mixed(rng: random.Random, count: int) -> Iterator[Event]:
    """Yield ordinary traffic with an attack in it: one event in 16 is from 20 addresses that go through 50,000 names."""
    for number in range(count):
        if number % 16 == 0:
            yield make_event(rng, number, "auth.login_failed", rng.randrange(50_000), f"198.51.100.{rng.randrange(20)}")
            continue
        actor = rng.randrange(ACTORS)
        yield make_event(rng, number, rng.choice(_MIXED), actor, f"10.{actor >> 8}.{actor & 255}.7")


def logins(rng: random.Random, count: int) -> Iterator[Event]:
    """Yield successful logins only."""
    for number in range(count):
        actor = rng.randrange(ACTORS)
        yield make_event(rng, number, "auth.login_success", actor, f"10.{actor >> 8}.{actor & 255}.7")


def attack(rng: random.Random, count: int) -> Iterator[Event]:
    """Yield nothing but failed logins, from 50 addresses on 1,000 accounts."""
    for number in range(count):
        yield make_event(rng, number, "auth.login_failed", rng.randrange(1_000), f"198.51.100.{rng.randrange(50)}")


def simulated(rng: random.Random, count: int) -> Iterator[Event]:
    """Yield what people, programs and attackers do in some weeks (litesoc simulate): the nearest to real traffic."""
    return islice(Simulation(Plan(seed=rng.randrange(1_000), users=1_500, days=40)).events(), count)


def measure(state: StateStore, events: list[Event], batch: int) -> tuple[list[float], list[float], int]:
    """Run all detectors over ``events`` and return µs an event of CPU and of wall time, by batch, and the detections."""
    runner = DetectionRunner(state, DETECTORS, OnePolicy(), score)
    gc.collect()
    gc.freeze()
    detections, cpu_us, wall_us = 0, list[float](), list[float]()
    for start in range(0, len(events), batch):
        cpu_s, wall_s = time.process_time(), time.perf_counter()
        detections += len(runner.run(events[start : start + batch]).detections)
        cpu_us.append((time.process_time() - cpu_s) / batch * 1e6)
        wall_us.append((time.perf_counter() - wall_s) / batch * 1e6)
    return cpu_us, wall_us, detections


def main() -> None:
    """Print one line per kind of traffic and state."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=1_000)
    parser.add_argument("--redis", metavar="URL", help="measure on this Redis as well; it is emptied")
    options = parser.parse_args()
    for make in (simulated, mixed, logins, attack):
        events = list(make(random.Random(1), options.events))
        baseline_us = 0.0
        for name, state in states(options.redis):
            cpu_us, wall_us, detections = measure(state, events, options.batch)
            best_us, cpu_us_median = statistics.quantiles(cpu_us, n=10)[0], statistics.median(cpu_us)
            baseline_us = baseline_us or cpu_us_median
            figures = (
                f"{cpu_us_median:6.2f} µs/event CPU (best tenth {best_us:.2f}, {cpu_us_median / baseline_us:.1f} of memory)"
            )
            print(
                f"{make.__name__:>9} {name:>6}: {figures}, {statistics.median(wall_us):6.2f} wall, {detections} detections"
            )


def states(redis_url: str | None) -> Iterator[tuple[str, StateStore]]:
    """Yield each state to measure, empty, by name."""
    yield "memory", MemoryState()
    if redis_url is not None:
        Redis.from_url(redis_url).flushdb()
        state = RedisState(redis_url)
        with state.rebuilding():
            pass
        yield "Redis", state
        state.close()


if __name__ == "__main__":
    main()
