"""What is refused before Django sees it (too large, too slow, too many at once), as Django would have answered it."""

from collections.abc import Iterable
from functools import lru_cache

from csp.utils import build_policy
from django.conf import settings

from litesoc_server.ingest.reply import Headers, Reply
from litesoc_server.ingest.responses import ErrorCode, Refused
from litesoc_server.web.error_page import HTML, error_page

_DIFFERENT_TEXTS_MAX = 16


def wants_page(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Return whether a person looks: only browsers ask for HTML."""
    return any(name == b"accept" and HTML.encode() in value for name, value in headers)


def refusal_page(refused: Refused) -> Reply:
    """Return the page that says ``refused``."""
    further = tuple((name.lower().encode(), value.encode()) for name, value in refused.headers)
    return Reply(
        refused.status, ((b"content-type", b"text/html; charset=utf-8"), *further), _page(refused.code, refused.message)
    )


def guarded(reply: Reply) -> Reply:
    """Return ``reply`` with the headers for browsers that Django's middleware gives every answer."""
    there = {name for name, _ in reply.headers}
    return Reply(reply.status, reply.headers + tuple(one for one in _guards() if one[0] not in there), reply.body)


@lru_cache(1)
def _guards() -> Headers:
    return (
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", settings.X_FRAME_OPTIONS.encode()),
        (b"referrer-policy", settings.SECURE_REFERRER_POLICY.encode()),
        (b"cross-origin-opener-policy", settings.SECURE_CROSS_ORIGIN_OPENER_POLICY.encode()),
        (b"content-security-policy", build_policy().encode()),
    )


@lru_cache(_DIFFERENT_TEXTS_MAX)
def _page(code: ErrorCode, text: str) -> bytes:
    """Return the page. It is kept: floods are when it is asked for."""
    return error_page(code, text).content
