"""Messages that come back later, in order of their time."""

import heapq
import itertools
import time
from collections.abc import Sequence

from litesoc_server.stream.base import Message


class Retries:
    """A heap of messages with the moment at which each is due. For one thread. Time is monotonic: delays, not dates."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Message]] = []
        self._counter = itertools.count()  # keeps the order of messages with equal times

    def add(self, messages: Sequence[Message], delay_s: float) -> None:
        """Have ``messages`` come back after ``delay_s`` seconds, marked as redelivery."""
        due_s = time.monotonic() + delay_s
        for message in messages:
            again = Message(message.subject, message.position, message.payload, is_redelivery=True)
            heapq.heappush(self._heap, (due_s, next(self._counter), again))

    def take_due(self, max_messages: int) -> list[Message]:
        """Return at most ``max_messages`` whose time has come, and forget them."""
        now_s = time.monotonic()
        due: list[Message] = []
        while self._heap and self._heap[0][0] <= now_s and len(due) < max_messages:
            due.append(heapq.heappop(self._heap)[2])
        return due

    def wait_s(self, max_wait_s: float) -> float:
        """Return how long to wait for the next one, at least 0 and at most ``max_wait_s`` seconds."""
        if not self._heap:
            return max_wait_s
        return min(max_wait_s, max(0.0, self._heap[0][0] - time.monotonic()))
