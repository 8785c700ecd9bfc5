"""What the JetStream stream promises beyond the port: outages, workers that die, strangers' messages."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.stream_cases import (
    MAX_BYTES,
    START_MS,
    WAIT_S,
    JetStreamCase,
    eventually,
    fetch_exactly,
    fetch_rest,
    is_taken,
    numbered,
    payloads,
)
from litesoc_server.clock import ManualClock
from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.stream import jetstream_connection
from litesoc_server.stream.base import Consumer, Message, Stream
from litesoc_server.stream.jetstream import JetStreamStream
from litesoc_server.stream.subjects import Subject
from servers import NatsServer, free_port

SHORT_ACK_WAIT_S = 0.5


@pytest.fixture
def own_server(nats_server: NatsServer, tmp_path: Path) -> Iterator[NatsServer]:
    """A NATS to kill; asks for the shared one only so that a missing program is reported."""
    server = NatsServer(tmp_path / "nats")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def mortal_case(own_server: NatsServer) -> Iterator[JetStreamCase]:
    case = JetStreamCase(own_server)
    yield case
    case.close()


@pytest.fixture
def impatient_case(nats_server: NatsServer) -> Iterator[JetStreamCase]:
    case = JetStreamCase(nats_server, ack_wait_s=SHORT_ACK_WAIT_S)
    yield case
    case.close()


def _fetch_patiently(consumer: Consumer, count: int) -> list[Message]:
    """Fetch as a worker does: when the stream is away, try again."""
    messages: list[Message] = []
    deadline_s = time.monotonic() + WAIT_S
    while len(messages) < count:
        assert time.monotonic() < deadline_s, f"{len(messages)} of {count} messages came"
        try:
            messages += consumer.fetch(count - len(messages), 0.5)
        except StreamUnavailable:
            time.sleep(0.02)
    return messages


def test_while_the_server_is_away_everything_fails_soon_and_then_recovers(mortal_case: JetStreamCase) -> None:
    stream = mortal_case.open()
    stream.publisher.publish(Subject.RAW, numbered(0, 3))
    consumer = stream.consumer(Subject.RAW)
    mortal_case.server.kill()

    started_s = time.monotonic()
    for attempt in (
        lambda: stream.publisher.publish(Subject.RAW, [b"lost"]),
        lambda: consumer.fetch(1, WAIT_S),
        lambda: stream.backlog(Subject.RAW),
        lambda: stream.dead_letters.add(Subject.RAW, b"x", "why"),
    ):
        with pytest.raises(StreamUnavailable):
            attempt()
    assert time.monotonic() - started_s < WAIT_S

    mortal_case.server.start()
    assert eventually(lambda: is_taken(stream, b"payload 3"))
    assert payloads(_fetch_patiently(consumer, 4)) == numbered(0, 4)


def test_an_append_to_a_server_that_hangs_fails_within_five_seconds(mortal_case: JetStreamCase) -> None:
    async def run() -> list[Exception | None]:
        loop = asyncio.get_running_loop()
        stream = await asyncio.to_thread(mortal_case.open, loop)
        mortal_case.server.pause()
        answers: list[asyncio.Future[Exception | None]] = [loop.create_future() for _ in range(2)]
        stream.publisher.append(Subject.RAW, b"in flight", answers[0].set_result)
        await asyncio.sleep(0.1)
        stream.publisher.append(Subject.RAW, b"queued behind it", answers[1].set_result)
        results = await asyncio.wait_for(asyncio.gather(*answers), 5)
        mortal_case.server.resume()
        await asyncio.to_thread(mortal_case.close)
        return results

    assert [type(result) for result in asyncio.run(run())] == [StreamUnavailable, StreamUnavailable]


def test_what_was_acknowledged_survives_kills_of_the_server(mortal_case: JetStreamCase) -> None:
    durable: set[bytes] = set()

    async def caller(stream: Stream, number: int, progress: asyncio.Semaphore) -> None:
        loop = asyncio.get_running_loop()
        for step in range(1_000_000):
            payload = b"%d %d" % (number, step)
            answered: asyncio.Future[Exception | None] = loop.create_future()
            stream.publisher.append(Subject.RAW, payload, answered.set_result)
            error = await answered
            if error is None:
                durable.add(payload)
                progress.release()
            else:
                assert isinstance(error, StreamUnavailable)
                await asyncio.sleep(0.01)

    async def run() -> None:
        stream = await asyncio.to_thread(mortal_case.open, asyncio.get_running_loop())
        progress = asyncio.Semaphore(0)
        callers = [asyncio.create_task(caller(stream, number, progress)) for number in range(64)]
        for _ in range(3):
            for _ in range(500):
                await progress.acquire()
            await asyncio.to_thread(mortal_case.server.kill)
            await asyncio.to_thread(mortal_case.server.start)
        for _ in range(2000):
            await progress.acquire()
        for task in callers:
            task.cancel()
        await asyncio.to_thread(mortal_case.close)

    asyncio.run(run())

    assert durable <= set(payloads(fetch_rest(mortal_case.open().consumer(Subject.RAW), durable)))


def test_after_a_kill_of_the_server_nothing_comes_twice_unmarked(mortal_case: JetStreamCase) -> None:
    stream = mortal_case.open()
    stream.publisher.publish(Subject.RAW, numbered(0, 2))
    stream.publisher.publish(Subject.RAW, numbered(2, 2))
    consumer = stream.consumer(Subject.RAW)
    in_hand = fetch_exactly(consumer, 3)
    mortal_case.server.kill()
    mortal_case.server.start()
    assert eventually(lambda: is_taken(stream, b"payload 4"))

    later = _fetch_patiently(consumer, 2)

    assert payloads(later) == numbered(3, 2)
    consumer.ack(in_hand + later)
    again = fetch_rest(mortal_case.reopen().consumer(Subject.RAW))
    assert all(message.is_redelivery for message in again)


def test_slow_work_is_not_given_to_anybody_else(impatient_case: JetStreamCase) -> None:
    stream = impatient_case.open()
    other = impatient_case.open()
    stream.publisher.publish(Subject.RAW, [b"slow"])
    consumer = stream.consumer(Subject.RAW)
    messages = fetch_exactly(consumer, 1)

    assert other.consumer(Subject.RAW).fetch(1, 4 * SHORT_ACK_WAIT_S) == []
    consumer.ack(messages)
    assert eventually(lambda: stream.backlog(Subject.RAW).messages == 0)


def test_what_a_dead_worker_held_goes_to_another_one_marked(impatient_case: JetStreamCase) -> None:
    dying = impatient_case.make(MAX_BYTES)
    assert isinstance(dying, JetStreamStream)
    dying.open(None)
    stream = impatient_case.open()
    stream.publisher.publish(Subject.RAW, numbered(0, 2))
    fetch_exactly(dying.consumer(Subject.RAW), 2)
    for line in dying._lines.values():
        line.close()
    dying._connection.close()  # without giving anything back, as a killed process

    again = fetch_exactly(stream.consumer(Subject.RAW), 2)

    assert payloads(again) == numbered(0, 2)
    assert all(message.is_redelivery for message in again)


def test_two_workers_share_the_work(jetstream_case: JetStreamCase) -> None:
    one = jetstream_case.open().consumer(Subject.RAW)
    other_stream = jetstream_case.open()
    for number in range(300):
        other_stream.publisher.publish(Subject.RAW, numbered(number, 1))

    mine = fetch_rest(one, numbered(0, 1))
    theirs = fetch_rest(other_stream.consumer(Subject.RAW), set(numbered(0, 300)) - set(payloads(mine)))

    assert mine
    assert sorted(payloads(mine + theirs)) == sorted(numbered(0, 300))


def test_a_strangers_message_is_handed_on_and_does_not_stop_the_line(jetstream_case: JetStreamCase) -> None:
    stream = jetstream_case.open()
    assert isinstance(stream, JetStreamStream)
    subject = f"{jetstream_case.namespace}.raw.1"
    stream._connection.run(stream._connection.jetstream.publish(subject, b"hello?"))
    stream.publisher.publish(Subject.RAW, [b"ours"])

    assert payloads(fetch_exactly(stream.consumer(Subject.RAW), 2)) == [b"hello?", b"ours"]


def test_a_payload_that_the_server_cannot_take_is_refused_alone(jetstream_case: JetStreamCase) -> None:
    stream = jetstream_case.open()

    with pytest.raises(StreamUnavailable, match="too large"):
        stream.publisher.publish(Subject.RAW, [b"x" * 5 * 1024**2])
    stream.publisher.publish(Subject.RAW, [b"small"])


def test_changed_settings_are_applied_to_existing_streams(jetstream_case: JetStreamCase) -> None:
    jetstream_case.open().publisher.publish(Subject.RAW, numbered(0, 3))

    stream = jetstream_case.reopen(max_bytes=MAX_BYTES * 2)

    assert payloads(fetch_exactly(stream.consumer(Subject.RAW), 3)) == numbered(0, 3)


def test_a_server_that_is_not_there_is_named_without_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jetstream_connection, "CALL_TIMEOUT_S", 0.5)
    port = free_port()
    stream = JetStreamStream(f"nats://user:secret@127.0.0.1:{port}", max_bytes=MAX_BYTES, clock=ManualClock(START_MS))

    with pytest.raises(StreamUnavailable, match=f"127.0.0.1:{port} cannot be reached .ConnectionRefusedError") as caught:
        stream.open(None)

    assert "secret" not in str(caught.value)


def test_a_namespace_that_nats_would_misread_is_refused() -> None:
    with pytest.raises(ValueError, match="namespace"):
        JetStreamStream("nats://127.0.0.1", max_bytes=MAX_BYTES, clock=ManualClock(START_MS), namespace="a.>")
