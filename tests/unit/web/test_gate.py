"""Only so many requests are worked on, and only so many wait."""

import asyncio

import pytest

from litesoc_server.ingest.responses import Refused
from litesoc_server.web.gate import Gate, GatePerKey


def test_so_many_pass_so_many_wait_and_the_rest_come_back_later() -> None:
    async def main() -> None:
        gate, done = Gate(at_once=2, waiting_max=3), asyncio.Event()
        inside: list[int] = []

        async def visit(number: int) -> None:
            async with gate.passing():
                inside.append(number)
                await done.wait()

        visits = [asyncio.create_task(visit(number)) for number in range(5)]
        await asyncio.sleep(0)
        assert inside == [0, 1]
        with pytest.raises(Refused, match="send the request again"):
            await visit(5)
        visits[2].cancel()
        await asyncio.sleep(0)
        late = asyncio.create_task(visit(6))
        done.set()
        await asyncio.gather(*visits, late, return_exceptions=True)
        assert inside == [0, 1, 3, 4, 6]

    asyncio.run(main())


def test_a_fault_frees_the_turn() -> None:
    async def main() -> None:
        gate = Gate(at_once=1, waiting_max=0)
        with pytest.raises(RuntimeError):
            async with gate.passing():
                raise RuntimeError
        async with gate.passing():
            pass

    asyncio.run(main())


def test_each_key_has_its_own_turns_and_is_forgotten_after_them() -> None:
    async def main() -> None:
        gate, done = GatePerKey(at_once=1, waiting_max=1), asyncio.Event()
        inside: list[str] = []

        async def visit(key: str) -> None:
            async with gate.passing(key):
                inside.append(key)
                await done.wait()

        visits = [asyncio.create_task(visit(key)) for key in ("mira", "mira", "jo")]
        await asyncio.sleep(0)
        assert inside == ["mira", "jo"]
        with pytest.raises(Refused):
            await visit("mira")
        done.set()
        await asyncio.gather(*visits)
        assert inside == ["mira", "jo", "mira"]
        assert not gate._gates  # nothing else tells that they do not pile up

    asyncio.run(main())
