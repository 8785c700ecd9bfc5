"""Processes that send as fast as they can until a limit holds, and count what was accepted."""

import random
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import httpx

REFUSALS_MAX = 20  # of single events, one after the other: then the limit holds
GIVE_UP_S = 60.0
_EVENT = {"event": "auth.login_success", "actor": {"id": "usr_1"}, "user_ip": "198.51.100.7"}


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What one client saw."""

    accepted: int  # events
    unanswered: int  # events of requests that broke off: accepted or not
    refused: int  # requests
    other: tuple[int, ...]  # statuses beside those of acceptance and of the limit
    seconds: float


def send_from_processes(
    urls: list[str], key: str, *, processes: int, batch_max: int, ends_s: float = GIVE_UP_S
) -> list[Sent]:
    """Send from so many processes at once, spread over ``urls``, until each meets the limit or ``ends_s`` are over."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        running = [
            pool.submit(_send, urls[number % len(urls)], key, number, batch_max, ends_s) for number in range(processes)
        ]
        return [one.result() for one in running]


def _send(url: str, key: str, number: int, batch_max: int, ends_s: float) -> Sent:
    rng, begun_s = random.Random(number), time.monotonic()
    accepted = unanswered = refused = 0
    in_a_row = 0
    other: list[int] = []
    with httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=20, trust_env=False) as client:
        while in_a_row < REFUSALS_MAX and time.monotonic() - begun_s < ends_s:
            # Towards the end single events fill what is left.
            size = 1 if in_a_row else rng.randint(1, batch_max)
            try:
                answer = client.post("/collect", json={"events": [_EVENT] * size} if size > 1 else _EVENT)
            except httpx.TransportError:
                unanswered += size
                time.sleep(0.1)
                continue
            if answer.status_code == 202:
                accepted += answer.json()["events_accepted"]
                in_a_row = 0
            elif answer.status_code in (403, 429):
                refused += 1
                in_a_row += 1
            else:
                other.append(answer.status_code)
                time.sleep(0.1)
    return Sent(
        accepted=accepted,
        unanswered=unanswered,
        refused=refused,
        other=tuple(other),
        seconds=time.monotonic() - begun_s,
    )


def wait_for_minute(*, at_least_s: float) -> None:
    """Wait until so many seconds are left of the clock's minute, in which rates are counted."""
    left_s = 60 - time.time() % 60
    if left_s < at_least_s:
        time.sleep(left_s + 0.1)
