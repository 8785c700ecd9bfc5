"""Both streams behind one handle, so that a test can open, close and reopen either without knowing which it is."""

import asyncio
import itertools
import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from litesoc_server.clock import ManualClock
from litesoc_server.events.errors import StreamFull, StreamUnavailable
from litesoc_server.stream.base import Consumer, Message, Stream
from litesoc_server.stream.embedded import GRACE_S, EmbeddedStream
from litesoc_server.stream.jetstream import JetStreamStream
from litesoc_server.stream.subjects import Subject
from servers import NatsServer

MAX_BYTES = 64 * 1024**2
START_MS = 1_800_000_000_000
WAIT_S = 20.0  # ends as soon as something comes; only a failing test waits as long
QUIET_S = 0.2  # how long nothing may come where nothing should
TICK = b"tick"

_namespaces = itertools.count()


class StreamCase(ABC):
    """One stream's storage; ``open`` it as often as wanted, one at a time."""

    def __init__(self) -> None:
        self.clock = ManualClock(START_MS)
        self._open: list[Stream] = []

    def open(self, loop: asyncio.AbstractEventLoop | None = None, *, max_bytes: int = MAX_BYTES) -> Stream:
        """Open the stream. Blocking: not on ``loop``."""
        stream = self.make(max_bytes)
        stream.open(loop)
        self._open.append(stream)
        return stream

    def close(self) -> None:
        """Close what is open."""
        while self._open:
            self._open.pop().close()

    def reopen(self, *, max_bytes: int = MAX_BYTES) -> Stream:
        """Close what is open, and open again."""
        self.close()
        return self.open(max_bytes=max_bytes)

    @abstractmethod
    def make(self, max_bytes: int) -> Stream:
        """Return the stream, not open."""

    @abstractmethod
    def record_count(self, stream: Stream) -> int:
        """Return how many records (commits, at most) the raw subject holds."""

    @abstractmethod
    def outlive_grace(self, stream: Stream) -> None:
        """Let what is acknowledged get so old that nothing needs it any more. May publish TICK to raw."""


class EmbeddedCase(StreamCase):
    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.directory = directory

    def make(self, max_bytes: int) -> Stream:
        return EmbeddedStream(self.directory, max_bytes=max_bytes, clock=self.clock)

    def record_count(self, stream: Stream) -> int:
        return self.ask("SELECT count(*) FROM groups")

    def ask(self, query: str) -> int:
        """Return what the raw subject's file answers."""
        connection = sqlite3.connect(self.directory / "raw.sqlite3")
        try:
            answer: int = connection.execute(query).fetchone()[0]
        finally:
            connection.close()
        return answer

    def outlive_grace(self, stream: Stream) -> None:
        self.tick(stream)
        self.clock.advance_ms(int(GRACE_S * 1000))
        self.tick(stream)

    def tick(self, stream: Stream) -> None:
        """Have the writer thread look at the clock: it does after every commit, before it takes the next group."""
        self.clock.advance_ms(1000)
        for _ in range(2):
            try:
                stream.publisher.publish(Subject.RAW, [TICK])
            except StreamFull:
                continue


class JetStreamCase(StreamCase):
    def __init__(self, server: NatsServer, *, ack_wait_s: float = 15.0) -> None:
        super().__init__()
        self.server = server
        self.namespace = f"test-{next(_namespaces)}"
        self.ack_wait_s = ack_wait_s

    def make(self, max_bytes: int) -> Stream:
        return JetStreamStream(
            self.server.url, max_bytes=max_bytes, clock=self.clock, namespace=self.namespace, ack_wait_s=self.ack_wait_s
        )

    def record_count(self, stream: Stream) -> int:
        assert isinstance(stream, JetStreamStream)
        info = stream._connection.run(stream._connection.jetstream.stream_info(f"{self.namespace}-raw"))
        return info.state.messages

    def outlive_grace(self, stream: Stream) -> None:
        """Nothing to do: JetStream deletes what is acknowledged."""


@pytest.fixture
def embedded_case(tmp_path: Path) -> Iterator[EmbeddedCase]:
    case = EmbeddedCase(tmp_path / "stream")
    yield case
    case.close()


@pytest.fixture
def jetstream_case(nats_server: NatsServer) -> Iterator[JetStreamCase]:
    case = JetStreamCase(nats_server)
    yield case
    case.close()


@pytest.fixture(params=["embedded_case", "jetstream_case"])
def stream_case(request: pytest.FixtureRequest) -> StreamCase:
    """Run the test over every implementation."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, StreamCase)
    return found


def numbered(first: int, count: int) -> list[bytes]:
    """Return payloads that can be told apart."""
    return [b"payload %d" % number for number in range(first, first + count)]


def fetch_exactly(consumer: Consumer, count: int) -> list[Message]:
    """Fetch until there are ``count`` messages; fails when they do not come, or more do."""
    messages: list[Message] = []
    while len(messages) < count:
        more = consumer.fetch(count - len(messages), WAIT_S)
        assert more, f"{len(messages)} of {count} messages came"
        messages += more
    return messages


def fetch_rest(consumer: Consumer, expected: Iterable[bytes] = ()) -> list[Message]:
    """Fetch until what is expected has come, or does not come at all, and then until nothing more comes."""
    messages: list[Message] = []
    missing = set(expected)
    while more := consumer.fetch(1000, WAIT_S if missing else QUIET_S):
        messages += more
        missing.difference_update(payloads(more))
    return messages


def payloads(messages: Sequence[Message]) -> list[bytes]:
    """Return what the messages carry."""
    return [message.payload for message in messages]


def eventually(condition: Callable[[], bool]) -> bool:
    """Ask until it is true: an acknowledgement, say, takes effect behind the caller's back."""
    deadline_s = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.002)
    return True


def is_taken(stream: Stream, payload: bytes) -> bool:
    """Publish ``payload`` to raw; return whether the stream took it."""
    try:
        stream.publisher.publish(Subject.RAW, [payload])
    except StreamUnavailable:
        return False
    return True
