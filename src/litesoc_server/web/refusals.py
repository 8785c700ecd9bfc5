"""What is refused before Django sees it (too large, too slow, too many at once), as a page for people."""

from collections.abc import Iterable
from functools import lru_cache

from csp.utils import build_policy

from litesoc_server.ingest.reply import Reply
from litesoc_server.ingest.responses import ErrorCode, Refused
from litesoc_server.web.error_page import HTML, error_page

_DIFFERENT_TEXTS_MAX = 16


def wants_page(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Return whether a person looks: only browsers ask for HTML."""
    return any(name == b"accept" and HTML.encode() in value for name, value in headers)


def refusal_page(refused: Refused) -> Reply:
    """Return the page that says ``refused``, with the headers that Django's middleware would have given it."""
    further = tuple((name.lower().encode(), value.encode()) for name, value in refused.headers)
    policy = (b"content-security-policy", build_policy().encode())
    headers = ((b"content-type", b"text/html; charset=utf-8"), (b"x-content-type-options", b"nosniff"), policy, *further)
    return Reply(refused.status, headers, _page(refused.code, refused.message))


@lru_cache(_DIFFERENT_TEXTS_MAX)
def _page(code: ErrorCode, text: str) -> bytes:
    """Return the page. It is kept: floods are when it is asked for."""
    return error_page(code, text).content
