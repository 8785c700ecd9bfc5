"""`make bench`: collect and pipeline in one run on this machine, as ratios against nginx and our own non-durable path.

The server under test is pinned to core 0, the load (wrk) to core 1. Prints a table, and writes the figures to
benchmarks/results/latest.json.
"""

import argparse
import json
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))
from servers import NatsServer, free_port  # noqa: E402 # the tests' private servers

SERVER_CORE, LOAD_CORE = "0", "1"
SINGLE = {
    "event": "auth.login_failed",
    "actor": {"id": "usr_8841", "email": "mira@shop.example"},
    "user_ip": "198.51.100.77",
    "metadata": {"reason": "bad_password", "form": "checkout", "user_agent": "Mozilla/5.0 (X11; Linux) Firefox/143.0"},
}
BATCH_EVENTS = 100
NGINX = """
master_process off; daemon off; pid {directory}/nginx.pid; error_log stderr crit;
events {{ worker_connections 1024; }}
http {{ access_log off; server {{ listen 127.0.0.1:{port} reuseport; keepalive_requests 1000000000;
  location / {{ return 202 '{{"success":true}}'; }} }} }}
"""
_UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


def wrk(url: str, body: dict[str, object], *, connections: int, seconds: int) -> dict[str, float]:
    """Return requests per second and the latencies p50 and p99 in ms; fails when any answer is not 2xx."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write('wrk.method = "POST"\nwrk.headers["X-API-Key"] = "lsoc_live_benchmark"\n')
        script.write('wrk.headers["Content-Type"] = "application/json"\n')
        script.write(f"wrk.body = {json.dumps(json.dumps(body))}\n")
        script.flush()
        command = ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
        text = subprocess.run([*command, "-s", script.name, url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text:
        sys.exit(f"not every answer was 2xx:\n{text}")
    latency = {quantile: _ms(text, quantile) for quantile in ("50%", "99%")}
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    assert rate is not None
    return {"requests_per_s": float(rate[1]), "p50_ms": latency["50%"], "p99_ms": latency["99%"]}


def _ms(text: str, quantile: str) -> float:
    found = re.search(rf"{quantile}\s+([\d.]+)(us|ms|s|m)", text)
    assert found is not None
    return float(found[1]) * _UNITS_MS[found[2]]


@contextmanager
def running(command: list[str], port: int) -> Iterator[str]:
    """Run ``command`` on the server core until its port answers, then to the end of the block."""
    process = subprocess.Popen(["taskset", "-c", SERVER_CORE, *command])
    try:
        deadline_s = time.monotonic() + 30
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None or time.monotonic() > deadline_s:
                sys.exit(f"did not start: {' '.join(command)}")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/collect"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


@contextmanager
def nginx() -> Iterator[str]:
    """Run nginx answering 202 to everything."""
    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        config = Path(directory, "nginx.conf")
        config.write_text(NGINX.format(directory=directory, port=port))
        with running(["nginx", "-c", str(config), "-p", directory], port) as url:
            yield url


@contextmanager
def ours(*arguments: str) -> Iterator[str]:
    """Run our collect path."""
    port = free_port()
    kind, *rest = arguments
    with running([sys.executable, str(HERE / "collect_server.py"), kind, str(port), *rest], port) as url:
        yield url


def measure(seconds: int, nats_url: str) -> dict[str, dict[str, float]]:
    """Run every case and return its figures."""
    batch: dict[str, object] = {"events": [SINGLE] * BATCH_EVENTS}
    cases: dict[str, tuple[tuple[str, ...], dict[str, object], int]] = {
        "single, not durable": (("none",), SINGLE, 64),
        "single, durable (embedded)": (("embedded",), SINGLE, 64),
        "single, durable (embedded), one connection": (("embedded",), SINGLE, 1),
        "single, durable (embedded), ordinary path": (("embedded", "--ordinary-path"), SINGLE, 64),
        "single, durable (JetStream)": (("jetstream", "--nats", nats_url), SINGLE, 64),
        "batch of 100, not durable": (("none",), batch, 16),
        "batch of 100, durable (embedded)": (("embedded",), batch, 16),
    }
    results: dict[str, dict[str, float]] = {}
    with nginx() as url:
        print("nginx `return 202` ...", flush=True)
        results["nginx"] = wrk(url, SINGLE, connections=64, seconds=seconds)
    for name, (arguments, body, connections) in cases.items():
        print(f"{name} ...", flush=True)
        with ours(*arguments) as url:
            wrk(url, body, connections=connections, seconds=2)  # warm-up: imports, caches, the first file growth
            results[name] = wrk(url, body, connections=connections, seconds=seconds)
    return results


def pipeline(events: int) -> dict[str, float]:
    """Run the pipeline benchmark on one core."""
    print(f"pipeline, {events} events, all detectors ...", flush=True)
    command = [sys.executable, str(HERE / "pipeline.py"), "--events", str(events), "--core", SERVER_CORE]
    figures: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return figures


def table(results: dict[str, dict[str, float]], pipe: dict[str, float]) -> str:
    """Return the figures as a Markdown table."""
    base, own = results["nginx"]["requests_per_s"], results["single, not durable"]["requests_per_s"]
    own_batch = results["batch of 100, not durable"]["requests_per_s"]
    lines = ["| case | requests/s | of nginx | of our non-durable path | p50 ms | p99 ms |", "|---|---|---|---|---|---|"]
    for name, figures in results.items():
        rate = figures["requests_per_s"]
        of_own = "-" if name == "nginx" else f"{rate / (own_batch if 'batch' in name else own):.2f}"
        events = f" ({rate * BATCH_EVENTS:,.0f} events/s)" if "batch" in name else ""
        speed = f"{rate:,.0f}{events} | {rate / base:.2f} | {of_own}"
        lines.append(f"| {name} | {speed} | {figures['p50_ms']:.2f} | {figures['p99_ms']:.2f} |")
    lines.append("")
    lines.append(
        f"Pipeline, all detectors, one core: {pipe['events_per_s']:,.0f} events/s"
        f" ({pipe['cpu_us_per_event']:.1f} µs CPU an event, {pipe['events_per_s'] / base:.2f} of nginx's requests/s),"
        f" {pipe['store_bytes_per_event']:.0f} bytes an event on disk."
    )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=8, help="length of each wrk run")
    parser.add_argument("--events", type=int, default=300_000, help="events for the pipeline")
    options = parser.parse_args()
    for program, package in (("wrk", "wrk"), ("nginx", "nginx-light"), ("taskset", "util-linux")):
        if shutil.which(program) is None:
            sys.exit(f"{program} is missing: install Debian's package {package}")
    with tempfile.TemporaryDirectory(prefix="litesoc-bench-") as directory:
        nats = NatsServer(Path(directory, "nats"))
        nats.start()
        results = measure(options.seconds, nats.url)
        nats.stop()
    pipe = pipeline(options.events)
    text = table(results, pipe)
    out = HERE / "results" / "latest.json"
    out.parent.mkdir(exist_ok=True)
    machine = {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    out.write_text(json.dumps({"machine": machine, "collect": results, "pipeline": pipe}, indent=2))
    print(f"\n{text}\n\nWritten to {out.relative_to(HERE.parent)}")


if __name__ == "__main__":
    main()
