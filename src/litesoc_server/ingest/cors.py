"""What browsers ask before they let a page read an answer (contract 8.4)."""

import re

_METHODS = b"GET, POST, PATCH, DELETE, OPTIONS"
_REQUEST_HEADERS = b"Content-Type, X-API-Key, Authorization, Idempotency-Key"
_EXPOSED = (
    b"X-LiteSOC-Plan, X-LiteSOC-Retention, X-LiteSOC-Cutoff, X-LiteSOC-Quota-Limit, X-LiteSOC-Quota-Remaining, "
    b"X-LiteSOC-Quota-Used, X-RateLimit-Limit, X-RateLimit-Remaining, Retry-After"
)
_PREFLIGHT_KEPT_S = b"600"

# RFC 6454 section 7: "null", or scheme://host[:port]. Anything else is not echoed.
_ORIGIN = re.compile(rb"null|[A-Za-z][A-Za-z0-9+.-]{0,31}://[A-Za-z0-9.:_\[\]-]{1,260}")

Headers = tuple[tuple[bytes, bytes], ...]


def response_headers(origin: bytes | None) -> Headers:
    """Return the headers that let the page at ``origin`` read an answer; none for callers that are no browsers.

    Whether the organisation has authorised the origin is decided from its key before the events are taken, never here: a
    refusal must be readable, too. Credentials are never allowed, so cookies play no part.
    """
    if origin is None or _ORIGIN.fullmatch(origin) is None:
        return ()
    return (
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", _EXPOSED),
        (b"vary", b"Origin"),
    )


def preflight_headers(origin: bytes | None) -> Headers:
    """Return the headers of the answer to any OPTIONS request. It carries no key, so it is the same for every origin."""
    return (
        *response_headers(origin),
        (b"access-control-allow-methods", _METHODS),
        (b"access-control-allow-headers", _REQUEST_HEADERS),
        (b"access-control-max-age", _PREFLIGHT_KEPT_S),
    )
