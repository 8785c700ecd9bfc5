"""Turns: one thread at a time, in the order in which they came."""

import threading
from collections import deque


class Turns:
    """A lock that is handed to whoever waits longest. An ordinary one goes to whoever asks next, often its last owner."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_taken = False
        self._waiting: deque[threading.Lock] = deque()  # each is released when it is its owner's turn

    @property
    def waiting_count(self) -> int:
        """How many threads wait now."""
        return len(self._waiting)

    def take(self, timeout_s: float) -> bool:
        """Wait for this thread's turn, ``timeout_s`` at most; return whether it came. Not to be taken twice."""
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return True
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        if mine.acquire(timeout=timeout_s):
            return True
        with self._lock:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return False
        return True  # it came just now

    def give(self) -> None:
        """End the turn: the next one has it."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False
