"""The dead letters on JetStream: a stream of their own, one message each; its sequence number is the id."""

from collections.abc import Callable, Sequence

import msgspec
from nats.js.errors import APIError, NotFoundError

from litesoc_server.clock import Clock
from litesoc_server.stream.base import DeadLetter
from litesoc_server.stream.jetstream_connection import CALL_TIMEOUT_S, JetStreamConnection
from litesoc_server.stream.subjects import Subject

_NO_SUCH_SEQUENCE = 10043  # server/errors.json of nats-server: JSSequenceNotFoundErrF


class _Letter(msgspec.Struct, frozen=True, array_like=True):
    """What a message of the stream holds. New fields go to the end and have defaults."""

    payload: bytes
    reason: str
    failed_at_ms: int


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Letter)


class JetStreamDeadLetters:
    """Implements stream.base.DeadLetters."""

    def __init__(
        self,
        connection: JetStreamConnection,
        *,
        name: str,
        stream: str,
        clock: Clock,
        publish: Callable[[Subject, Sequence[bytes]], None],
    ) -> None:
        """Letters go to the subject ``<name>.<where they came from>``, kept by ``stream``; a replay through ``publish``."""
        self._connection = connection
        self._name = name
        self._stream = stream
        self._clock = clock
        self._publish = publish

    def add(self, subject: Subject, payload: bytes, reason: str, *, failed_at_ms: int | None = None) -> None:
        """Store one dead letter; see stream.base.DeadLetters. Raises StreamFull or StreamUnavailable."""
        at_ms = self._clock.now_ms() if failed_at_ms is None else failed_at_ms
        letter = _ENCODER.encode(_Letter(payload, reason, at_ms))
        self._connection.run(self._connection.jetstream.publish(f"{self._name}.{subject.value}", letter))

    def list(self, limit: int, *, after: str | None = None) -> list[DeadLetter]:
        """Return the oldest; see stream.base.DeadLetters. Raises StreamUnavailable."""
        letters: list[DeadLetter] = []
        sequence = int(after or 0) + 1
        while len(letters) < limit:
            letter = self._connection.run(self._next(sequence))
            if letter is None:
                break
            letters.append(letter)
            sequence = int(letter.id) + 1
        return letters

    def replay(self, ids: Sequence[str]) -> int:
        """Send these where they came from; see stream.base.DeadLetters. Raises StreamFull or StreamUnavailable.

        One by one, appended before it is removed: whatever interrupts it, none is lost and at most one comes twice.
        """
        count = 0
        for letter_id in ids:
            letter = self._connection.run(self._next(int(letter_id))) if letter_id.isdecimal() else None
            if letter is None or letter.id != letter_id:
                continue
            self._publish(letter.subject, [letter.payload])
            self._connection.run(self._connection.jetstream.delete_msg(self._stream, int(letter_id)))
            count += 1
        return count

    def remove(self, ids: Sequence[str]) -> None:
        """Remove these; see stream.base.DeadLetters. Raises StreamUnavailable."""
        for letter_id in ids:
            self._connection.run(self._remove(int(letter_id)))

    def count(self) -> int:
        """Return how many there are. Raises StreamUnavailable."""
        info = self._connection.run(self._connection.jetstream.stream_info(self._stream), timeout_s=CALL_TIMEOUT_S)
        return info.state.messages

    async def _remove(self, sequence: int) -> None:
        try:
            await self._connection.jetstream.delete_msg(self._stream, sequence)
        except APIError as error:
            if error.err_code != _NO_SUCH_SEQUENCE:
                raise

    async def _next(self, sequence: int) -> DeadLetter | None:
        """Return the first letter at or after ``sequence``, None when there is none."""
        try:
            message = await self._connection.jetstream.get_msg(
                self._stream, seq=sequence, next=True, subject=f"{self._name}.>", direct=True
            )
        except NotFoundError:
            return None
        letter = _DECODER.decode(message.data or b"")
        subject = Subject((message.subject or "").removeprefix(f"{self._name}."))
        return DeadLetter(str(message.seq), subject, letter.payload, letter.reason, letter.failed_at_ms)
