"""What the embedded stream promises beyond the port: kill -9, a full file, a sick disk, one owner."""

import resource
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from contract.stream_cases import (
    MAX_BYTES,
    START_MS,
    TICK,
    EmbeddedCase,
    eventually,
    fetch_exactly,
    fetch_rest,
    is_taken,
    numbered,
    payloads,
)
from litesoc_server.clock import ManualClock
from litesoc_server.events.errors import StreamFull, StreamUnavailable
from litesoc_server.stream.embedded import EmbeddedStream
from litesoc_server.stream.sqlite_dead_letters import BorrowedDeadLetters
from litesoc_server.stream.subjects import Subject

_APPENDING_CHILD = """
import asyncio, sys
from pathlib import Path
from litesoc_server.clock import SystemClock
from litesoc_server.stream.embedded import EmbeddedStream
from litesoc_server.stream.subjects import Subject

async def caller(stream, first):
    loop = asyncio.get_running_loop()
    for number in range(first, 1_000_000, 64):
        answered = loop.create_future()
        stream.publisher.append(Subject.RAW, b"payload %d" % number, answered.set_result)
        if await answered is None:
            print(number, flush=True)

async def main():
    stream = EmbeddedStream(Path(sys.argv[1]), max_bytes=2**26, clock=SystemClock())
    await asyncio.to_thread(stream.open, asyncio.get_running_loop())
    await asyncio.gather(*(caller(stream, first) for first in range(64)))

asyncio.run(main())
"""

_CHILD_WITH_A_SICK_DISK = """
import resource, signal, sys
from pathlib import Path
from litesoc_server.clock import SystemClock
from litesoc_server.events.errors import StreamFull, StreamUnavailable
from litesoc_server.stream.embedded import EmbeddedStream
from litesoc_server.stream.subjects import Subject

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
stream = EmbeddedStream(Path(sys.argv[1]), max_bytes=2**26, clock=SystemClock())
stream.open(None)
stream.publisher.publish(Subject.RAW, [b"before"])
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))  # writes beyond it fail with EFBIG
try:
    stream.publisher.publish(Subject.RAW, [b"x" * 1_000_000])
except StreamFull:
    print("full")
except StreamUnavailable:
    print("unavailable")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
stream.publisher.publish(Subject.RAW, [b"after"])
consumer = stream.consumer(Subject.RAW)
print(*(message.payload.decode() for message in consumer.fetch(10, 1)))
stream.close()
"""


def _open_another(directory: Path) -> None:
    EmbeddedStream(directory, max_bytes=MAX_BYTES, clock=ManualClock(START_MS)).open(None)


def test_what_was_acknowledged_survives_kill_nine(embedded_case: EmbeddedCase) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _APPENDING_CHILD, str(embedded_case.directory)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        acknowledged = [int(child.stdout.readline()) for _ in range(2000)]
        child.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in child.stdout.read().split("\n")[:-1]]

    expected = {b"payload %d" % number for number in acknowledged}
    stored = fetch_rest(embedded_case.open().consumer(Subject.RAW), expected)

    assert expected <= set(payloads(stored))
    assert len(stored) == len(set(payloads(stored)))
    assert all(message.is_redelivery for message in stored)


def test_a_second_owner_is_refused_with_the_reason(embedded_case: EmbeddedCase) -> None:
    embedded_case.open()

    with pytest.raises(StreamUnavailable, match="open in another process"):
        _open_another(embedded_case.directory)


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StreamUnavailable, match="Not a directory"):
        _open_another(tmp_path / "file" / "stream")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "raw.sqlite3").write_bytes(b"this is not a database, it only lies where one should" * 200)

    with pytest.raises(StreamUnavailable, match=r"raw\.sqlite3 cannot be used \(SQLITE_NOTADB\)"):
        _open_another(tmp_path)
    _second_try_finds_the_directory_unlocked(tmp_path)


def _second_try_finds_the_directory_unlocked(directory: Path) -> None:
    with pytest.raises(StreamUnavailable, match="SQLITE_NOTADB"):
        _open_another(directory)


def test_acknowledged_messages_come_again_within_the_grace_period(embedded_case: EmbeddedCase) -> None:
    """The store may not have them on disk yet when the power fails: see Line."""
    stream = embedded_case.open()
    stream.publisher.publish(Subject.RAW, numbered(0, 3))
    consumer = stream.consumer(Subject.RAW)
    consumer.ack(fetch_exactly(consumer, 3))
    embedded_case.tick(stream)
    embedded_case.clock.advance_ms(60_000)

    stream = embedded_case.reopen()
    again = [message for message in fetch_rest(stream.consumer(Subject.RAW), numbered(0, 3)) if message.payload != TICK]

    assert payloads(again) == numbered(0, 3)
    assert all(message.is_redelivery for message in again)


