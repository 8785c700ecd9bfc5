"""What ingest reads from a request's headers, the same for both transports."""

from collections.abc import Iterable

import msgspec

BODY_BYTES_MAX = 1024 * 1024  # per request (contract 1.5)


class RequestHead(msgspec.Struct, gc=False):
    """The headers that matter. Empty bytes and None stand for absent ones."""

    key: bytes = b""  # the API key: never logged
    origin: bytes | None = None
    host: bytes = b""
    forwarded_for: str = ""  # the X-Forwarded-For headers, joined
    idempotency_key: bytes | None = None
    content_encoding: bytes = b""
    content_length: int | None = None  # bytes; None when absent (a chunked body) or not a number


class CollectRequest(msgspec.Struct, gc=False):
    """One POST to a collect path, its body complete."""

    head: RequestHead
    body: bytes  # at most BODY_BYTES_MAX
    is_batch_path: bool
    peer: str | None  # who opened the connection (personal data): a client or a proxy, None on a Unix socket


_READ = frozenset(
    {
        b"x-api-key",
        b"authorization",
        b"content-length",
        b"origin",
        b"host",
        b"x-forwarded-for",
        b"idempotency-key",
        b"content-encoding",
    },
)


def read_head(headers: Iterable[tuple[bytes, bytes]]) -> RequestHead:
    """Read ``headers``, whose names are in lower case. X-API-Key goes before Authorization: Bearer (contract 1.3)."""
    head = RequestHead()
    bearer = b""
    for name, value in headers:
        if name not in _READ:
            continue
        if name == b"x-api-key":
            head.key = head.key or value.strip()
        elif name == b"content-length":
            head.content_length = int(value) if value.isdigit() else None
        elif name == b"host":
            head.host = value
        elif name == b"x-forwarded-for":
            head.forwarded_for = _joined(head.forwarded_for, value)
        elif name == b"authorization":
            bearer = _bearer(value) or bearer
        elif name == b"origin":
            head.origin = value
        elif name == b"idempotency-key":
            head.idempotency_key = value
        else:
            head.content_encoding = value.strip().lower()
    head.key = head.key or bearer
    return head


def _bearer(authorization: bytes) -> bytes:
    scheme, _, credentials = authorization.strip().partition(b" ")
    return credentials.strip() if scheme.lower() == b"bearer" else b""


def _joined(before: str, value: bytes) -> str:
    """Return two headers of one name as the one that they stand for (RFC 9110 section 5.3)."""
    written = value.decode("latin-1")
    return f"{before},{written}" if before else written
