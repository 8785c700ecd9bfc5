"""How long after an attack's last event its alert exists, on the whole server in one process, under a steady load.

Run `python benchmarks/alert_latency.py --rate 5000 --seconds 20`. The server is `litesoc serve` with its defaults, on all
cores. Batches of 100 ordinary events come at a steady rate; among them, several times a second, somebody deletes records in
bulk, which is a critical alert each: less severe ones are gathered into one alert once there are 20 in an hour. Latency:
from the time at which the deletion was received to the time at which the alert was written, both by the server's clock.
"""

import argparse
import json
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from live_server import LiveServer  # the tests' own way to run one

BATCH_EVENTS = 100
SENDERS = 4
ATTACKS_PER_S = 5
ACTORS = 5_000
ALERTS_WAIT_S = 60
_NAMES = ["auth.login_success"] * 55 + ["auth.logout"] * 20 + ["data.download"] * 23 + ["auth.login_failed"] * 2


def ordinary(rng: random.Random) -> dict[str, object]:
    """Return one event of a user who is always at home."""
    actor = rng.randrange(ACTORS)
    return {
        "event": rng.choice(_NAMES),
        "actor": {"id": f"user-{actor}", "email": f"user-{actor}@shop.example"},
        "user_ip": f"84.{16 + actor % 16}.{actor >> 8}.{actor & 255}",
        "metadata": {
            "user_agent": f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/{120 + actor % 20}.0.0.0 Safari/537.36"
        },
    }


def attack(number: int) -> dict[str, object]:
    """Return a bulk deletion by one more user, from an address of its own."""
    address = f"185.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return {"event": "data.bulk_delete", "actor": {"id": f"target-{number}"}, "user_ip": address}


class Load:
    """Sends batches at a steady rate from a few threads and notes how long each answer took."""

    def __init__(self, url: str, key: str, *, rate: int, seconds: int) -> None:
        self._url, self._key = url, key
        self._batches_count = rate * seconds // BATCH_EVENTS
        self._interval_s = BATCH_EVENTS / rate
        self._attack_every = max(1, rate // BATCH_EVENTS // ATTACKS_PER_S)
        self._started_s = 0.0
        self.latencies_ms: list[float] = []
        self.attacks_count = 0
        self.behind_ms = 0.0

    def run(self) -> None:
        """Send everything; sender ``i`` has every SENDERS-th batch."""
        batches = [self._batch(number) for number in range(self._batches_count)]
        self._started_s = time.perf_counter() + 0.2
        senders = [threading.Thread(target=self._send, args=(batches[i::SENDERS], i)) for i in range(SENDERS)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()

    def _batch(self, number: int) -> bytes:
        rng = random.Random(number)
        events = [ordinary(rng) for _ in range(BATCH_EVENTS)]
        if number % self._attack_every == 0:
            events[0] = attack(self.attacks_count)
            self.attacks_count += 1
        return json.dumps({"events": events}).encode()

    def _send(self, batches: list[bytes], first: int) -> None:
        headers = {"X-API-Key": self._key, "Content-Type": "application/json"}
        with httpx.Client(base_url=self._url, headers=headers, timeout=30) as client:
            for number, body in enumerate(batches):
                due_s = self._started_s + (first + number * SENDERS) * self._interval_s
                time.sleep(max(0.0, due_s - time.perf_counter()))
                sent_s = time.perf_counter()
                client.post("/collect/batch", content=body).raise_for_status()
                self.latencies_ms.append((time.perf_counter() - sent_s) * 1000)
                self.behind_ms = max(self.behind_ms, (sent_s - due_s) * 1000)


def alert_latencies_ms(database: Path, wanted: int) -> list[float]:
    """Return for each alert how long after its event it was written; waits until ``wanted`` are there."""
    deadline_s = time.monotonic() + ALERTS_WAIT_S
    with closing(sqlite3.connect(database)) as control:
        while True:
            rows: list[tuple[str, str]] = control.execute(
                "SELECT created_at, last_seen_at FROM alerts_alert WHERE source_ip LIKE '185.%' ORDER BY created_at"
            ).fetchall()
            if len(rows) >= wanted or time.monotonic() > deadline_s:
                break
            time.sleep(0.5)
    return [(datetime.fromisoformat(made) - datetime.fromisoformat(seen)).total_seconds() * 1000 for made, seen in rows]


def quantiles(values: list[float]) -> dict[str, float]:
    """Return the median, the 99th percentile and the largest."""
    cuts = statistics.quantiles(values, n=100)
    return {"p50_ms": round(cuts[49], 1), "p99_ms": round(cuts[98], 1), "max_ms": round(max(values), 1)}


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=5_000, help="events a second")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument(
        "--warm-up-seconds",
        type=int,
        default=2,
        help="at 1,000 events a second; after 330 the users are known, before that everything is new to the detectors",
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="litesoc-bench-") as directory:
        server = LiveServer(Path(directory, "data"))
        server.start()
        key = server.init()["api_key"]
        memory_idle = _resident_mb(server.process_id)
        database = Path(directory, "data", "control.db")
        warm_up = Load(server.url, key, rate=1_000, seconds=options.warm_up_seconds)
        warm_up.run()
        warm_count = len(alert_latencies_ms(database, warm_up.attacks_count))
        load = Load(server.url, key, rate=options.rate, seconds=options.seconds)
        load.attacks_count = warm_count
        load.run()
        latencies = alert_latencies_ms(database, load.attacks_count)[warm_count:]
        figures = {
            "rate": options.rate,
            "cores": os.cpu_count(),
            "alerts": len(latencies),
            "alerts_missing": load.attacks_count - warm_count - len(latencies),
            "event_to_alert": quantiles(latencies),
            "collect": quantiles(load.latencies_ms),
            "sender_behind_ms": round(load.behind_ms, 1),
            "idle_memory_mb": memory_idle,
        }
        server.stop()
    print(json.dumps(figures, indent=2))


def _resident_mb(process_id: int) -> int:
    status = Path(f"/proc/{process_id}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


if __name__ == "__main__":
    main()
