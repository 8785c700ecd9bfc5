"""A real HTTP server on 127.0.0.1 that serves files as badly as it is told to."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """One file."""

    content: bytes
    etag: str | None = '"one"'
    modified: str | None = "Mon, 02 Nov 2026 08:00:00 GMT"
    takes_ranges: bool = True
    cuts: list[int] = field(default_factory=list)  # after how many bytes each of the next answers breaks off
    statuses: list[int] = field(default_factory=list)  # of the next answers
    redirect: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    has_length: bool = True


@dataclass
class Asked:
    """One request that came."""

    path: str
    headers: dict[str, str]


class FileServer:
    """What is served, and what was asked for."""

    def __init__(self, root: str) -> None:
        self.root = root  # http://127.0.0.1:PORT
        self.files: dict[str, Served] = {}
        self.asked: list[Asked] = []

    def ranges(self) -> list[str | None]:
        return [asked.headers.get("range") for asked in self.asked]


@contextmanager
def file_server() -> Iterator[FileServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    state = FileServer(f"http://127.0.0.1:{server.server_port}")
    server.state = state  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        state: FileServer = self.server.state  # type: ignore[attr-defined]
        state.asked.append(Asked(self.path, {name.lower(): value for name, value in self.headers.items()}))
        served = state.files.get(self.path.partition("?")[0])
        if served is None:
            self._finish(404)
        elif served.statuses:
            self._finish(served.statuses.pop(0))
        elif served.redirect is not None:
            self._finish(302, {"Location": served.redirect})
        elif served.etag is not None and self.headers.get("If-None-Match") == served.etag:
            self._finish(304)
        else:
            self._send(served)

    def _send(self, served: Served) -> None:
        start = self._start(served)
        if start >= len(served.content) and start:
            self._finish(416)
            return
        headers = dict(served.headers)
        if served.etag is not None:
            headers["ETag"] = served.etag
        if served.modified is not None:
            headers["Last-Modified"] = served.modified
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(served.content) - 1}/{len(served.content)}"
        body = served.content[start:]
        if served.has_length:
            headers.setdefault("Content-Length", str(len(body)))
        self.send_response(206 if start else 200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: served.cuts.pop(0)] if served.cuts else body)

    def _start(self, served: Served) -> int:
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        validator = self.headers.get("If-Range")
        is_same = validator in (served.etag, served.modified)
        return int(wanted[1]) if wanted and served.takes_ranges and is_same else 0

    def _finish(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass
