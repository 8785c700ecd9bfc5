"""HTTP over a bare socket, for requests that no client library would send."""

import json
import select
import socket
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

TIMEOUT_S = 20


class RawConnection:
    """One connection to a server; answers are read with the framing that the server uses: Content-Length."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._socket = socket.create_connection((address.hostname or "", address.port or 80), timeout=TIMEOUT_S)
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send ``data``; what a server that has answered and closed no longer takes is lost, as in life."""
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return

    def finish_sending(self) -> None:
        """Close our half of the connection."""
        self._socket.shutdown(socket.SHUT_WR)

    def has_answer(self, *, wait_s: float) -> bool:
        """Return whether something can be read within that time."""
        return bool(self._rest or select.select([self._socket], [], [], wait_s)[0])

    def read_answer(self) -> tuple[int, dict[str, str], Any]:
        """Return status, headers (names in lower case) and the decoded JSON body (None when it is empty) of one answer."""
        while b"\r\n\r\n" not in self._rest:
            self._receive()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status = int(first.split()[1])
        if status == 100:
            return self.read_answer()
        length = int(headers.get("content-length", 0))
        while len(self._rest) < length:
            self._receive()
        body, self._rest = self._rest[:length], self._rest[length:]
        return status, headers, json.loads(body) if body else None

    def is_closed_by_server(self) -> bool:
        """Return whether nothing more comes; waits for it."""
        if self._rest:
            return False
        try:
            return self._socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def _receive(self) -> None:
        data = self._socket.recv(65536)
        assert data, f"the server closed the connection after {self._rest[:200]!r}"
        self._rest += data
