"""What every stream promises; the port is litesoc_server.stream.base."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

import pytest

from contract.stream_cases import (
    QUIET_S,
    START_MS,
    TICK,
    WAIT_S,
    EmbeddedCase,
    StreamCase,
    eventually,
    fetch_exactly,
    fetch_rest,
    is_taken,
    numbered,
    payloads,
)
from litesoc_server.events.errors import StreamFull, StreamUnavailable
from litesoc_server.stream.base import DeadLetter, Stream
from litesoc_server.stream.subjects import Subject

SMALL_MAX_BYTES = 2 * 1024**2


def append(stream: Stream, payload: bytes) -> "asyncio.Future[None]":
    """Append on the running loop; the future tells how it went."""
    answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def done(error: Exception | None) -> None:
        assert asyncio.get_running_loop() is answered.get_loop()
        if error is None:
            answered.set_result(None)
        else:
            answered.set_exception(error)

    stream.publisher.append(Subject.RAW, payload, done)
    return answered


def append_all(stream_case: StreamCase, wanted: Sequence[bytes]) -> None:
    """Append everything at once and wait until all of it is durable; leaves the stream closed."""

    async def run() -> None:
        stream = await asyncio.to_thread(stream_case.open, asyncio.get_running_loop())
        await asyncio.gather(*(append(stream, payload) for payload in wanted))
        await asyncio.to_thread(stream_case.close)

    asyncio.run(run())


def test_messages_come_in_order_of_append(stream_case: StreamCase) -> None:
    stream = stream_case.open()
    stream.publisher.publish(Subject.RAW, numbered(0, 3))
    stream.publisher.publish(Subject.RAW, numbered(3, 2))
    consumer = stream.consumer(Subject.RAW)

    first = fetch_exactly(consumer, 4)
    second = consumer.fetch(10, WAIT_S)

    assert payloads(first) + payloads(second) == numbered(0, 5)
    assert not any(message.is_redelivery for message in first + second)
    assert {message.subject for message in first} == {Subject.RAW}
    assert len({message.position for message in first + second}) == 5


def test_a_subject_gets_only_its_own_messages(stream_case: StreamCase) -> None:
    stream = stream_case.open()
    stream.publisher.publish(Subject.RAW, [b"raw"])
    stream.publisher.publish(Subject.DETECTIONS, [b"detection"])

    assert payloads(stream.consumer(Subject.DETECTIONS).fetch(10, WAIT_S)) == [b"detection"]
    assert payloads(stream.consumer(Subject.RAW).fetch(10, WAIT_S)) == [b"raw"]


def test_fetch_returns_nothing_when_nothing_comes(stream_case: StreamCase) -> None:
    assert stream_case.open().consumer(Subject.RAW).fetch(10, QUIET_S) == []


def test_what_append_reported_durable_is_there_after_a_restart_in_order(stream_case: StreamCase) -> None:
    append_all(stream_case, numbered(0, 300))

    assert payloads(fetch_exactly(stream_case.open().consumer(Subject.RAW), 300)) == numbered(0, 300)


def test_appends_that_arrive_together_share_a_commit(stream_case: StreamCase) -> None:
    append_all(stream_case, numbered(0, 300))

    assert stream_case.record_count(stream_case.open()) <= 5


def test_many_callers_each_keep_their_order_and_nothing_is_lost_or_doubled(stream_case: StreamCase) -> None:
    async def caller(stream: Stream, number: int) -> None:
        for step in range(20):
            await append(stream, b"%d %d" % (number, step))

    async def run() -> None:
        stream = await asyncio.to_thread(stream_case.open, asyncio.get_running_loop())
        await asyncio.gather(*(caller(stream, number) for number in range(64)))
        await asyncio.to_thread(stream_case.close)

    asyncio.run(run())
    seen: defaultdict[int, list[int]] = defaultdict(list)
    for payload in payloads(fetch_exactly(stream_case.open().consumer(Subject.RAW), 64 * 20)):
        number, step = map(int, payload.split())
        seen[number].append(step)

    assert dict(seen) == {number: list(range(20)) for number in range(64)}


def test_large_and_empty_payloads_arrive_whole(stream_case: StreamCase) -> None:
    wanted = [b"", b"\x00" * 1_100_000, b"x", b"\xff" * 1_100_000, bytes(range(256))]
    stream = stream_case.open()
    stream.publisher.publish(Subject.RAW, wanted)

    assert payloads(fetch_exactly(stream.consumer(Subject.RAW), len(wanted))) == wanted


def test_unacknowledged_messages_come_again_after_a_restart_and_say_so(stream_case: StreamCase) -> None:
    stream = stream_case.open()
    stream.publisher.publish(Subject.RAW, numbered(0, 5))
    fetch_exactly(stream.consumer(Subject.RAW), 5)

    again = fetch_exactly(stream_case.reopen().consumer(Subject.RAW), 5)

    assert payloads(again) == numbered(0, 5)
    assert all(message.is_redelivery for message in again)


def test_acknowledged_messages_come_again_at_most_marked_as_redelivery(stream_case: StreamCase) -> None:
    stream = stream_case.open()
    stream.publisher.publish(Subject.RAW, numbered(0, 5))
    consumer = stream.consumer(Subject.RAW)
    consumer.ack(fetch_exactly(consumer, 5))

    again = fetch_rest(stream_case.reopen().consumer(Subject.RAW))

    assert all(message.is_redelivery for message in again)


def test_acknowledged_messages_are_gone_after_the_grace_period(stream_case: StreamCase) -> None:
    stream = stream_case.open()
    stream.publisher.publish(Subject.RAW, numbered(0, 5))
    consumer = stream.consumer(Subject.RAW)
    consumer.ack(list(reversed(fetch_exactly(consumer, 5))))
    stream_case.outlive_grace(stream)

    again = fetch_rest(stream_case.reopen().consumer(Subject.RAW))

    assert set(payloads(again)) <= {TICK}


def test_a_gap_in_the_acknowledgements_is_not_forgotten(stream_case: StreamCase) -> None:
    stream = stream_case.open()
    for number in range(6):
        stream.publisher.publish(Subject.RAW, numbered(number, 1))
    consumer = stream.consumer(Subject.RAW)
    messages = fetch_exactly(consumer, 6)
    consumer.ack(messages[:2] + messages[3:])
    stream_case.outlive_grace(stream)

    again = fetch_rest(stream_case.reopen().consumer(Subject.RAW), [messages[2].payload])

    assert messages[2].payload in payloads(again)
    assert messages[0].payload not in payloads(again)


def test_a_retried_message_comes_later_and_does_not_hold_up_the_others(stream_case: StreamCase) -> None:
    stream = stream_case.open()
    stream.publisher.publish(Subject.RAW, numbered(0, 3))
    consumer = stream.consumer(Subject.RAW)
    consumer.retry(fetch_exactly(consumer, 1), delay_s=0.3)

    others = fetch_exactly(consumer, 2)
    retried = consumer.fetch(10, WAIT_S)

    assert payloads(others) == numbered(1, 2)
    assert payloads(retried) == numbered(0, 1)
    assert retried[0].is_redelivery
    consumer.ack(others + retried)
    assert eventually(lambda: stream.backlog(Subject.RAW).messages == 0)


def test_a_retried_message_is_not_lost_by_a_restart(stream_case: StreamCase) -> None:
    stream = stream_case.open()
    stream.publisher.publish(Subject.RAW, [b"slow"])
    consumer = stream.consumer(Subject.RAW)
    consumer.retry(fetch_exactly(consumer, 1), delay_s=3600)

    assert payloads(fetch_exactly(stream_case.reopen().consumer(Subject.RAW), 1)) == [b"slow"]


def test_a_dead_letter_is_kept_and_its_message_done_with(stream_case: StreamCase) -> None:
    stream = stream_case.open()
    stream.publisher.publish(Subject.RAW, [b"bad", b"good"])
    consumer = stream.consumer(Subject.RAW)
    bad, good = fetch_exactly(consumer, 2)
    consumer.dead_letter(bad, "field timestamp: not a time")
    consumer.ack([good])
    stream_case.outlive_grace(stream)

    stream = stream_case.reopen()

    assert not {b"bad", b"good"} & set(payloads(fetch_rest(stream.consumer(Subject.RAW))))
    assert [(letter.payload, letter.subject, letter.reason) for letter in stream.dead_letters.list(10)] == [
        (b"bad", Subject.RAW, "field timestamp: not a time")
    ]


def test_dead_letters_are_listed_oldest_first_and_counted(stream_case: StreamCase) -> None:
    dead_letters = stream_case.open().dead_letters
    for number in range(3):
        stream_case.clock.advance_ms(1)
        dead_letters.add(Subject.DETECTIONS, b"%d" % number, f"reason {number}")

    letters = dead_letters.list(2)

    assert dead_letters.count() == 3
    assert [(letter.payload, letter.failed_at_ms) for letter in letters] == [(b"0", START_MS + 1), (b"1", START_MS + 2)]


def test_dead_letters_are_listed_in_pages_and_removed(stream_case: StreamCase) -> None:
    letters = stream_case.open().dead_letters
    for payload in numbered(0, 4):
        letters.add(Subject.RAW, payload, "why")
    first = letters.list(2)
    second = letters.list(2, after=first[-1].id)
    assert [letter.payload for letter in first + second] == numbered(0, 4)
    letters.remove([first[1].id, second[0].id])
    letters.remove([first[1].id])
    assert [letter.payload for letter in letters.list(10)] == [numbered(0, 4)[0], numbered(0, 4)[3]]
    assert letters.list(10, after=second[1].id) == []


def test_replay_sends_dead_letters_where_they_came_from_and_removes_them(stream_case: StreamCase) -> None:
    stream = stream_case.open()
    for payload in (b"a", b"b", b"c"):
        stream.dead_letters.add(Subject.DETECTIONS, payload, "why")
    letters: list[DeadLetter] = stream.dead_letters.list(10)

    replayed = stream.dead_letters.replay([letters[0].id, "987654", "no id", letters[2].id])

    assert replayed == 2
    assert payloads(fetch_exactly(stream.consumer(Subject.DETECTIONS), 2)) == [b"a", b"c"]
    assert [letter.payload for letter in stream.dead_letters.list(10)] == [b"b"]
    assert stream.dead_letters.replay([letters[0].id]) == 0


def test_the_backlog_counts_what_is_not_acknowledged(stream_case: StreamCase) -> None:
    stream = stream_case.open()
    assert stream.backlog(Subject.RAW).messages == 0
    assert stream.backlog(Subject.RAW).oldest_ms is None
    stream.publisher.publish(Subject.RAW, numbered(0, 3))
    stream.publisher.publish(Subject.RAW, numbered(3, 4))
    consumer = stream.consumer(Subject.RAW)
    messages = fetch_exactly(consumer, 7)

    assert stream.backlog(Subject.RAW).messages == 7
    assert stream.backlog(Subject.RAW).oldest_ms is not None
    consumer.ack(messages[:3])
    assert eventually(lambda: stream.backlog(Subject.RAW).messages == 4)
    assert stream.backlog(Subject.DETECTIONS).messages == 0


def _fill(stream: Stream) -> int:
    """Publish until the stream is full; return how many payloads were taken."""
    for number in range(10_000):
        try:
            stream.publisher.publish(Subject.RAW, [_filling(number)])
        except StreamFull:
            return number
    raise AssertionError("the ceiling was not reached")


def _filling(number: int) -> bytes:
    return b"%d " % number + b"x" * 20_000


def test_a_full_stream_refuses_and_takes_again_once_there_is_room(stream_case: StreamCase) -> None:
    stream = stream_case.open(max_bytes=SMALL_MAX_BYTES)
    count = _fill(stream)
    assert count > 50
    with pytest.raises(StreamFull):
        stream.publisher.publish(Subject.RAW, [_filling(0)])

    consumer = stream.consumer(Subject.RAW)
    expected = [_filling(number) for number in range(count)]
    messages = [message for message in fetch_rest(consumer, expected) if message.payload != TICK]
    assert payloads(messages) == expected
    consumer.ack(messages)
    stream_case.outlive_grace(stream)

    assert eventually(lambda: is_taken(stream, b"after"))
    assert b"after" in payloads(fetch_rest(consumer, [b"after"]))


def test_a_full_subject_leaves_room_for_what_drains_it(stream_case: StreamCase) -> None:
    stream = stream_case.open(max_bytes=SMALL_MAX_BYTES)
    _fill(stream)

    stream.publisher.publish(Subject.DETECTIONS, [b"detection"])
    stream.dead_letters.add(Subject.RAW, b"bad", "why")

    assert payloads(stream.consumer(Subject.DETECTIONS).fetch(10, WAIT_S)) == [b"detection"]


def test_close_makes_what_is_queued_durable_and_answers_it(stream_case: StreamCase) -> None:
    async def run() -> None:
        stream = await asyncio.to_thread(stream_case.open, asyncio.get_running_loop())
        answers = [append(stream, payload) for payload in numbered(0, 500)]
        await asyncio.to_thread(stream_case.close)
        await asyncio.gather(*answers)
        with pytest.raises(StreamUnavailable):
            await append(stream, b"too late")

    asyncio.run(run())

    assert payloads(fetch_exactly(stream_case.open().consumer(Subject.RAW), 500)) == numbered(0, 500)


def test_after_close_everything_says_unavailable(stream_case: StreamCase) -> None:
    stream = stream_case.open()
    consumer = stream.consumer(Subject.RAW)
    dead_letters = stream.dead_letters
    stream_case.close()

    for attempt in (
        lambda: stream.publisher.publish(Subject.RAW, [b"x"]),
        lambda: consumer.fetch(1, WAIT_S),
        lambda: stream.backlog(Subject.RAW),
        lambda: dead_letters.add(Subject.RAW, b"x", "why"),
        lambda: dead_letters.list(1),
    ):
        with pytest.raises(StreamUnavailable):
            attempt()
    stream.close()


def test_the_embedded_backlog_knows_when_the_oldest_message_came(embedded_case: EmbeddedCase) -> None:
    stream = embedded_case.open()
    stream.publisher.publish(Subject.RAW, [b"a"])
    embedded_case.clock.advance_ms(700)
    stream.publisher.publish(Subject.RAW, [b"b"])
    consumer = stream.consumer(Subject.RAW)
    assert stream.backlog(Subject.RAW).oldest_ms == START_MS

    consumer.ack(fetch_exactly(consumer, 1))

    assert stream.backlog(Subject.RAW).oldest_ms == START_MS + 700


def test_after_scrubbing_nothing_acknowledged_comes_again_and_all_else_does(stream_case: StreamCase) -> None:
    stream = stream_case.open()
    for number in range(3):
        stream.publisher.publish(Subject.RAW, numbered(number, 1))
    consumer = stream.consumer(Subject.RAW)
    consumer.ack(fetch_exactly(consumer, 3)[:2])
    stream.scrub()
    stream.publisher.publish(Subject.RAW, numbered(3, 1))
    again = fetch_rest(stream_case.reopen().consumer(Subject.RAW), numbered(2, 2))
    assert set(payloads(again)) == set(numbered(2, 2))


def test_the_embedded_stream_scrubs_its_files(embedded_case: EmbeddedCase) -> None:
    stream = embedded_case.open()
    payload = b"to be forgotten" * 2_000  # fills pages of its own, too
    stream.publisher.publish(Subject.RAW, [payload])
    consumer = stream.consumer(Subject.RAW)
    consumer.ack(fetch_exactly(consumer, 1))
    stream.dead_letters.add(Subject.RAW, payload, "why")
    stream.dead_letters.remove([letter.id for letter in stream.dead_letters.list(1)])

    def files_with(text: bytes) -> set[str]:
        return {path.name for path in embedded_case.directory.iterdir() if text in path.read_bytes()}

    assert files_with(b"to be forgotten")
    stream.scrub()
    assert files_with(b"to be forgotten") == set()


def test_what_waits_is_read_without_being_taken(stream_case: StreamCase) -> None:
    stream = stream_case.open()
    assert list(stream.waiting(Subject.RAW)) == []
    for first in (0, 3, 6):
        stream.publisher.publish(Subject.RAW, numbered(first, 3))
    stream.publisher.publish(Subject.DETECTIONS, [b"detection"])
    consumer = stream.consumer(Subject.RAW)
    consumer.ack(fetch_exactly(consumer, 3))

    def is_acknowledged() -> bool:
        stream_case.clock.advance_ms(2_000)  # the embedded stream notes it once a second
        return [payload for group in stream.waiting(Subject.RAW) for payload in group] == numbered(3, 6)

    assert eventually(is_acknowledged)
    assert list(stream.waiting(Subject.DETECTIONS)) == [[b"detection"]]
    assert payloads(fetch_exactly(consumer, 6)) == numbered(3, 6)


def test_a_dead_letter_of_a_backup_keeps_its_time(stream_case: StreamCase) -> None:
    letters = stream_case.open().dead_letters
    letters.add(Subject.RAW, b"a", "broken", failed_at_ms=START_MS - 5)

    assert [letter.failed_at_ms for letter in letters.list(10)] == [START_MS - 5]
