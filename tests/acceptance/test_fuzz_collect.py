"""Whatever is posted to /collect: never a 5xx, always a documented answer, and no harm to valid events beside or after it.

At the end the store must hold exactly what was acknowledged: nothing lost, nothing stored that was refused, and no dead
letter, because what the door lets in the pipeline can process. LITESOC_TEST_FUZZ_EXAMPLES=5000 looks longer, elsewhere.
"""

import itertools
import json
import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import law_examples
from client_readings import read_error_as_everybody
from http_client import wait_until
from live_server import LiveServer
from tenants import Tenant, TenantApi, create_tenants

Json = dict[str, Any]
EXAMPLES = os.environ.get("LITESOC_TEST_FUZZ_EXAMPLES")
fuzz = settings(
    max_examples=int(EXAMPLES or law_examples.of(150)),
    derandomize=EXAMPLES is None,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
DOCUMENTED = {
    400: {"INVALID_JSON", "VALIDATION_FAILED", "BATCH_TOO_LARGE"},
    401: {"UNAUTHORIZED"},
    403: {"ORIGIN_NOT_AUTHORIZED"},
    409: {"IDEMPOTENCY_CONFLICT"},
    413: {"PAYLOAD_TOO_LARGE"},
    415: {"UNSUPPORTED_ENCODING"},
}
NEIGHBOUR = {"event": "data.download", "actor": {"id": "neighbour"}, "user_ip": "129.240.118.130"}


class Fuzzed:
    """A server under fire, and the count of what it has acknowledged."""

    def __init__(self, api: TenantApi) -> None:
        self.api = api
        self.acknowledged_count = 0
        self._answered_once: set[str] = set()  # values of Idempotency-Key: a repeat is acknowledged and not stored again

    def post(self, body: Any, *, path: str = "/collect", headers: dict[str, str] | None = None) -> Json:
        """Post ``body`` (bytes or an iterator of them), check the answer's form, and send a valid event after it."""
        url = str(self.api.http.base_url).rstrip("/") + path  # whole, because "//collect" alone would name a host
        answer = self.api.http.post(url, content=body, headers={"Content-Type": "application/json", **(headers or {})})
        result = self._read(answer)
        idempotency_key = answer.request.headers.get("Idempotency-Key")
        if answer.status_code == 202 and idempotency_key is not None:
            self.acknowledged_count -= result["queued"] if idempotency_key in self._answered_once else 0
            self._answered_once.add(idempotency_key)
        after = self._read(self.api.http.post("/collect", json=NEIGHBOUR))
        assert after["queued"] == 1, after
        return result

    def _read(self, answer: httpx.Response) -> Json:
        body: Json = answer.json()
        if answer.status_code == 202:
            assert (body["success"], body["status"]) == (True, "queued")
            assert body["queued"] == body["events_accepted"] >= 1
            self.acknowledged_count += body["queued"]
            return body
        assert body["code"] in DOCUMENTED.get(answer.status_code, set()), answer.text
        assert body["success"] is False
        assert body["error"] == body["message"]
        read_error_as_everybody(answer)
        return body


@pytest.fixture(scope="module")
def fuzzed(shared_server: LiveServer) -> Iterator[Fuzzed]:
    yield (fuzzed := Fuzzed(create_tenants(shared_server, Tenant(name="fuzz"))[0]))
    if fuzzed.acknowledged_count:
        _assert_stored(shared_server, fuzzed)


def _assert_stored(shared_server: LiveServer, fuzzed: Fuzzed) -> None:
    wait_until(
        lambda: fuzzed.api.events(limit=1)["pagination"]["total"],
        lambda total: total >= fuzzed.acknowledged_count,
        what=f"{fuzzed.acknowledged_count} events",
    )
    pages = [fuzzed.api.events(limit=100, offset=at)["data"] for at in range(0, fuzzed.acknowledged_count + 100, 100)]
    ids = [row["id"] for page in pages for row in page]
    assert len(ids) == len(set(ids)), "some events are shown twice"
    assert len(ids) == fuzzed.acknowledged_count, "what was not acknowledged is shown"
    assert shared_server.litesoc_json("dead-letters", "list")["count"] == 0
    assert "Traceback" not in shared_server.log_text()


# --- what is sent ---

awkward_texts = st.sampled_from(
    [
        "",
        " ",
        "\x00",
        "a\x00b",
        "\ud800",
        "\udfff\ud800",
        "\x7f\x1b[31m",
        "\u202e",
        "\ufeff",
        "é",
        "e\u0301",
        "🙂" * 300,
        "x" * 300,
    ]
)
texts = st.text(st.characters(codec=None), max_size=40) | awkward_texts
# NaN and Infinity are left to the other tests: with them nothing of a body is JSON, whatever stands beside.
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
numbers |= st.sampled_from([2**53, 2**63, -(2**63) - 1, 2**64, 10**400, -0.0, 1e308])
scalars = st.none() | st.booleans() | numbers | texts
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5), max_leaves=20
)
FIELDS = (
    *("event", "event_name", "event_type", "eventName", "actor", "actor_id", "actor_email", "user_id", "email", "userId"),
    *("user_ip", "ip_address", "context", "metadata", "target", "timestamp", "severity", "events", "unknown"),
)
field_values = (
    documents
    | st.sampled_from(["auth.login_failed", "129.240.118.130", "2026-08-09T07:12:44Z", "::1", {}, []])
    | st.dictionaries(
        st.sampled_from(["id", "email", "user_id", "user_email", "name", "ip_address", "user_agent"]), documents
    )
)
valid_events = st.fixed_dictionaries(
    {"event": st.sampled_from(["auth.login_success", "data.download", "x.y"])},
    optional={
        "actor": st.fixed_dictionaries({"id": st.integers(0, 99).map(str)}),
        "user_ip": st.ip_addresses().map(str),
        "metadata": st.dictionaries(st.text("abc", max_size=3), st.integers(0, 9), max_size=3),
    },
)
mutated_events = st.builds(
    lambda event, changes: {**event, **changes},
    valid_events,
    st.dictionaries(st.sampled_from(FIELDS), field_values, min_size=1, max_size=3),
)


