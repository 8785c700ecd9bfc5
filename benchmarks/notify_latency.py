"""How long after an attack's last event a webhook has it, on the whole server in one process, under a steady load.

Run `python benchmarks/notify_latency.py --rate 1000 3000 5000 --warm-up-seconds 330`: one rate after the other on the same
server, to which users are known by then. Server and load are those of alert_latency.py; beside it a receiver in a process of
its own answers 204 at once. Latency: from the time at which the deletion was accepted, by the
server's clock, to the time at which the signed request with its alert had arrived whole, by the receiver's: one machine, one
clock. With ``--dead N`` that many further webhooks hang until their time is up, which must change nothing.
"""

import argparse
import json
import multiprocessing
import os
import queue
import socket
import sys
import tempfile
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.queues import Queue
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from alert_latency import Load, alert_latencies_ms, quantiles

from live_server import LiveServer  # the tests' own way to run one

ARRIVALS_WAIT_S = 60
Arrival = tuple[str, str, float, float]  # see receive


def receive(ready: "Queue[int]", arrivals: "Queue[Arrival]") -> None:
    """Answer every POST with 204 and put (source_ip, type, arrived, accepted) into ``arrivals``, both in Unix seconds."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            arrived_s = time.time()
            self.send_response(204)
            self.end_headers()
            said = json.loads(body)
            seen = datetime.fromisoformat(said["alert"]["metadata"]["last_seen_at"])
            arrivals.put((said["source_ip"], said["type"], arrived_s, seen.timestamp()))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the base class calls it so
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ready.put(server.server_address[1])
    server.serve_forever()


def arrived(arrivals: "Queue[Arrival]", wanted: int) -> dict[str, float]:
    """Return for each new alert, by its address, the milliseconds until it arrived first; waits for ``wanted``."""
    found: dict[str, float] = {}
    deadline_s = time.monotonic() + ARRIVALS_WAIT_S
    while len(found) < wanted and time.monotonic() < deadline_s:
        try:
            address, kind, arrived_s, accepted_s = arrivals.get(timeout=0.5)
        except queue.Empty:
            continue
        if kind == "alert.created" and str(address).startswith("185."):
            found.setdefault(address, (arrived_s - accepted_s) * 1000)
    return found


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, nargs="+", default=[5_000], help="events a second, one after the other")
    parser.add_argument("--seconds", type=int, default=20, help="at each rate")
    parser.add_argument("--warm-up-seconds", type=int, default=2, help="at 1,000 events a second")
    parser.add_argument("--dead", type=int, default=0, help="webhooks beside it that never answer")
    options = parser.parse_args()
    ready: Queue[int] = multiprocessing.Queue()
    arrivals: Queue[Arrival] = multiprocessing.Queue()
    receiver = multiprocessing.Process(target=receive, args=(ready, arrivals), daemon=True)
    receiver.start()
    with (
        tempfile.TemporaryDirectory(prefix="litesoc-bench-") as directory,
        socket.create_server(("127.0.0.1", 0), backlog=1024) as silent,
    ):
        server = LiveServer(Path(directory, "data"), env={"LITESOC_EGRESS_ALLOW": "127.0.0.1/32"})
        server.start()
        key = server.init()["api_key"]
        _add(server, "Hook", f"http://127.0.0.1:{ready.get()}/")
        for number in range(options.dead):
            _add(server, f"Dead {number}", f"http://127.0.0.1:{silent.getsockname()[1]}/{number}")
        database = Path(directory, "data", "control.db")
        warm_up = Load(server.url, key, rate=1_000, seconds=options.warm_up_seconds)
        warm_up.run()
        sent_count = len(alert_latencies_ms(database, warm_up.attacks_count))
        arrived(arrivals, sent_count)
        measured: list[dict[str, object]] = []
        for rate in options.rate:
            load = Load(server.url, key, rate=rate, seconds=options.seconds)
            load.attacks_count = sent_count
            load.run()
            latencies = list(arrived(arrivals, load.attacks_count - sent_count).values())
            measured.append(
                {
                    "rate": rate,
                    "cores": os.cpu_count(),
                    "load_average": os.getloadavg()[0],
                    "dead_webhooks": options.dead,
                    "webhooks": len(latencies),
                    "webhooks_missing": load.attacks_count - sent_count - len(latencies),
                    "event_to_alert": quantiles(alert_latencies_ms(database, load.attacks_count)[sent_count:]),
                    "event_to_webhook": quantiles(latencies),
                    "collect": quantiles(load.latencies_ms),
                    "sender_behind_ms": round(load.behind_ms, 1),
                }
            )
            sent_count = load.attacks_count
        server.stop()
    receiver.terminate()
    print(json.dumps(measured, indent=2))


def _add(server: LiveServer, name: str, url: str) -> None:
    server.litesoc_json("notify", "add", "--name", name, "--set", f"url={url}")


if __name__ == "__main__":
    main()
