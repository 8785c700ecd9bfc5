"""Events per second through the whole pipeline: embedded stream -> steps with all detectors -> store, in one process.

Run through `make bench`, or `python benchmarks/pipeline.py --events 300000 --core 0`.
"""

import argparse
import json
import os
import random
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from redis import Redis

from litesoc_server.clock import SystemClock
from litesoc_server.events.envelope import ENVELOPE_ENCODER, Envelope, Environment
from litesoc_server.events.ids import OrgId, draw_event_id_base
from litesoc_server.pipeline.consumer import PipelineConsumer
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.pipeline.detect.runner import DetectionRunner
from litesoc_server.pipeline.enrich.enricher import Enricher
from litesoc_server.pipeline.gap_file import GapFile
from litesoc_server.pipeline.policy import DetectionPolicy
from litesoc_server.pipeline.risk.scorer import score
from litesoc_server.pipeline.state.base import StateStore
from litesoc_server.pipeline.state.memory import MemoryState
from litesoc_server.pipeline.state.redis import RedisState
from litesoc_server.pipeline.steady_detection import SteadyDetection
from litesoc_server.pipeline.steps import Steps
from litesoc_server.pipeline.writer import StoreWriter
from litesoc_server.store.chdb import ChdbStore
from litesoc_server.stream.embedded import EmbeddedStream
from litesoc_server.stream.subjects import Subject

EVENTS_PER_REQUEST = 10
ORGS = [OrgId(f"00000000-0000-4000-8000-00000000000{n}") for n in range(5)]
ACTORS = 5_000
ADDRESSES = 20_000
PUBLISH_MESSAGES = 500
STRANGE_SHARE = 0.002  # of the events come from anywhere in the world: about one impossible journey in 700 logins
_AGENTS = [
    f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36"
    for system in ("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64")
    for major in range(120, 142)
]
_NAMES = ["auth.login_success"] * 60 + ["auth.login_failed"] * 15 + ["data.download"] * 15 + ["auth.logout"] * 9
_NAMES += ["authz.permission_granted"]


class OnePolicy:
    """Default settings for everybody."""

    def __init__(self) -> None:
        self._policy = DetectionPolicy()

    def policy_for(self, org_id: OrgId) -> DetectionPolicy:  # noqa: ARG002 # the port's signature
        """Return the defaults."""
        return self._policy


def envelopes(count: int, seed: int, orgs: Sequence[OrgId] = ORGS) -> list[bytes]:
    """Return ``count`` requests of EVENTS_PER_REQUEST events each: many users with habits, some failures."""
    rng = random.Random(seed)
    addresses = [".".join(str(rng.randint(1, 223)) for _ in range(4)) for _ in range(ADDRESSES)]
    habits = [(rng.choice(addresses), rng.choice(_AGENTS)) for _ in range(ACTORS)]
    now_ms = time.time_ns() // 1_000_000 - count * 5
    made: list[bytes] = []
    for number in range(count):
        events = []
        for _ in range(EVENTS_PER_REQUEST):
            actor = rng.randrange(ACTORS)
            home, agent = habits[actor]
            events.append(
                {
                    "event": rng.choice(_NAMES),
                    "actor": {"id": f"user-{actor}", "email": f"user-{actor}@example.org"},
                    "user_ip": rng.choice(addresses) if rng.random() < STRANGE_SHARE else home,
                    "metadata": {"user_agent": agent, "session": f"{rng.getrandbits(64):x}", "service": "shop"},
                }
            )
        at_ms = now_ms + number * 5
        envelope = Envelope(
            org_id=orgs[number % len(orgs)],
            key_id="benchmark",
            environment=Environment.LIVE,
            source="collect",
            received_at_ms=at_ms,
            event_id_base=draw_event_id_base(at_ms),
            server_ip="127.0.0.1",
            may_backdate=False,
            rejected=(),
            body=msgspec.json.encode({"events": events}),
        )
        made.append(ENVELOPE_ENCODER.encode(envelope))
    return made


def measure(event_count: int, directory: Path, state: StateStore, *, has_detectors: bool) -> dict[str, float]:
    """Fill the stream, then time the pipeline until the store holds everything."""
    stream = EmbeddedStream(directory / "stream", max_bytes=8 * 1024**3, clock=SystemClock())
    stream.open(None)
    store = ChdbStore(directory / "events", memory_bytes=1024**3)
    store.open()
    enricher = Enricher.open(directory)
    messages = envelopes(event_count // EVENTS_PER_REQUEST, seed=1)
    for start in range(0, len(messages), PUBLISH_MESSAGES):
        stream.publisher.publish(Subject.RAW, messages[start : start + PUBLISH_MESSAGES])
    writer = StoreWriter(store=store, dead_letters=stream.dead_letters)
    stop = threading.Event()
    policies = OnePolicy()
    detection = SteadyDetection(
        runner=DetectionRunner(state, DETECTORS, policies, score) if has_detectors else DetectionRunner(state, (), policies),
        state=state,
        store=store,
        gap_file=GapFile(directory / "detection-gap.json"),
        clock=SystemClock(),
    )
    pipeline = PipelineConsumer(
        consumer=stream.consumer(Subject.RAW),
        publisher=stream.publisher,
        dead_letters=stream.dead_letters,
        steps=Steps(enricher=enricher, runner=detection, policies=policies, find_stored=writer.find_stored),
        detection=detection,
        writer=writer,
        stop=stop,
    )
    detection.start()
    writer.start()
    started_s, cpu_s = time.perf_counter(), _cpu_s()
    while stream.backlog(Subject.RAW).messages:
        pipeline.run_once()
    wall_s, used_s = time.perf_counter() - started_s, _cpu_s() - cpu_s
    detections = stream.backlog(Subject.DETECTIONS).messages
    stop.set()
    writer.stop(10)
    bytes_on_disk = store.describe()["bytes_on_disk"]
    store.close()
    stream.close()
    return {
        "events": event_count,
        "events_per_s": event_count / wall_s,
        "cpu_us_per_event": used_s / event_count * 1e6,
        "detections": detections,
        "store_bytes_per_event": float(str(bytes_on_disk)) / event_count,
    }


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _state(redis_url: str | None) -> StateStore:
    if redis_url is None:
        return MemoryState()
    Redis.from_url(redis_url).flushdb()
    return RedisState(redis_url)


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--core", type=int, help="pin the whole process to this core")
    parser.add_argument("--redis", metavar="URL", help="keep the detectors' state in this Redis; its database is emptied")
    parser.add_argument("--without-detectors", action="store_true", help="the baseline: all but detection")
    options = parser.parse_args()
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
    with tempfile.TemporaryDirectory(prefix="litesoc-bench-") as directory:
        json.dump(
            measure(options.events, Path(directory), _state(options.redis), has_detectors=not options.without_detectors),
            sys.stdout,
        )
        print()


if __name__ == "__main__":
    main()
