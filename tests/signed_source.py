"""A webhook source for tests that has everything a vendor may have: a signature, a handshake and an id per delivery."""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager

from litesoc_server.sources import auth0
from litesoc_server.sources.base import (
    Delivery,
    Handshake,
    Headers,
    SecretOrigin,
    SignatureProblem,
    SignatureRefused,
    WebhookSource,
)
from litesoc_server.sources.registry import WEBHOOK_SOURCES

ID = "signed_vendor"
TOLERANCE_MS = 300_000


def verify(headers: Headers, body: bytes, secret: str, now_ms: int) -> None:
    """Hold ``x-signature: <Unix ms>.<hexadecimal HMAC-SHA-256>`` against the body."""
    header = headers.get("x-signature")
    if header is None:
        raise SignatureRefused(SignatureProblem.MISSING, "the header X-Signature is missing")
    at, _, given = header.partition(".")
    if not at.isdigit():
        raise SignatureRefused(SignatureProblem.MALFORMED, "the header X-Signature must be <Unix ms>.<hexadecimal>")
    if not hmac.compare_digest(given, _digest(at, body, secret)):
        raise SignatureRefused(SignatureProblem.WRONG, "X-Signature does not fit the body: check the secret")
    if abs(now_ms - int(at)) > TOLERANCE_MS:
        raise SignatureRefused(SignatureProblem.STALE, "X-Signature is older than 5 minutes: check the clocks")


def signature(body: bytes, secret: str, at_ms: int) -> str:
    """Return the header's value."""
    return f"{at_ms}.{_digest(str(at_ms), body, secret)}"


def _digest(at: str, body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()


def handshake(delivery: Delivery) -> Handshake | None:
    """Answer a challenge with itself."""
    challenge = delivery.headers.get("x-challenge")
    return None if challenge is None else Handshake(challenge.encode(), "text/plain")


def secret_problem(secret: str) -> str | None:
    """Say what is wrong with a secret."""
    return None if secret.startswith("whsec_") else "The secret begins with whsec_: copy it whole."


SOURCE = WebhookSource(
    id=ID,
    title="Signed Vendor",
    summary="For tests.",
    docs_url="https://vendor.example/docs",
    setup=("Address: {address}",),
    translate=auth0.translate,
    verify=verify,
    secret_origin=SecretOrigin.OURS,
    secret_problem=secret_problem,
    handshake=handshake,
    delivery_header="x-delivery",
)


@contextmanager
def registered() -> Iterator[None]:
    """Have the source for a while; within another such while it changes nothing."""
    if ID in WEBHOOK_SOURCES:
        yield
        return
    WEBHOOK_SOURCES[ID] = SOURCE
    try:
        yield
    finally:
        del WEBHOOK_SOURCES[ID]
