"""The demo's receiver of webhooks: in the demo's own process, on this machine alone; it verifies what comes."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

BODY_BYTES_MAX = 1_000_000
KEPT_MAX = 1_000  # requests


@dataclass(frozen=True)
class SignedRequest:
    """One request that came."""

    headers: Mapping[str, str]  # names in small letters
    body: bytes


class DemoReceiver:
    """Listens on 127.0.0.1 on a free port until it is closed."""

    def __init__(self) -> None:
        self._received: list[SignedRequest] = []
        received = self._received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers.get("Content-Length", "0"))
                body = self.rfile.read(min(size, BODY_BYTES_MAX))
                if len(received) < KEPT_MAX:
                    received.append(SignedRequest({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the base class calls it so
                """Say nothing: the demo prints what came by itself."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="receiver", daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/litesoc"

    @property
    def received(self) -> list[SignedRequest]:
        """What came so far."""
        return list(self._received)

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()


def is_verified(request: SignedRequest, secret: str) -> bool:
    """Return whether the request's signature fits, and its timestamp is fresh, as every receiver should check."""
    try:
        Webhook(secret).verify(request.body, dict(request.headers))
    except WebhookVerificationError:
        return False
    return True
