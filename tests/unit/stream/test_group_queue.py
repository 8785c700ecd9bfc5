import asyncio
import threading

import pytest

from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.stream.group_queue import GroupQueue


def test_beyond_its_ceiling_it_refuses_at_once_and_recovers_when_emptied() -> None:
    async def run() -> None:
        queue = GroupQueue(max_record_bytes=1000, wake=lambda: None, max_bytes=100)
        queue.bind(asyncio.get_running_loop())
        answers: list[Exception | None] = []
        for _ in range(3):
            queue.put(b"x" * 40, answers.append)
        await asyncio.sleep(0)
        assert [type(answer) for answer in answers] == [StreamUnavailable]
        with pytest.raises(StreamUnavailable):
            queue.put_all([b"x" * 40])

        (group,) = queue.take()
        assert group.payloads == [b"x" * 40] * 2
        queue.put(b"x" * 40, answers.append)
        assert len(queue.take()) == 1

    asyncio.run(run())


def test_the_answer_never_comes_while_append_is_still_running() -> None:
    async def run() -> None:
        queue = GroupQueue(max_record_bytes=1000, wake=lambda: None)
        queue.bind(asyncio.get_running_loop())
        queue.close()
        answers: list[Exception | None] = []

        queue.put(b"x", answers.append)

        assert answers == []
        await asyncio.sleep(0)
        assert [type(answer) for answer in answers] == [StreamUnavailable]

    asyncio.run(run())


def test_the_taker_is_woken_only_after_it_found_nothing() -> None:
    async def run() -> None:
        wakes: list[None] = []
        queue = GroupQueue(max_record_bytes=1000, wake=lambda: wakes.append(None))
        queue.bind(asyncio.get_running_loop())
        assert queue.take() == []
        for _ in range(5):
            queue.put(b"x", lambda _: None)
        assert len(wakes) == 1
        assert len(queue.take()) == 1
        queue.put(b"x", lambda _: None)
        assert len(wakes) == 1

    asyncio.run(run())


def test_a_callback_that_fails_leaves_its_neighbours_their_answers(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> list[Exception | None]:
        queue = GroupQueue(max_record_bytes=1000, wake=lambda: None)
        queue.bind(asyncio.get_running_loop())
        answers: list[Exception | None] = []
        queue.put(b"a", answers.append)
        queue.put(b"b", lambda _: 1 / 0)  # type: ignore[arg-type,return-value] # on purpose
        queue.put(b"c", answers.append)
        for group in queue.take():
            group.settle(None)
        await asyncio.sleep(0)
        return answers

    assert asyncio.run(run()) == [None, None]
    assert "callback" in caplog.text


def test_a_publish_is_split_by_size_and_waits_for_every_part() -> None:
    woken = threading.Event()
    queue = GroupQueue(max_record_bytes=30, wake=woken.set)
    assert queue.take() == []
    outcome: list[BaseException | None] = []

    def publish() -> None:
        try:
            queue.put_all([b"x" * 20, b"y" * 20])
            outcome.append(None)
        except StreamUnavailable as error:
            outcome.append(error)

    thread = threading.Thread(target=publish)
    thread.start()
    assert woken.wait(10)
    first, second = queue.take()
    first.settle(None)
    assert not outcome
    second.settle(StreamUnavailable("no"))
    thread.join(10)

    assert [type(result) for result in outcome] == [StreamUnavailable]


def test_append_without_an_event_loop_says_what_is_wrong() -> None:
    queue = GroupQueue(max_record_bytes=1000, wake=lambda: None)

    with pytest.raises(RuntimeError, match="without an event loop"):
        queue.put(b"x", lambda _: None)
