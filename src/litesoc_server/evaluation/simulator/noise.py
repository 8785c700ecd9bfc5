"""What happens to events on their way: some come twice, some come late."""

import heapq
from collections.abc import Iterator
from random import Random

from litesoc_server.events.event import Event

DUPLICATES_SHARE = 0.01
LATE_SHARE = 0.02
LATE_MAX_MS = 60_000  # with clocks that differ by 2 minutes this stays within the 5 minutes of disorder that are promised
_USUAL_DELAY_MAX_MS = 400


def disturb(events: Iterator[Event], seed: int, *, repeats: bool) -> Iterator[Event]:
    """Yield events, which come in order of true time (``received_at_ms``), in order of arrival.

    With ``repeats`` one in a hundred comes twice under its id, as a stream that delivers at least once does. A sender over
    HTTP cannot repeat an event so: there the Idempotency-Key takes care of repeats, and the events would be new ones.
    """
    rng = Random(f"noise|{seed}")
    waiting: list[tuple[int, int, Event]] = []
    number = 0
    for event in events:
        number += 1
        true_ms = event.received_at_ms
        delay_ms = rng.randrange(LATE_MAX_MS) if rng.random() < LATE_SHARE else rng.randrange(_USUAL_DELAY_MAX_MS)
        heapq.heappush(waiting, (true_ms + delay_ms, number, event))
        if repeats and rng.random() < DUPLICATES_SHARE:
            number += 1
            heapq.heappush(waiting, (true_ms + rng.randrange(LATE_MAX_MS), number, event))
        while waiting and waiting[0][0] <= true_ms:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]
