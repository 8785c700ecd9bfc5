"""Reads a request's body over ASGI, bounded in size and time."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from litesoc_server.ingest.admission import too_large
from litesoc_server.ingest.request import BODY_BYTES_MAX, RequestHead
from litesoc_server.ingest.responses import ErrorCode, Refused

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class ClientGone(Exception):
    """The client closed the connection before its request was complete: there is nobody to answer."""


async def read_body(receive: Receive, head: RequestHead, *, timeout_s: float) -> bytes:
    """Return the whole body.

    Raises Refused as soon as it is known to be too large, or when it takes longer than ``timeout_s``; ClientGone.
    """
    if head.content_length is not None and head.content_length > BODY_BYTES_MAX:
        raise too_large()
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                chunk: bytes = message.get("body", b"")
                chunks.append(chunk)
                size += len(chunk)
                if size > BODY_BYTES_MAX:
                    raise too_large()
                if not message.get("more_body", False):
                    return b"".join(chunks)
    except TimeoutError:
        raise body_timeout(timeout_s) from None


def body_timeout(body_timeout_s: float) -> Refused:
    """Return the 408 for a body that has not arrived in time. The connection ends with it: its state is unknown."""
    message = f"the body did not arrive within {body_timeout_s:g} seconds: send it at once"
    return Refused(ErrorCode.REQUEST_TIMEOUT, message, headers=(("Connection", "close"),))
