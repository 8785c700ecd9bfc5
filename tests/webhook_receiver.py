"""A receiver of webhooks on a real socket: keeps what comes, and answers as a test wants."""

import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    """One request."""

    headers: Mapping[str, str]  # names in small letters
    body: bytes


@dataclass
class Receiver:
    """What came, and what is answered from now on."""

    url: str
    status: int = 204
    statuses: dict[str, int] = field(default_factory=dict)  # by the id of a webhook, in place of ``status``
    answer_headers: dict[str, str] = field(default_factory=dict)
    answer: bytes = b""
    received: list[Received] = field(default_factory=list)
    hangs: threading.Event = field(default_factory=threading.Event)  # set: requests are not answered
    delay_s: float = 0.0  # before each answer
    released: threading.Event = field(default_factory=threading.Event)  # ends what hangs
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    @property
    def port(self) -> int:
        return int(self.url.split(":")[2].split("/")[0])

    @property
    def ids(self) -> list[str]:
        return [one.headers["webhook-id"] for one in self.received]


@contextlib.contextmanager
def receiving(*, port: int = 0) -> Iterator[Receiver]:
    """Listen on 127.0.0.1 until the end; ``port`` 0 takes a free one."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.received.append(Received({name.lower(): value for name, value in self.headers.items()}, body))
            receiver.arrived.release()
            if receiver.hangs.is_set():
                receiver.released.wait()
                return
            receiver.released.wait(receiver.delay_s)
            self.send_response(receiver.statuses.get(str(self.headers["webhook-id"]), receiver.status))
            for name, value in receiver.answer_headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(receiver.answer)))
            self.end_headers()
            self.wfile.write(receiver.answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the base class calls it so
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    receiver = Receiver(url=f"http://127.0.0.1:{server.server_address[1]}/hook?token=hidden")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
