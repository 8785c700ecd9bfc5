"""The networked stream: NATS JetStream, shared by every process of an installation.

Each subject is a JetStream stream of its own with a ceiling of its own (as the embedded stream's files, and for the same
reason), and so are the dead letters. Retention is "work queue": the server deletes a message once it is acknowledged. So
what a stream holds is exactly its backlog, the ceiling means "so much may wait", and a new process never reads what is done.
Keeping acknowledged messages for a grace period, as the embedded stream does, would not help here: the store is another
machine with its own durability, and nobody would know when to deliver them again.

Losing power is the server's part: a message counts as stored when the server says so, and the server writes to disk at once
only if it is told to; see SERVER_ADVICE. The client cannot read that setting. A server whose disk ran full answers nothing,
which is StreamUnavailable here, until it is restarted with room on the disk (seen with NATS 2.15); it loses nothing.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec
from nats.js import api
from nats.js.errors import BadRequestError, NotFoundError

from litesoc_server.clock import Clock
from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.stream.base import AppendDone, Backlog, Consumer, DeadLetters, Publisher
from litesoc_server.stream.ceilings import share_out
from litesoc_server.stream.framing import decode_group
from litesoc_server.stream.jetstream_connection import JetStreamConnection
from litesoc_server.stream.jetstream_consumer import JetStreamConsumer, stream_name
from litesoc_server.stream.jetstream_dead_letters import JetStreamDeadLetters
from litesoc_server.stream.jetstream_line import JetStreamLine
from litesoc_server.stream.subjects import Subject

SERVER_ADVICE = (
    "Accepted events survive a power cut only if the NATS server's configuration says sync_interval: always in its "
    "jetstream block, or if the streams have 3 replicas on machines that do not fail together."
)
ACK_WAIT_S = 15.0  # after a worker died its messages go to another one this much later
_MAX_PAYLOAD_MIN_BYTES = 2_000_000  # a request may have 1 MiB; with its envelope it exceeds the server's default of 1 MiB
_RECORD_MAX_BYTES = 4 * 1024**2
_HEADROOM_BYTES = 64 * 1024  # a dead letter is a payload with a reason
_NAME_IN_USE = 10058  # JSStreamNameExistErr: it exists with other settings
_NAMESPACE = re.compile(r"[A-Za-z0-9_-]+")


class _State(msgspec.Struct):
    messages: int
    first_ts: datetime  # when the oldest message was stored
    subjects: dict[str, int] = {}


class _StreamInfo(msgspec.Struct):
    """The part of the server's answer to STREAM.INFO that a backlog needs; nats-py leaves out first_ts."""

    state: _State


_INFO_DECODER = msgspec.json.Decoder(_StreamInfo)


class JetStreamPublisher:
    """Implements stream.base.Publisher over the lines of a JetStreamStream."""

    def __init__(self, lines: dict[Subject, JetStreamLine]) -> None:
        self._queues = {subject: line.queue for subject, line in lines.items()}

    def append(self, subject: Subject, payload: bytes, done: AppendDone) -> None:
        """Queue ``payload`` for the next group commit; see stream.base.Publisher."""
        self._queues[subject].put(payload, done)

    def publish(self, subject: Subject, payloads: Sequence[bytes]) -> None:
        """Append all ``payloads``, as one message of the server if they fit; see stream.base.Publisher."""
        self._queues[subject].put_all(payloads)


