"""Tells the server that the agent is alive, as the vendor's agent does (contract 7.1, 7.2)."""

import socket
from collections import deque
from urllib.parse import urlsplit

import msgspec

from litesoc_server import __version__
from litesoc_server.sources.agent_redaction import mask_line

LINES_MAX = 10
BUSY_S, IDLE_S = 60.0, 300.0  # between heartbeats, while something was logged of late and otherwise
BUSY_FOR_S = 300.0  # how long "of late" is
_NO_ADDRESS = "0.0.0.0"  # noqa: S104 # what the vendor's agent says where it cannot tell; nothing listens there


class Heartbeat:
    """Knows when the next one is due and what it says. Times are seconds of a monotonic clock."""

    def __init__(self, server_url: str, hostname: str) -> None:
        self._server_url = server_url
        self._hostname = hostname
        self._lines: deque[str] = deque(maxlen=LINES_MAX)
        self._last_at_s: float | None = None
        self._is_accepted = True
        self._last_line_at_s: float | None = None

    def saw(self, line: str, now_s: float) -> None:
        """Note a line that told something; it is shown, masked, with the next heartbeat."""
        self._lines.append(line)
        self._last_line_at_s = now_s

    def is_due(self, now_s: float) -> bool:
        """Return whether it is time: at once when the agent starts, and sooner while something is logged."""
        if self._last_at_s is None:
            return True
        is_busy = self._last_line_at_s is not None and now_s - self._last_line_at_s < BUSY_FOR_S
        return now_s - self._last_at_s >= (BUSY_S if is_busy or not self._is_accepted else IDLE_S)

    def body(self) -> bytes:
        """Return what to send."""
        said: dict[str, object] = {
            "hostname": self._hostname,
            "ip_address": outbound_address(self._server_url),
            "agent_version": __version__,
        }
        if self._lines:
            said["recent_logs"] = [mask_line(line) for line in self._lines]
        return msgspec.json.encode(said)

    def sent(self, now_s: float, *, is_accepted: bool) -> None:
        """Note that one was sent; lines that did not arrive are shown by the next one."""
        self._last_at_s, self._is_accepted = now_s, is_accepted
        if is_accepted:
            self._lines.clear()


def outbound_address(server_url: str) -> str:
    """Return this computer's address on the way to the server. Nothing is sent for it."""
    parts = urlsplit(server_url)
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.connect(address)  # of UDP: only chooses the route
            return str(probe.getsockname()[0])
    except (OSError, ValueError):
        return _NO_ADDRESS
