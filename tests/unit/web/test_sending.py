"""Clients that take their answers slowly."""

import asyncio
from typing import Any

import pytest

from litesoc_server.web.sending import ClientStalled, in_time, into, send_all


def test_a_piece_that_is_not_taken_is_given_up() -> None:
    async def never(message: Any) -> None:
        del message
        await asyncio.Event().wait()

    with pytest.raises(ClientStalled):
        asyncio.run(in_time(never, stall_s=0)({"type": "http.response.body"}))


def test_pieces_are_kept_and_sent_in_their_order() -> None:
    kept: list[Any] = []
    sent: list[Any] = []

    async def play() -> None:
        for number in range(3):
            await into(kept)({"number": number})
        await send_all(into(sent), kept)

    asyncio.run(play())
    assert sent == kept == [{"number": 0}, {"number": 1}, {"number": 2}]