def test_the_backlog_after_a_restart_leaves_out_what_was_acknowledged(embedded_case: EmbeddedCase) -> None:
    stream = embedded_case.open()
    stream.publisher.publish(Subject.RAW, numbered(0, 5))
    consumer = stream.consumer(Subject.RAW)
    consumer.ack(fetch_exactly(consumer, 3))

    stream = embedded_case.reopen()

    assert stream.backlog(Subject.RAW).messages == 2
    consumer = stream.consumer(Subject.RAW)
    consumer.ack(fetch_exactly(consumer, 5))
    assert stream.backlog(Subject.RAW).messages == 0


def test_the_file_does_not_grow_under_steady_traffic(embedded_case: EmbeddedCase) -> None:
    stream = embedded_case.open()
    consumer = stream.consumer(Subject.RAW)
    page_counts: list[int] = []
    for _ in range(12):
        for number in range(20):
            stream.publisher.publish(Subject.RAW, [b"%d" % number + b"x" * 3000] * 10)
        consumer.ack(fetch_rest(consumer))
        embedded_case.outlive_grace(stream)
        assert eventually(lambda: embedded_case.record_count(stream) < 20)
        page_counts.append(embedded_case.ask("PRAGMA page_count"))

    assert max(page_counts[4:]) <= max(page_counts[:4])


def test_a_full_file_makes_room_by_itself_without_a_page_to_spare(embedded_case: EmbeddedCase) -> None:
    """Deleting needs no new page, so it works while every page is in use; then the pages are used again."""
    stream = embedded_case.open(max_bytes=1024**2)
    consumer = stream.consumer(Subject.RAW)
    for payload_bytes in (20_000, 3_000, 300, 10):
        while is_taken(stream, b"x" * payload_bytes):
            pass
    with pytest.raises(StreamFull):
        stream.publisher.publish(Subject.RAW, [b"x" * 9_000])
    consumer.ack(fetch_rest(consumer))
    embedded_case.outlive_grace(stream)

    assert eventually(lambda: is_taken(stream, b"x" * 200_000))
    assert (embedded_case.directory / "raw.sqlite3").stat().st_size <= 1024**2


def test_a_failing_disk_is_told_apart_from_a_full_one_and_the_stream_recovers(tmp_path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY

    child = subprocess.run(
        [sys.executable, "-c", _CHILD_WITH_A_SICK_DISK, str(tmp_path)], capture_output=True, text=True, check=True
    )

    assert child.stdout.split("\n")[:2] == ["unavailable", "before after"]


def test_a_command_beside_the_owner_lists_dead_letters_and_has_them_replayed(embedded_case: EmbeddedCase) -> None:
    stream = embedded_case.open()
    for payload in (b"a", b"b"):
        stream.dead_letters.add(Subject.DETECTIONS, payload, "why")

    with closing(BorrowedDeadLetters(embedded_case.directory, clock=embedded_case.clock)) as borrowed:
        letters = borrowed.list(10)
        assert [letter.payload for letter in letters] == [b"a", b"b"]
        assert borrowed.replay([letters[1].id, "987654"]) == 1
        assert payloads(fetch_exactly(stream.consumer(Subject.DETECTIONS), 1)) == [b"b"]
        assert eventually(lambda: borrowed.count() == 1)


def test_a_damaged_record_does_not_stop_the_line(embedded_case: EmbeddedCase) -> None:
    stream = embedded_case.open()
    stream.publisher.publish(Subject.RAW, numbered(0, 3))
    stream.publisher.publish(Subject.RAW, numbered(3, 1))
    embedded_case.close()
    connection = sqlite3.connect(embedded_case.directory / "raw.sqlite3")
    with connection:
        connection.execute("UPDATE groups SET record = x'ffff' WHERE first_offset = 0")
    connection.close()

    stream = embedded_case.open()
    consumer = stream.consumer(Subject.RAW)
    messages = fetch_exactly(consumer, 2)
    consumer.ack(messages)

    assert payloads(messages) == [b"\xff\xff", b"payload 3"]
    assert stream.backlog(Subject.RAW).messages == 0
