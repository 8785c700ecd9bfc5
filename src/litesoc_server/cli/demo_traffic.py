"""The demo's ordinary traffic: two weeks of a made-up company before the story, and a calm trickle after it."""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from random import Random
from typing import Any

import httpx

from litesoc_server.cli.client import ApiClient
from litesoc_server.cli.console import progress_bar
from litesoc_server.cli.replay import BATCH_EVENTS
from litesoc_server.evaluation.simulator.clock import DAY_MS
from litesoc_server.evaluation.simulator.simulation import Plan, Simulation
from litesoc_server.evaluation.simulator.wire import collect_body
from litesoc_server.events.event import Event

USERS, DAYS, SEED = 400, 15, 7  # some 4,000 events; a week has one before it to be compared with
FAILURES_MAX = 4  # failed logins of one person
PAUSE_S = (1.0, 4.0)  # between two events of the trickle, at least and at most
STOP_TIMEOUT_S = 5.0
_EVERYDAY = frozenset(
    {
        "auth.login_success",
        "auth.login_failed",
        "auth.logout",
        "auth.mfa_challenge_sent",
        "auth.mfa_challenge_success",
        "auth.password_reset",
        "data.download",
        "api.key_used",
    }
)
# What people do all day. A failed login comes as rarely as people mistype.
_ACTS = ("auth.login_success",) * 8 + ("auth.logout",) * 4 + ("data.download",) * 2 + ("auth.login_failed",)

Body = dict[str, Any]


def ordinary_days(now_ms: int) -> list[Event]:
    """Return what happened in the days before ``now_ms`` (Unix ms), in order of arrival; no attack is among it."""
    start_ms = (now_ms // DAY_MS - DAYS) * DAY_MS
    plan = Plan(
        seed=SEED,
        users=USERS,
        days=DAYS + 1,
        start_ms=start_ms,
        attacks_per_org_day=0.0,
        twins_per_org_day=0.0,
        repeats=False,
    )
    events = Simulation(plan).events()
    return _without_oddities(
        [event for event in events if start_ms <= event.occurred_at_ms and event.received_at_ms < now_ms]
    )


def _without_oddities(events: Sequence[Event]) -> list[Event]:
    """Leave out rare acts, and whoever moves about or forgets passwords: the days are too few to learn what is usual."""
    networks: defaultdict[str, set[int | None]] = defaultdict(set)
    failures: Counter[str] = Counter()
    for event in events:
        if event.actor is not None and event.network is not None:
            networks[event.actor.id].add(event.network.asn)
            failures[event.actor.id] += event.name == "auth.login_failed"
    quiet = {actor for actor, seen in networks.items() if len(seen) == 1 and failures[actor] <= FAILURES_MAX}
    return [event for event in events if event.actor and event.actor.id in quiet and event.name in _EVERYDAY]


def send_days(client: ApiClient, events: Sequence[Event]) -> None:
    """Send events with their own times, in batches."""
    left = iter(events)
    with progress_bar() as progress:
        task = progress.add_task("Sending events", total=len(events))
        while batch := list(islice(left, BATCH_EVENTS)):
            client.send_batch([collect_body(event) for event in batch])
            progress.advance(task, len(batch))


class Trickle:
    """Sends one ordinary event every few seconds, as happening now, from a thread of its own until ``stop``."""

    def __init__(self, url: str, key: str, past: Sequence[Event]) -> None:
        self._bodies = _ordinary_acts(_people_of(past))
        self._http = httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=5.0, trust_env=False)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="trickle", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for what is on its way."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(STOP_TIMEOUT_S)
        self._http.close()

    def _run(self) -> None:
        pauses = Random(SEED)  # noqa: S311 # a rhythm, no secret
        while not self._stopped.wait(pauses.uniform(*PAUSE_S)):
            try:
                self._http.post("/api/v1/collect", json=next(self._bodies))
            except httpx.HTTPError:
                continue  # the server is stopping, or somebody stopped it: nothing of it matters here


def _people_of(past: Sequence[Event]) -> list[Body]:
    """Return of everybody what their last login was like: from the same place and device again nobody is noticed."""
    last: dict[str, Event] = {}
    for event in past:
        if event.actor is not None and event.name == "auth.login_success":
            last[event.actor.id] = event
    return [{name: value for name, value in collect_body(event).items() if name != "timestamp"} for event in last.values()]


def _ordinary_acts(people: Sequence[Mapping[str, Any]]) -> Iterator[Body]:
    choices = Random(SEED)  # noqa: S311 # made-up traffic, no secret
    while True:
        yield {**choices.choice(people), "event": choices.choice(_ACTS)}
