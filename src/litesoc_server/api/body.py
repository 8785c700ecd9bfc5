"""Reads what requests carry: bodies and queries."""

from typing import Any, cast

import msgspec
from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from ninja.parser import Parser

from litesoc_server.ingest.responses import ErrorCode, Refused

_DECODER = msgspec.json.Decoder()


class StrictParser(Parser):
    """JSON to the letter: UTF-8, no NaN, no lone surrogates, no endless nesting. And no U+0000, as for events."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """Return the body, an object or null. Raises Refused."""
        body = request.body
        try:
            body.decode()  # msgspec does not look into texts that it only copies
            parsed = _DECODER.decode(body)
        except (UnicodeDecodeError, msgspec.DecodeError, RecursionError) as error:
            raise Refused(ErrorCode.INVALID_JSON, "the body is not JSON in UTF-8") from error
        # django-ninja reads attributes of whatever there is: a list would pass for an object without any members.
        if parsed is not None and not isinstance(parsed, dict):
            raise Refused(ErrorCode.VALIDATION_FAILED, "the body must be a JSON object")
        members = cast("dict[str, Any]", parsed)
        if b"\\u0000" in body and (field := _field_with_nul(members)) is not None:
            message = f"{field} holds the character U+0000: remove it, it cannot be stored"
            raise Refused(ErrorCode.VALIDATION_FAILED, message)
        return members

    def parse_querydict(
        self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest
    ) -> dict[str, Any]:
        """Return the query. A parameter without a value, as forms send it, is one that was left out."""
        query = super().parse_querydict(data, list_fields, request)
        return {name: value for name, value in query.items() if not isinstance(value, str) or value.strip()}


def _field_with_nul(body: dict[str, Any]) -> str | None:
    """Return the innermost name under which a text holds U+0000 (PostgreSQL refuses it), or None."""
    found = list(body.items())
    while found:
        name, value = found.pop()
        if isinstance(value, dict):
            found.extend(value.items())
        elif isinstance(value, list):
            found.extend((name, entry) for entry in value)
        elif isinstance(value, str) and "\0" in value:
            return name
    return None