def encoded(document: Any) -> bytes:
    """Write JSON as careless programs do: NaN, huge numbers, escaped lone surrogates."""
    return json.dumps(document).encode()


@st.composite
def spliced(draw: st.DrawFn) -> bytes:
    """Return the text of a valid request, cut, doubled or with bytes of any kind put in."""
    events = draw(st.lists(valid_events, min_size=1, max_size=3))
    text = encoded(events[0] if draw(st.booleans()) else {"events": events})
    for _ in range(draw(st.integers(1, 3))):
        start, end = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
        put_in = draw(
            st.binary(max_size=6)
            | st.sampled_from(
                [
                    b'"',
                    b"{",
                    b"}",
                    b"[",
                    b"]",
                    b",",
                    b":",
                    b"\\",
                    b"\\u0000",
                    b"\\ud800",
                    b"\x00",
                    b"\xff",
                    b"\xed\xa0\x80",
                    b"1e999",
                ]
            )
        )
        text = text[:start] + put_in + text[draw(st.sampled_from([start, end])) :]
    return text


# --- the tests ---


@fuzz
@given(body=st.binary(max_size=300))
def test_any_bytes(fuzzed: Fuzzed, body: bytes) -> None:
    fuzzed.post(body)


@fuzz
@given(document=documents | st.dictionaries(st.sampled_from(FIELDS), st.floats()))
def test_any_json(fuzzed: Fuzzed, document: Any) -> None:
    fuzzed.post(encoded(document))


@fuzz
@given(event=mutated_events, path=st.sampled_from(["/collect", "/v1/collect", "//collect/", "/api/v1/collect/batch"]))
def test_a_changed_event(fuzzed: Fuzzed, event: Json, path: str) -> None:
    fuzzed.post(encoded(event), path=path)


@fuzz
@given(text=spliced())
def test_a_spliced_request(fuzzed: Fuzzed, text: bytes) -> None:
    fuzzed.post(text)


@fuzz
@given(events=st.lists(st.tuples(st.booleans(), valid_events, mutated_events | documents), min_size=1, max_size=8))
def test_valid_events_of_a_batch_are_taken_whatever_stands_beside_them(fuzzed: Fuzzed, events: list[Any]) -> None:
    batch = [valid if is_valid else other for is_valid, valid, other in events]
    result = fuzzed.post(encoded({"events": batch}))

    refused = {error["index"] for error in result.get("errors", [])}
    assert not [position for position, (is_valid, *_) in enumerate(events) if is_valid and position in refused]
    if any(is_valid for is_valid, *_ in events):
        assert result["success"] is True


@fuzz
@given(key=st.sampled_from(FIELDS), first=field_values, second=field_values, nests=st.booleans())
def test_a_key_that_appears_twice(fuzzed: Fuzzed, key: str, first: Any, second: Any, nests: bool) -> None:
    pair = b"%b: %b, %b: %b" % (encoded(key), encoded(first), encoded(key), encoded(second))
    item = b'{"event": "x.y", "metadata": {%b}}' % pair if nests else b'{"event": "x.y", %b}' % pair
    result = fuzzed.post(b'{"events": [%b, {"event": "x.y"}]}' % item)

    assert {error["index"] for error in result.get("errors", [])} <= {0}


@fuzz
@given(
    depth=st.integers(1, 3000) | st.integers(10, 30),
    brackets=st.sampled_from([(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")]),
    is_closed=st.booleans(),
    place=st.sampled_from([b"%b", b'{"event": "x.y", "metadata": {"m": %b}}', b'{"events": [{"event": "x.y"}, %b]}']),
)
def test_nesting(fuzzed: Fuzzed, depth: int, brackets: tuple[bytes, bytes], is_closed: bool, place: bytes) -> None:
    opening, closing = brackets
    fuzzed.post(place % (opening * depth + b"1" + closing * (depth if is_closed else depth - 1)))


@fuzz
@given(text=spliced() | mutated_events.map(encoded), cuts=st.lists(st.integers(0, 200), max_size=5))
def test_chunked_bodies(fuzzed: Fuzzed, text: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    fuzzed.post(iter([text[start:end] for start, end in itertools.pairwise(edges) if start < end]))


@fuzz
@given(
    name=st.sampled_from(["Content-Type", "Content-Encoding", "Idempotency-Key", "Origin", "X-API-Key", "Authorization"]),
    value=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=300).map(str.strip)
    | st.sampled_from(["gzip", "identity", "utf-16", "application/x-www-form-urlencoded", "Bearer", "null"]),
)
def test_headers(fuzzed: Fuzzed, name: str, value: str) -> None:
    fuzzed.post(encoded(NEIGHBOUR), headers={name: value})
