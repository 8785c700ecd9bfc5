"""Reads what a webhook request says beside its body: which source, and a key that may stand in the address.

Vendors that cannot send a header of their own get `?api_key=` (contract 1.3), here and nowhere else. The key is taken out of
everything that is handed on, and nothing logs an address.
"""

from collections.abc import MutableMapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import parse_qsl

from litesoc_server.ingest.paths import WEBHOOKS
from litesoc_server.ingest.request import RequestHead
from litesoc_server.ingest.responses import ErrorCode, Refused
from litesoc_server.ingest.webhooks import WebhookRequest
from litesoc_server.sources.registry import WEBHOOK_SOURCES

KEY_PARAMETER = "api_key"
FIELDS_MAX = 32  # of a query
SOURCE_LENGTH_MAX = 40  # characters of a wrong name that are looked at
_KEY_HEADERS = frozenset({"x-api-key", "authorization", "cookie"})


def read_webhook_request(scope: MutableMapping[str, Any], head: RequestHead, source_id: str) -> WebhookRequest:
    """Return the request to the source's address. Raises Refused for an unknown source or a broken query.

    The key is that of a header, else that of the address; an Authorization header counts without the word Bearer, too, since
    Auth0 sends exactly what people typed.
    """
    source = WEBHOOK_SOURCES.get(source_id)
    if source is None:
        raise _no_such_source(source_id)
    headers = _headers(scope["headers"])
    query = _query(scope.get("query_string", b""))
    if not head.key:
        typed = headers.get("authorization", "").strip()
        head.key = (typed if " " not in typed else "").encode("latin-1")
    key_in_address = query.pop(KEY_PARAMETER, "")
    head.key = head.key or key_in_address.strip().encode()
    client: tuple[str, int] | None = scope.get("client")
    return WebhookRequest(
        source=source,
        head=head,
        method=str(scope["method"]),
        headers={name: value for name, value in headers.items() if name not in _KEY_HEADERS},
        query=query,
        peer=None if client is None else client[0],
    )


def _no_such_source(source_id: str) -> Refused:
    name = source_id.partition("/")[0][:SOURCE_LENGTH_MAX].lower()
    meant = get_close_matches(name, WEBHOOK_SOURCES, n=1)
    fix = f"did you mean {WEBHOOKS}{meant[0]}?" if meant else f"send to {WEBHOOKS} and one of {', '.join(WEBHOOK_SOURCES)}"
    return Refused(ErrorCode.NOT_FOUND, f"there is no such source: {fix}")


def _headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name_bytes, value_bytes in raw:
        name, value = name_bytes.decode("latin-1"), value_bytes.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def _query(raw: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError:
        message = f"the address has more than {FIELDS_MAX} parameters: leave out all but {KEY_PARAMETER}"
        raise Refused(ErrorCode.VALIDATION_FAILED, message) from None
    query: dict[str, str] = {}
    for name, value in pairs:
        query.setdefault(name, value)
    return query
