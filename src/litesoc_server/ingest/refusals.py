"""How many requests were refused, per organisation and reason, until somebody comes to keep the counts."""

import threading
from collections import Counter

from litesoc_server.events.ids import OrgId
from litesoc_server.ingest.responses import ErrorCode

COUNTED = frozenset({ErrorCode.RATE_LIMIT_EXCEEDED, ErrorCode.QUOTA_EXCEEDED})


class RefusalCounts:
    """Counts in memory; safe to call from any thread. Holds two numbers per organisation that was refused something."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[OrgId, ErrorCode]] = Counter()
        self._lock = threading.Lock()

    def note(self, org_id: OrgId, code: ErrorCode) -> None:
        """Count one refused request, if it is of those that are counted."""
        if code in COUNTED:
            with self._lock:
                self._counts[org_id, code] += 1

    def take(self) -> dict[tuple[OrgId, ErrorCode], int]:
        """Return the counts and begin anew."""
        with self._lock:
            taken, self._counts = self._counts, Counter()
        return taken

    def give_back(self, taken: dict[tuple[OrgId, ErrorCode], int]) -> None:
        """Add what could not be kept, for the next time."""
        with self._lock:
            self._counts.update(taken)
