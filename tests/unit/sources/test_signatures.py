"""Deliveries are taken when the vendor signed them lately, and refused with the header's name otherwise."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from litesoc_server.sources.base import Delivery, SignatureProblem, SignatureRefused, WebhookSource
from litesoc_server.sources.registry import WEBHOOK_SOURCES

NOW_MS = 1_786_259_564_000
SECRET = "whsec_" + base64.b64encode(b"a secret of twenty-four bytes").decode()
BODY = b'{"type":"session.created","data":{"id":"s"}}'


def clerk_headers(body: bytes = BODY, at_ms: int = NOW_MS, secret: str = SECRET) -> dict[str, str]:
    # Signed by the specification's own library, not by ours.
    signature = Webhook(secret).sign("msg_1", datetime.fromtimestamp(at_ms / 1000, UTC), body.decode())
    return {"svix-id": "msg_1", "svix-timestamp": str(at_ms // 1000), "svix-signature": signature}


def workos_headers(body: bytes = BODY, at_ms: int = NOW_MS, secret: str = SECRET) -> dict[str, str]:
    digest = hmac.new(secret.encode(), f"{at_ms}.".encode() + body, hashlib.sha256).hexdigest()
    return {"workos-signature": f"t={at_ms}, v1={digest}"}


def github_headers(body: bytes = BODY, at_ms: int = NOW_MS, secret: str = SECRET) -> dict[str, str]:
    return {"x-hub-signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def keycloak_headers(body: bytes = BODY, at_ms: int = NOW_MS, secret: str = SECRET) -> dict[str, str]:
    return {"x-keycloak-signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


SIGNERS = {"clerk": clerk_headers, "workos": workos_headers, "github": github_headers, "keycloak": keycloak_headers}
SIGNED = pytest.mark.parametrize("source", sorted(SIGNERS))
STAMPED = pytest.mark.parametrize("source", ["clerk", "workos"])


def problem(source: str, headers: dict[str, str], body: bytes = BODY, secret: str = SECRET) -> SignatureProblem | None:
    verify = WEBHOOK_SOURCES[source].verify
    assert verify is not None
    refusal = None
    try:
        verify(headers, body, secret, NOW_MS)
    except SignatureRefused as refused:
        refusal = refused
    if refusal is None:
        return None
    assert any(name in refusal.message for name in SIGNERS[source]())
    assert secret not in refusal.message
    return refusal.problem


@SIGNED
def test_what_the_vendor_signed_is_taken(source: str) -> None:
    assert problem(source, SIGNERS[source]()) is None


@SIGNED
def test_another_body_another_secret_and_no_signature_are_refused(source: str) -> None:
    headers = SIGNERS[source]()
    assert problem(source, headers, BODY + b" ") is SignatureProblem.WRONG
    other = "whsec_" + base64.b64encode(b"another secret").decode()
    assert problem(source, SIGNERS[source](secret=other)) is SignatureProblem.WRONG
    assert problem(source, {}) is SignatureProblem.MISSING


@STAMPED
@pytest.mark.parametrize(
    ("off_ms", "expected"), [(299_000, None), (301_000, "stale"), (-299_000, None), (-301_000, "stale")]
)
def test_recorded_deliveries_are_refused(source: str, off_ms: int, expected: str | None) -> None:
    found = problem(source, SIGNERS[source](at_ms=NOW_MS + off_ms))
    assert found is (SignatureProblem.STALE if expected else None)


def test_one_right_signature_among_several_is_enough() -> None:
    headers = clerk_headers()
    headers["svix-signature"] = f"v1a,zzz v1,{'A' * 44} {headers['svix-signature']}"
    assert problem("clerk", headers) is None


@pytest.mark.parametrize(
    "headers",
    [
        clerk_headers() | {"svix-signature": "nonsense"},
        clerk_headers() | {"svix-timestamp": "soon"},
        clerk_headers() | {"svix-timestamp": "9" * 400},
        clerk_headers() | {"svix-timestamp": "١٧٨٦٢٥٩٥٦٤"},
    ],
)
def test_what_is_no_signature_is_malformed(headers: dict[str, str]) -> None:
    assert problem("clerk", headers) is SignatureProblem.MALFORMED


def test_a_secret_that_was_not_pasted_whole_is_told_at_once() -> None:
    check = WEBHOOK_SOURCES["clerk"].secret_problem
    assert check is not None
    assert check(SECRET) is None
    assert "whsec_" in str(check("whsec_ab c"))
    assert check("whsec_") == "the signing secret is empty"


@SIGNED
@given(
    header=st.text(max_size=60) | st.from_regex(r"t=\d{1,20}, ?v1=[0-9a-f]{0,64}", fullmatch=True),
    timestamp=st.text(max_size=20),
    secret=st.text(min_size=1, max_size=40),
)
def test_no_header_raises_anything_else(source: str, header: str, timestamp: str, secret: str) -> None:
    names = SIGNERS[source]()
    headers = dict.fromkeys(names, header) | {"svix-timestamp": timestamp, "svix-id": "m"}
    webhook: WebhookSource = WEBHOOK_SOURCES[source]
    assert webhook.verify is not None
    with pytest.raises(SignatureRefused):
        webhook.verify(headers, BODY, secret, NOW_MS)


def test_okta_gets_its_challenge_back_once_it_asks_by_get() -> None:
    handshake = WEBHOOK_SOURCES["okta"].handshake
    assert handshake is not None
    asked = Delivery("GET", {"x-okta-verification-challenge": 'abc"1'}, {}, b"")
    answer = handshake(asked)
    assert answer is not None
    assert json.loads(answer.body) == {"verification": 'abc"1'}
    assert answer.content_type == "application/json"
    assert handshake(Delivery("POST", asked.headers, {}, b"{}")) is None
    assert handshake(Delivery("GET", {}, {}, b"")) is None
    assert handshake(Delivery("GET", {"x-okta-verification-challenge": "a" * 5_000}, {}, b"")) is None


SECRETS = ("hunter2", "123456", "Z1uX3", "vTq0=", "2336412f37")


@pytest.mark.parametrize("source", ["clerk", "workos", "github", "keycloak", "firebase", "cloudtrail"])
def test_nothing_that_lets_people_in_gets_into_the_stream(source: str) -> None:
    webhook = WEBHOOK_SOURCES[source]
    assert webhook.strip is not None
    seen = 0
    for path in (Path(__file__).parents[2] / "golden" / "sources" / source).glob("*.in.*"):
        body = path.read_bytes()
        opened, stripped = _opened(body), _opened(webhook.strip(body))
        for secret in SECRETS:
            seen += secret.encode() in opened
            assert secret.encode() not in stripped, (path.name, secret)
    assert seen, "no golden body of this source holds a secret"


def _opened(body: bytes) -> bytes:
    """Return ``body`` and what Pub/Sub packed in it."""
    try:
        return body + base64.b64decode(json.loads(body)["message"]["data"])
    except (ValueError, KeyError, TypeError):
        return body
