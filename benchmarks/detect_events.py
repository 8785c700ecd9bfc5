"""Time per event of all detectors on the in-memory state, by kind of traffic. Takes some seconds.

Run `python benchmarks/detect_events.py`. The streams are made beforehand; only DetectionRunner.run is timed, in CPU time,
per batch of 1,000: the median, and the best tenth, which says what it takes when nothing else disturbs the processor.
"""

import argparse
import gc
import random
import statistics
import time
from collections.abc import Iterator

import msgspec

from litesoc_server.events.catalog import category_of, severity_of
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor, Device, Event, Geo, Network
from litesoc_server.events.ids import OrgId, draw_event_id_base, event_id_at
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.pipeline.detect.runner import DetectionRunner
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.state.memory import MemoryState

T0_MS = 1_772_366_400_000
ORGS = [OrgId(f"00000000-0000-4000-8000-{number:012d}") for number in range(5)]
ACTORS = 5_000
BATCH = 1_000
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


def main() -> None:
    """Print one line per kind of traffic."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    count = parser.parse_args().events
    for make in (mixed, logins, attack):
        events = list(make(random.Random(1), count))
        runner = DetectionRunner(MemoryState(), DETECTORS, OnePolicy())
        gc.collect()
        gc.freeze()
        detections, batch_us = 0, list[float]()
        for start in range(0, count, BATCH):
            begin = time.process_time()
            detections += len(runner.run(events[start : start + BATCH]).detections)
            batch_us.append((time.process_time() - begin) / BATCH * 1e6)
        best, median = statistics.quantiles(batch_us, n=10)[0], statistics.median(batch_us)
        figures = f"{median:6.2f} µs/event (best tenth {best:.2f})"
        print(f"{make.__name__:>7}: {figures}, {detections} detections from {count} events")


if __name__ == "__main__":
    main()
