"""Whether the monthly quota and the rate limit are exact while 8 processes send, also when a server is killed meanwhile.

Usage: python benchmarks/shared_limits.py [--quota 4000] [--rate 600]; takes about five minutes. Prints JSON.

Embedded: one `litesoc serve`. Redis: three `--role ingest`, a worker and a web process on private NATS, Redis and the tests'
stand-in for a ClickHouse server. Eight client processes send single events and batches of up to seven until twenty single
events in a row were refused. `accepted` is what the answers said, `stored` what the event store then holds; `unanswered` are
events of requests that broke off when a server was killed (SIGKILL): they were accepted or not.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from limit_clients import Sent, send_from_processes, wait_for_minute  # the tests' clients and servers
from limit_servers import Servers, embedded_server, servers_on_redis, stored_events

PROCESSES = 8
BATCH_MAX = 7
TAKERS = 3
KILLED_AFTER_S = 1.5
RATE_WINDOW_S = 30.0


def quota(servers: Servers, *, limit: int, is_killed: bool) -> dict[str, object]:
    """Send against a monthly limit and compare; with ``is_killed`` a server is killed and started again meanwhile."""
    api = servers.tenant(f"Quota {time.time_ns()}", monthly_events=limit)
    send = partial(send_from_processes, servers.urls, api.key, processes=PROCESSES)
    if is_killed:
        sent = servers.while_one_is_killed(lambda: send(batch_max=BATCH_MAX), after_s=KILLED_AFTER_S)
        sent += send(batch_max=1)  # who met the limit at one server may have ended before the other was back
    else:
        sent = send(batch_max=BATCH_MAX)
    return {"limit": limit, "stored": stored_events(api), **_summary(sent)}


def rate(servers: Servers, *, limit: int, batch_max: int) -> dict[str, object]:
    """Send against a limit a minute, within one minute of the clock, and compare."""
    api = servers.tenant(f"Rate {time.time_ns()}", per_minute=limit)
    wait_for_minute(at_least_s=RATE_WINDOW_S)
    minute = time.time() // 60
    sent = send_from_processes(servers.urls, api.key, processes=PROCESSES, batch_max=batch_max, ends_s=RATE_WINDOW_S)
    is_one = time.time() // 60 == minute
    return {"limit": limit, "may_reach": limit + batch_max - 1, "within_one_minute": is_one, **_summary(sent)}


def measure(servers: Servers, *, quota_limit: int, rate_limit: int) -> dict[str, object]:
    """Return all figures of one set of servers."""
    return {
        "quota": quota(servers, limit=quota_limit, is_killed=False),
        "quota_with_kill": quota(servers, limit=quota_limit, is_killed=True),
        "rate_single_events": rate(servers, limit=rate_limit, batch_max=1),
        "rate_batches": rate(servers, limit=rate_limit, batch_max=BATCH_MAX),
    }


def _summary(sent: Sequence[Sent]) -> dict[str, object]:
    return {
        "accepted": sum(one.accepted for one in sent),
        "unanswered": sum(one.unanswered for one in sent),
        "refused_requests": sum(one.refused for one in sent),
        "other_answers": sorted({status for one in sent for status in one.other}),
        "seconds": round(max(one.seconds for one in sent), 1),
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quota", type=int, default=4_000)
    parser.add_argument("--rate", type=int, default=600)
    options = parser.parse_args()
    figures: dict[str, object] = {"processes": PROCESSES}
    with tempfile.TemporaryDirectory(prefix="litesoc-limits-") as directory:
        with embedded_server(Path(directory)) as servers:
            figures["embedded"] = measure(servers, quota_limit=options.quota, rate_limit=options.rate)
        with servers_on_redis(Path(directory), takers=TAKERS) as servers:
            figures["redis"] = measure(servers, quota_limit=options.quota, rate_limit=options.rate)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