class JetStreamStream:
    """Implements stream.base.Stream on NATS JetStream; see the module's docstring."""

    def __init__(
        self,
        url: str,
        *,
        max_bytes: int,
        clock: Clock,
        namespace: str = "litesoc",
        replicas: int = 1,
        ack_wait_s: float = ACK_WAIT_S,
    ) -> None:
        """Name the servers (URLs separated by commas), the disk ceiling and what the subjects' names begin with."""
        if not _NAMESPACE.fullmatch(namespace):
            msg = "namespace may only have letters, digits, - and _"
            raise ValueError(msg)
        self._connection = JetStreamConnection(url)
        self._ceilings = share_out(max_bytes)
        self._clock = clock
        self._namespace = namespace
        self._replicas = replicas
        self._ack_wait_s = ack_wait_s
        self._lines: dict[Subject, JetStreamLine] = {}
        self._consumers: dict[Subject, JetStreamConsumer] = {}
        self._publisher: JetStreamPublisher | None = None
        self._dead_letters: JetStreamDeadLetters | None = None

    @property
    def publisher(self) -> Publisher:
        """The producing side. Only after ``open``."""
        assert self._publisher is not None, "open() comes first"
        return self._publisher

    @property
    def dead_letters(self) -> DeadLetters:
        """The messages that could not be processed. Only after ``open``."""
        assert self._dead_letters is not None, "open() comes first"
        return self._dead_letters

    def consumer(self, subject: Subject) -> Consumer:
        """Return this process's consumer of ``subject``. Only after ``open``."""
        return self._consumers[subject]

    def backlog(self, subject: Subject) -> Backlog:
        """Return what waits on ``subject``; see stream.base.Stream. Raises StreamUnavailable.

        A group counts whole until its last payload is acknowledged.
        """
        state = self._connection.run(self._state(stream_name(self._name(subject))))
        payload_count = sum(int(name.rpartition(".")[2]) * count for name, count in state.subjects.items())
        return Backlog(payload_count, int(state.first_ts.timestamp() * 1000) if state.messages else None)

    def waiting(self, subject: Subject) -> Iterator[list[bytes]]:
        """Yield what is not acknowledged; see stream.base.Stream. Only after ``open``."""
        stream = stream_name(self._name(subject))
        info = self._connection.run(self._connection.jetstream.stream_info(stream))
        sequence = 1
        while sequence <= info.state.last_seq:
            message = self._connection.run(self._next(stream, subject, sequence))
            if message is None or message.seq is None or message.seq > info.state.last_seq:
                return
            yield decode_group(message.data or b"")
            sequence = message.seq + 1

    def open(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Connect, create or adjust the server's streams; see stream.base.Stream. Raises StreamUnavailable."""
        self._connection.open()
        try:
            last_sequences = self._connection.run(self._create_streams())
        except StreamUnavailable as error:
            self._connection.close()
            msg = f"NATS at {self._connection.where} cannot be used: {error}. Is JetStream enabled (nats-server -js)?"
            raise type(error)(msg) from error
        max_record_bytes = min(self._connection.client.max_payload, _RECORD_MAX_BYTES) - _HEADROOM_BYTES
        for subject in Subject:
            line = JetStreamLine(self._connection, self._name(subject), max_record_bytes=max_record_bytes)
            line.queue.bind(loop)
            self._lines[subject] = line
        self._publisher = JetStreamPublisher(self._lines)
        dead_letters = self._dead_letters = JetStreamDeadLetters(
            self._connection,
            name=f"{self._namespace}.dead",
            stream=stream_name(f"{self._namespace}.dead"),
            clock=self._clock,
            publish=self._publisher.publish,
        )
        for subject in Subject:
            self._consumers[subject] = JetStreamConsumer(
                self._connection,
                subject,
                self._name(subject),
                ack_wait_s=self._ack_wait_s,
                redelivered_through=last_sequences[subject],
                dead_letters=dead_letters,
            )

    def scrub(self) -> None:
        """Nothing: JetStream deletes what is acknowledged at once, and writes its files anew when it sees fit."""

    def close(self) -> None:
        """Publish what is queued, give back what is in hand, disconnect; however often it is called."""
        for line in self._lines.values():
            line.close()
        for consumer in self._consumers.values():
            consumer.close()
        self._connection.close()

    def _name(self, subject: Subject) -> str:
        return f"{self._namespace}.{subject.value}"

    async def _create_streams(self) -> dict[Subject, int]:
        """Create or adjust all streams; return the sequence number of the last message of each subject."""
        max_payload = self._connection.client.max_payload
        if max_payload < _MAX_PAYLOAD_MIN_BYTES:
            msg = f"it takes messages of {max_payload} bytes at most; set max_payload: 8MB in its configuration"
            raise StreamUnavailable(msg)
        await self._create(f"{self._namespace}.dead", api.RetentionPolicy.LIMITS, self._ceilings.dead_letters)
        last_sequences: dict[Subject, int] = {}
        for subject, max_bytes in self._ceilings.subjects.items():
            info = await self._create(self._name(subject), api.RetentionPolicy.WORK_QUEUE, max_bytes)
            last_sequences[subject] = info.state.last_seq
        return last_sequences

    async def _create(self, name: str, retention: api.RetentionPolicy, max_bytes: int) -> api.StreamInfo:
        config = api.StreamConfig(
            name=stream_name(name),
            subjects=[f"{name}.*"],
            retention=retention,
            max_bytes=max_bytes,
            discard=api.DiscardPolicy.NEW,
            storage=api.StorageType.FILE,
            num_replicas=self._replicas,
            allow_direct=True,
        )
        try:
            return await self._connection.jetstream.add_stream(config)
        except BadRequestError as error:
            if error.err_code != _NAME_IN_USE:
                raise
            return await self._connection.jetstream.update_stream(config)

    async def _next(self, stream: str, subject: Subject, sequence: int) -> api.RawStreamMsg | None:
        """Return the first message at or after ``sequence``, None when there is none."""
        try:
            return await self._connection.jetstream.get_msg(
                stream, seq=sequence, next=True, subject=f"{self._name(subject)}.>", direct=True
            )
        except NotFoundError:
            return None

    async def _state(self, stream: str) -> _State:
        answer = await self._connection.client.request(
            f"{api.DEFAULT_PREFIX}.STREAM.INFO.{stream}", b'{"subjects_filter": ">"}', timeout=5
        )
        try:
            return _INFO_DECODER.decode(answer.data).state
        except msgspec.DecodeError as error:
            msg = f"JetStream does not know the stream {stream}"
            raise StreamUnavailable(msg) from error
