"""The threads that read deliveries are shared: one organisation cannot keep all others waiting."""

import asyncio
import threading
from typing import Any, cast

import pytest

from ingest_server import NOW_MS
from litesoc_server.clock import ManualClock
from litesoc_server.ingest.responses import ErrorCode, Refused
from litesoc_server.ingest.source_gate import READING_OF_ONE_MAX, Opened, SourceGate


class Record:
    """What reading looks at of a key."""

    def __init__(self, org_id: str) -> None:
        self.org_id = org_id


def opened(org_id: str) -> Opened:
    nothing = cast("Any", None)
    return Opened(nothing, cast("Any", Record(org_id)), None, nothing, nothing, NOW_MS)


def test_one_organisation_has_so_many_bodies_read_at_once() -> None:
    nothing = cast("Any", None)
    released = threading.Event()

    async def play() -> None:
        gate = SourceGate(
            gate=nothing,
            publisher=nothing,
            key_directory=nothing,
            settings=nothing,
            counts=nothing,
            refusals=nothing,
            clock=ManualClock(NOW_MS),
        )
        shop, bank = opened("shop"), opened("bank")
        try:
            waiting = [asyncio.create_task(gate.read(shop, False, released.wait)) for _ in range(READING_OF_ONE_MAX)]
            await asyncio.sleep(0)
            with pytest.raises(Refused) as refused:
                await gate.read(shop, False, released.wait)
            assert refused.value.code is ErrorCode.SERVICE_UNAVAILABLE
            assert await gate.read(shop, True, lambda: "short ones are read at once") == "short ones are read at once"
            others = asyncio.create_task(gate.read(bank, False, released.wait))
            await asyncio.sleep(0)
            released.set()
            assert all(await asyncio.gather(*waiting, others))
            assert await gate.read(shop, False, released.wait)
        finally:
            released.set()
            gate.close()

    asyncio.run(play())
