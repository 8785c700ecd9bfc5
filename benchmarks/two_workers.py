"""Events per second through the pipeline of one worker process, and of two on the same servers.

Usage: python benchmarks/two_workers.py [--events 40000] [--rounds 3]; takes about a minute a round. Prints JSON.

The workers are `litesoc serve --role worker`, each with a data directory of its own. They share private servers, new for
each run: NATS with JetStream, every write on disk; Redis with the detectors' state; and the tests' stand-in for a ClickHouse
server, which is the same engine behind HTTP. The control database is SQLite. Timed is from the first event in the stream
until the last one is acknowledged, so stored; the workers have started and done a little before. `cores_busy` is what the
whole machine did meanwhile: where that is all there is, more workers cannot do more.
"""

import argparse
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline import EVENTS_PER_REQUEST, envelopes

from litesoc_server.clock import SystemClock
from litesoc_server.events.ids import OrgId
from litesoc_server.stream.jetstream import JetStreamStream
from litesoc_server.stream.subjects import Subject

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from clickhouse_http import ClickHouseServer  # the tests' private servers
from live_server import LiveServer
from servers import NatsServer, RedisServer

ORGS = 5
WARM_UP_EVENTS = 2_000
GROUP_REQUESTS = 2  # that come at the same moment and share a message; few, as a worker asks for 128 messages at a time
STREAM_MAX_BYTES = 4 * 1024**3
POLL_S = 0.05


@dataclass(frozen=True)
class Figures:
    """What one run showed."""

    events_per_s: float
    worker_cpu_us_per_event: float  # of all workers together
    cores_busy: float  # of the machine, whatever did it


def measure(directory: Path, *, worker_count: int, event_count: int) -> Figures:
    """Run the events through ``worker_count`` workers on new servers."""
    with contextlib.ExitStack() as stack:
        nats, redis = NatsServer(directory / "nats"), RedisServer(directory / "redis")
        clickhouse = ClickHouseServer(directory / "clickhouse")
        for server in (nats, redis, clickhouse):
            server.start()
            stack.callback(server.kill)
        env = {
            "LITESOC_DATABASE_URL": f"sqlite://{directory / 'control.db'}",
            "LITESOC_STREAM_URL": nats.url,
            "LITESOC_STREAM_MAX_BYTES": str(STREAM_MAX_BYTES),
            "LITESOC_EVENTS_URL": clickhouse.url,
            "LITESOC_STATE_URL": redis.url,
        }
        workers = [
            LiveServer(directory / f"worker-{number}", env=env, args=("--role", "worker")) for number in range(worker_count)
        ]
        orgs = [OrgId(workers[0].init(f"Shop {number}", f"owner-{number}@shop.example")["org_id"]) for number in range(ORGS)]
        for worker in workers:
            worker.start()
            stack.callback(worker.stop)
        stream = JetStreamStream(nats.url, max_bytes=STREAM_MAX_BYTES, replicas=1, clock=SystemClock())
        stream.open(None)
        stack.callback(stream.close)
        _process(stream, envelopes(WARM_UP_EVENTS // EVENTS_PER_REQUEST, seed=1, orgs=orgs))
        messages = envelopes(event_count // EVENTS_PER_REQUEST, seed=2, orgs=orgs)
        started_s, cpu_s, busy_s = time.perf_counter(), _cpu_s(workers), _busy_s()
        _process(stream, messages)
        wall_s = time.perf_counter() - started_s
        figures = Figures(
            events_per_s=round(event_count / wall_s),
            worker_cpu_us_per_event=round((_cpu_s(workers) - cpu_s) / event_count * 1e6),
            cores_busy=round((_busy_s() - busy_s) / wall_s, 2),
        )
        if stream.dead_letters.count():
            sys.exit("some events became dead letters: the figures mean nothing")
        return figures


def _process(stream: JetStreamStream, messages: Sequence[bytes]) -> None:
    """Put requests into the stream and return when all are acknowledged."""
    for start in range(0, len(messages), GROUP_REQUESTS):
        stream.publisher.publish(Subject.RAW, messages[start : start + GROUP_REQUESTS])
    while stream.backlog(Subject.RAW).messages:
        time.sleep(POLL_S)


def _cpu_s(workers: Sequence[LiveServer]) -> float:
    """Return the processor time of the workers, user and system; the fields are those of proc_pid_stat(5)."""
    ticks = 0
    for worker in workers:
        fields = Path(f"/proc/{worker.process_id}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _busy_s() -> float:
    """Return the time that all cores together were not idle, from the first line of proc_stat(5)."""
    user, nice, system, _idle, _wait, irq, soft_irq = map(int, Path("/proc/stat").read_text().split()[1:8])
    return (user + nice + system + irq + soft_irq) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print the figures as JSON; with several rounds the runs take turns, and the medians count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    runs: dict[int, list[Figures]] = {1: [], 2: []}
    for _ in range(options.rounds):
        for worker_count, found in runs.items():
            with tempfile.TemporaryDirectory(prefix="litesoc-bench-") as directory:
                found.append(measure(Path(directory), worker_count=worker_count, event_count=options.events))
    one, two = (statistics.median(run.events_per_s for run in found) for found in runs.values())
    figures = {
        "events": options.events,
        "cores": os.cpu_count(),
        "one_worker_events_per_s": one,
        "two_workers_events_per_s": two,
        "ratio": round(two / one, 2),
        "runs": {f"{worker_count} workers": [asdict(run) for run in found] for worker_count, found in runs.items()},
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
