"""Where an API key stands in a request, and what can be one."""

import re
from collections.abc import Mapping

_KEY = re.compile(r"[\x21-\x7e]{8,512}")
_BEARER = re.compile(r"bearer +(?P<key>\S+) *", re.IGNORECASE)


def key_of(headers: Mapping[str, str]) -> str | None:
    """Return the key of `X-API-Key` or `Authorization: Bearer`, None if there is none that could be one.

    ``headers`` are looked up without regard to case. The same places and the same order as the HTTP API has.
    """
    key = headers.get("x-api-key", "").strip()
    if not key:
        bearer = _BEARER.fullmatch(headers.get("authorization", ""))
        key = bearer["key"] if bearer is not None else ""
    return key if is_possible(key) else None


def is_possible(key: str) -> bool:
    """Return whether a header can hold ``key``; whether it is one only the server knows."""
    return _KEY.fullmatch(key) is not None
