"""Kill the server (and NATS) again and again under load, then compare what was acknowledged with what is shown.

Run as `python -m crash.harness --rounds 20 --variant embedded` from tests/, or through `make crash`.
"""

import argparse
import json
import random
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crash.load import Ledger, Load
from started_before import started_before

DRAIN_TIMEOUT_S = 120
VARIANTS = ("embedded", "nats")


@dataclass(frozen=True)
class Verdict:
    """What a run showed. All but the first two must be empty."""

    rounds: int
    acknowledged: int
    lost: list[int]
    shown_twice: list[int]
    alerts_lost: list[str]
    alerts_doubled: list[str]
    alerts_from_nothing: list[str]

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost or doubled."""
        problems = (self.lost, self.shown_twice, self.alerts_lost, self.alerts_doubled, self.alerts_from_nothing)
        return not any(problems)

    def summary(self) -> str:
        """One line of figures."""
        return (
            f"{self.rounds} kills, {self.acknowledged} events acknowledged: {len(self.lost)} lost, "
            f"{len(self.shown_twice)} shown twice, alerts: {len(self.alerts_lost)} lost, "
            f"{len(self.alerts_doubled)} doubled, {len(self.alerts_from_nothing)} without cause"
        )


def run(directory: Path, *, rounds: int, variant: str, seed: int, say: Callable[[str], None]) -> Verdict:
    """Kill ``rounds`` times at random moments under load and return the verdict."""
    rng = random.Random(seed)
    nats = _start_nats(directory) if variant == "nats" else None
    env = {"LITESOC_STREAM_URL": nats.url} if nats else {}
    server = started_before(directory / "data", env=env)
    api_key = server.init()["api_key"]
    load = Load(api_key, seed)
    load.start(server.start())
    try:
        for number in range(1, rounds + 1):
            time.sleep(rng.uniform(0.3, 2.5))
            if nats is not None and rng.random() < 0.5:
                nats.kill()
                time.sleep(rng.uniform(0, 0.5))
                nats.start()
                killed = "nats"
            else:
                server.kill()
                load.point_at(server.start())
                killed = "server"
            say(f"round {number}/{rounds}: killed {killed}, {len(load.ledger.acknowledged)} acknowledged so far")
        time.sleep(1)
        load.stop()
        return _compare(load.ledger, server.url, api_key, rounds, say)
    finally:
        server.kill()
        if nats is not None:
            nats.stop()


def _start_nats(directory: Path) -> Any:
    from servers import NatsServer  # noqa: PLC0415 # only this variant needs it

    nats = NatsServer(directory / "nats")
    nats.start()
    return nats


def _compare(ledger: Ledger, url: str, api_key: str, rounds: int, say: Callable[[str], None]) -> Verdict:
    say("waiting until everything acknowledged is visible")
    deadline = time.monotonic() + DRAIN_TIMEOUT_S
    last_total = -1
    while time.monotonic() < deadline:
        total = _get(url, api_key, "/events?limit=1")["pagination"]["total"]
        if total >= len(ledger.acknowledged) and total == last_total:
            break
        last_total = total
        time.sleep(2)
    shown = Counter(event["metadata"]["number"] for event in _all(url, api_key, "/events", 100))
    alerts = Counter(
        alert["source_ip"] for alert in _all(url, api_key, "/alerts", 500) if alert["alert_type"] == "suspicious_activity"
    )
    return Verdict(
        rounds=rounds,
        acknowledged=len(ledger.acknowledged),
        lost=sorted(ledger.acknowledged - shown.keys()),
        shown_twice=sorted(number for number, times in shown.items() if times > 1),
        alerts_lost=sorted(ledger.certain_attacks() - alerts.keys()),
        alerts_doubled=sorted(ip for ip, times in alerts.items() if times > 1),
        alerts_from_nothing=sorted(alerts.keys() - ledger.possible_attacks()),
    )


def _all(url: str, api_key: str, path: str, page: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while True:
        answer = _get(url, api_key, f"{path}?limit={page}&offset={len(rows)}")
        rows += answer["data"]
        if not answer["pagination"]["has_more"]:
            return rows


def _get(url: str, api_key: str, path: str) -> Any:
    request = urllib.request.Request(f"{url}{path}", headers={"X-API-Key": api_key})
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def main() -> None:
    """Run the variants and end with 1 when anything was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--variant", choices=VARIANTS, action="append")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    is_clean = True
    for variant in options.variant or VARIANTS:
        print(f"{variant}: {options.rounds} rounds, seed {options.seed}", flush=True)
        with tempfile.TemporaryDirectory(prefix="litesoc-crash-") as directory:
            verdict = run(
                Path(directory),
                rounds=options.rounds,
                variant=variant,
                seed=options.seed,
                say=lambda text: print(f"  {text}", flush=True),
            )
        print(f"{variant}: {verdict.summary()}", flush=True)
        is_clean = is_clean and verdict.is_clean
    sys.exit(0 if is_clean else 1)


if __name__ == "__main__":
    main()
