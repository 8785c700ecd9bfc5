"""One JSON request of a channel: sent under the guard, told of without its secrets."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from litesoc_server.egress import http
from litesoc_server.egress.guard import EgressRefused
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.notify.channels.base import DeliveryFailed, Sent
from litesoc_server.notify.channels.cut import cut

VEIL = "[secret]"
SHOWN_LENGTH_MAX = 16_000  # characters of a request in the log
_ANY = msgspec.json.Decoder()


def post_json(
    policy: EgressPolicy,
    url: str,
    body: Mapping[str, Any],
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    secrets: Sequence[str],
    within_s: float = http.WITHIN_S,
    read_bytes_max: int = http.READ_BYTES_MAX,
) -> tuple[http.Answer, Sent]:
    """POST ``body`` to ``url``, or PUT it; return the answer, and what is told of both, without ``secrets``.

    Raises DeliveryFailed where nothing was sent or no answer came.
    """
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    sent_headers = {"Content-Type": "application/json", **(headers or {})}
    lines = [f"{method} {url}", *(f"{name}: {value}" for name, value in sent_headers.items()), "", content.decode()]
    request = cut(veiled("\n".join(lines), secrets), SHOWN_LENGTH_MAX)
    try:
        answer = http.send(
            policy, method, url, body=content, headers=sent_headers, within_s=within_s, read_bytes_max=read_bytes_max
        )
    except EgressRefused as refused:
        raise DeliveryFailed(veiled(str(refused), secrets), sent=Sent(request), is_permanent=True) from None
    except http.Unreachable as unreachable:
        raise DeliveryFailed(veiled(str(unreachable), secrets), sent=Sent(request)) from None
    return answer, Sent(request, answer.status, veiled(answer.text, secrets))


def veiled(text: str, secrets: Sequence[str]) -> str:
    """Return ``text`` without ``secrets``, however they are written in addresses and in JSON. The longest go first."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        for written in {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}:
            text = text.replace(written, VEIL)
    return text


def answered(answer: http.Answer) -> Mapping[str, Any]:
    """Return the JSON object of an answer; an empty one where it is none."""
    try:
        decoded = _ANY.decode(answer.text)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return decoded if isinstance(decoded, dict) else {}
