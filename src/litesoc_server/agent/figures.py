"""What the agent counts, and the one line of its log that says it."""

import re
from pathlib import Path

import msgspec

_STATUS = Path("/proc/self/status")  # proc(5); getrusage also counts what the process was before it became this program


class Figures(msgspec.Struct):
    """Since the start."""

    lines: int = 0  # read
    events: int = 0  # that these told
    accepted: int = 0  # by the server
    refused: int = 0  # by the server, for good
    attempts_failed: int = 0  # requests that have to be sent again

    def text(self, *, waiting: int, behind_bytes: int, gaps: int) -> str:
        """Return them for the log; no personal data."""
        return (
            f"lines={self.lines} events={self.events} accepted={self.accepted} refused={self.refused} waiting={waiting} "
            f"attempts_failed={self.attempts_failed} gaps={gaps} behind_bytes={behind_bytes} peak_kib={_peak_kib()}"
        )


def _peak_kib() -> int:
    """Return the most memory that this process has used, in KiB; 0 where that is not told."""
    try:
        found = re.search(r"VmHWM:\s+(\d+)", _STATUS.read_text(encoding="ascii"))
    except OSError:
        return 0
    return 0 if found is None else int(found[1])
