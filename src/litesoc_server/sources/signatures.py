"""How vendors prove that a delivery is theirs. Comparisons take the same time whatever differs."""

import base64
import binascii
import hmac
from hashlib import sha256

from litesoc_server.sources.base import Headers, SignatureProblem, SignatureRefused

# Between the vendor's clock and ours: as Svix's library has it (https://www.npmjs.com/package/svix, dist/webhook.js).
TOLERANCE_MS = 5 * 60_000
SECRET_PREFIX = "whsec_"  # noqa: S105 # before secrets of Standard Webhooks; no secret itself
_SIGNATURES_MAX = 16  # in one header: while a secret is rotated there are two
_TIME_DIGITS_MAX = 16  # of any real time, in milliseconds too


def verify_standard_webhook(headers: Headers, body: bytes, secret: str, now_ms: int, *, prefix: str = "webhook") -> None:
    """Return if a delivery is signed as Standard Webhooks says; Svix does the same with ``prefix`` "svix".

    ``secret`` is base64, with or without "whsec_". Raises SignatureRefused.
    Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """
    signature_header = f"{prefix}-signature"
    message_id, timestamp = _required(headers, f"{prefix}-id"), _required(headers, f"{prefix}-timestamp")
    sent = _required(headers, signature_header).split(" ")[:_SIGNATURES_MAX]
    _require_recent(f"{prefix}-timestamp", timestamp, 1000, now_ms)
    expected = base64.b64encode(hmac.digest(_key_of(secret), f"{message_id}.{timestamp}.".encode() + body, sha256))
    matches = [
        hmac.compare_digest(expected, value.encode("utf-8", "replace"))
        for version, _, value in (one.partition(",") for one in sent)
        if version == "v1"
    ]
    if not matches:
        raise _malformed(signature_header, "v1,<base64>")
    if not any(matches):
        raise _wrong(signature_header)


def standard_secret_problem(secret: str) -> str | None:
    """Return what is wrong with a secret of Standard Webhooks that people pasted, None if nothing is."""
    try:
        key = _key_of(secret)
    except SignatureRefused:
        return "the signing secret must begin with whsec_ and be complete: copy it from the vendor's page once more"
    return None if key else "the signing secret is empty"


def verify_stamped(headers: Headers, body: bytes, secret: str, now_ms: int, *, name: str, unit_ms: int) -> None:
    """Return if header ``name``, "t=<time>, v1=<hex>", signs "<time>.<body>"; the time is in ``unit_ms`` milliseconds.

    Raises SignatureRefused.
    """
    parts: dict[str, str] = {}
    for part in _required(headers, name).split(",")[:_SIGNATURES_MAX]:
        key, _, value = part.strip().partition("=")
        parts[key] = value
    timestamp, sent = parts.get("t"), parts.get("v1")
    if not timestamp or not sent:
        raise _malformed(name, "t=<time>, v1=<signature>")
    _require_recent(name, timestamp, unit_ms, now_ms)
    expected = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, sha256).hexdigest()
    _require_equal(name, expected, sent)


def verify_body_hmac(headers: Headers, body: bytes, secret: str, *, name: str, prefix: str = "") -> None:
    """Return if header ``name`` is ``prefix`` and the HMAC-SHA256 of ``body`` in hexadecimal. Raises SignatureRefused."""
    sent = _required(headers, name)
    if not sent.startswith(prefix):
        raise _malformed(name, f"{prefix}<signature>")
    _require_equal(name, prefix + hmac.new(secret.encode(), body, sha256).hexdigest(), sent)


def _required(headers: Headers, name: str) -> str:
    value = headers.get(name)
    if not value:
        raise SignatureRefused(
            SignatureProblem.MISSING,
            f"{name} is missing: set the signing secret at the vendor's too (or remove it under Integrations), and pass all "
            "headers on",
        )
    return value


def _require_recent(name: str, timestamp: str, unit_ms: int, now_ms: int) -> None:
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > _TIME_DIGITS_MAX:
        raise _malformed(name, "a Unix time")
    if abs(int(timestamp) * unit_ms - now_ms) > TOLERANCE_MS:
        minutes = TOLERANCE_MS // 60_000
        message = f"{name} is more than {minutes} minutes off: send deliveries as they come, and check this server's clock"
        raise SignatureRefused(SignatureProblem.STALE, message)


def _require_equal(name: str, expected: str, sent: str) -> None:
    if not hmac.compare_digest(expected.encode(), sent.encode("utf-8", "replace")):
        raise _wrong(name)


def _key_of(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureRefused(
            SignatureProblem.WRONG, "the signing secret set here is none: copy it from the vendor's page once more"
        ) from error


def _malformed(name: str, form: str) -> SignatureRefused:
    return SignatureRefused(SignatureProblem.MALFORMED, f"{name} must be {form}: send the vendor's header as it is")


def _wrong(name: str) -> SignatureRefused:
    return SignatureRefused(
        SignatureProblem.WRONG,
        f"{name} does not match: set the secret that the vendor signs with, under Integrations or with "
        "`litesoc sources secret`, and pass the body on unchanged",
    )
