"""The agent's side of the server's HTTP API: what each answer means for what was sent."""

import json
import random
from enum import Enum, auto
from typing import Any, cast

import httpx
import msgspec

from litesoc_server import __version__

USER_AGENT = f"litesoc-server-agent/{__version__}"
TIMEOUT = httpx.Timeout(30.0, connect=5.0)
RETRY_FIRST_S, RETRY_MAX_S = 0.5, 60.0
RETRY_AFTER_MAX_S = 3600.0  # of what a server asks for
HOPELESS_RETRY_S = 60.0  # while only a person can mend it: the key, the address, the plan
_ANSWER_BYTES_MAX = 1024 * 1024
_PLAIN = {"Accept-Encoding": "identity"}  # so that no more comes out of an answer than is read of it

_SERVER_ERROR = 500
_NOT_FOUND = 404
# The request itself can never be taken, however often it is sent.
_REFUSED = frozenset({400, 409, 413, 422})
_ASK_TO_WAIT = frozenset({408, 425, 429})


class Fate(Enum):
    """What became of a request."""

    ACCEPTED = auto()
    REFUSED = auto()  # for good: sending it again changes nothing
    AGAIN = auto()  # later, by itself
    NEEDS_A_PERSON = auto()  # later, and somebody has to do something first


class Answer(msgspec.Struct, frozen=True):
    """What came of one call."""

    fate: Fate
    reason: str = ""  # for the log: no personal data
    wait_s: float | None = None  # that the server asks for
    body: dict[str, object] = msgspec.field(default_factory=dict[str, object])

    @property
    def is_to_come(self) -> bool:
        """Whether the request has to be sent again."""
        return self.fate in (Fate.AGAIN, Fate.NEEDS_A_PERSON)


class Server:
    """Calls one server with one key. Never raises for what the network or the server does. Safe in any thread."""

    def __init__(self, url: str, key: str, *, ca_file: str | None = None) -> None:
        base = url.rstrip("/").removesuffix("/v1").removesuffix("/api")
        self._http = httpx.Client(
            base_url=base,
            headers={"X-API-Key": key, "User-Agent": USER_AGENT, "Content-Type": "application/json", **_PLAIN},
            timeout=TIMEOUT,
            trust_env=False,
            verify=ca_file or True,
            follow_redirects=False,  # a key is sent to nobody else
        )

    def send_batch(self, body: bytes, idempotency_key: str) -> Answer:
        """Send up to 100 events."""
        return self._call("POST", "/api/v1/collect/batch", body, {"Idempotency-Key": idempotency_key})

    def beat(self, body: bytes) -> Answer:
        """Send a heartbeat."""
        return self._call("POST", "/api/v1/agent/heartbeat", body, {})

    def health(self) -> Answer:
        """Ask what the server says of itself and of the key."""
        return self._call("GET", "/api/v1/health", None, {})

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _call(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        try:
            with self._http.stream(method, path, content=body, headers=headers) as response:
                return _read(response, _beginning(response))
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            return Answer(Fate.NEEDS_A_PERSON, "the server's address is no http or https address: check --server")
        except httpx.HTTPError as error:
            return Answer(Fate.AGAIN, f"the server cannot be reached ({type(error).__name__})")


def _beginning(response: httpx.Response) -> bytes:
    """Return the body; of one that is too long for what a server answers, a little more than may be. Raises HTTPError."""
    content = b""
    for chunk in response.iter_raw():
        content += chunk
        if len(content) > _ANSWER_BYTES_MAX:
            break
    return content


def _read(response: httpx.Response, content: bytes) -> Answer:
    status = response.status_code
    body = _json(content)
    code = str(body.get("code", ""))
    reason = f"{status} {code}".strip()
    if response.is_success:
        if body:
            return Answer(Fate.ACCEPTED, body=body)
        return Answer(Fate.NEEDS_A_PERSON, f"{status} without JSON: that is no LiteSOC server, check --server")
    wait_s = _retry_after(response)
    if status >= _SERVER_ERROR or status in _ASK_TO_WAIT:
        return Answer(Fate.AGAIN, reason, wait_s)
    if status in _REFUSED and body:
        return Answer(Fate.REFUSED, reason)
    fixes = {
        401: "check the key: `litesoc keys list` on the server shows those there are",
        403: "the key may not send from here, lacks the scope ingest, or the plan is used up",
        404: "check --server: it is the server's root, e.g. https://soc.example.com",
    }
    return Answer(Fate.NEEDS_A_PERSON, f"{reason}: {fixes.get(status, 'check --server')}", wait_s)


def _json(content: bytes) -> dict[str, object]:
    if len(content) > _ANSWER_BYTES_MAX:
        return {}
    try:
        body: Any = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, object]", body) if isinstance(body, dict) else {}


def _retry_after(response: httpx.Response) -> float | None:
    """Return the seconds that the server asks for; a date, which this server never sends, counts as none."""
    text = response.headers.get("Retry-After", "")
    return min(float(text), RETRY_AFTER_MAX_S) if text.isascii() and text.isdigit() and len(text) < 10 else None  # noqa: PLR2004


class Backoff:
    """How long to wait after one failure, and the next: twice as long each time, a random part of it (full jitter)."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._failures = 0

    def after(self, answer: Answer) -> float:
        """Return the seconds to wait after an answer that asks for another attempt."""
        self._failures += 1
        if answer.fate is Fate.NEEDS_A_PERSON:
            return max(answer.wait_s or 0.0, HOPELESS_RETRY_S)
        ceiling = min(RETRY_FIRST_S * 2.0 ** min(self._failures - 1, 16), RETRY_MAX_S)
        jittered = ceiling * (0.5 + 0.5 * self._rng.random())
        return jittered if answer.wait_s is None else answer.wait_s + self._rng.random()

    def succeeded(self) -> None:
        """Begin anew."""
        self._failures = 0
