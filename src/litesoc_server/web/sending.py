"""Handing an answer to a client, which may take it slowly or never.

While it is sent it must not hold one of the few places of web.gate: who asks for a large file many times and reads none of
them would keep everybody else out. Only what is written while it is sent (streams, exports) holds its place, and nobody may
leave a piece of it untaken for long.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

STALL_S = 30.0  # what a client may leave untaken for so long is not sent

Message = Mapping[str, Any]
Send = Callable[[Message], Awaitable[None]]


class ClientStalled(Exception):
    """The client takes nothing of its answer."""


def in_time(send: Send, *, stall_s: float = STALL_S) -> Send:
    """Return a ``send`` that raises ClientStalled when one piece of an answer is not taken within ``stall_s``."""

    async def send_in_time(message: Message) -> None:
        try:
            async with asyncio.timeout(stall_s):
                await send(message)
        except TimeoutError as error:
            raise ClientStalled from error

    return send_in_time


def into(kept: list[Message]) -> Send:
    """Return a ``send`` that keeps the pieces of an answer in ``kept``, to be sent later."""

    async def keep(message: Message) -> None:  # awaited like any other send
        kept.append(message)

    return keep


async def send_all(send: Send, kept: Sequence[Message]) -> None:
    """Send the pieces of an answer in their order."""
    for message in kept:
        await send(message)
