"""The stream port: append is durable, delivery is at least once and in order of append, and nothing blocks the line.

Every implementation passes tests/contract/test_stream.py.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeAlias

import msgspec

from litesoc_server.stream.subjects import Subject

AppendDone: TypeAlias = Callable[[Exception | None], None]


class Message(msgspec.Struct, frozen=True):
    """One payload on its way to a consumer."""

    subject: Subject
    position: str  # opaque, unique within the subject
    payload: bytes
    is_redelivery: bool  # it may have been handed to a consumer before (a crash, a retry): effects must be idempotent


class DeadLetter(msgspec.Struct, frozen=True):
    """A message that could not be processed, kept for people to look at and to replay."""

    id: str
    subject: Subject  # where it came from and where a replay sends it
    payload: bytes
    reason: str  # ids and field names only, never values
    failed_at_ms: int  # Unix ms


class Backlog(msgspec.Struct, frozen=True):
    """How much waits on one subject."""

    messages: int
    oldest_ms: int | None  # Unix ms at which the oldest waiting message was appended


class Publisher(Protocol):
    """The producing side. Both methods make the payload durable before they report success."""

    def append(self, subject: Subject, payload: bytes, done: AppendDone) -> None:
        """Queue ``payload`` for the next group commit and return at once; never blocks, never raises.

        Call from the event loop given to ``Stream.open`` only. ``done`` is called on that loop, exactly once: with None when
        the payload is durable, with StreamFull or StreamUnavailable when it is not. Payloads that arrive while a commit is
        in flight share the next one.
        """
        ...

    def publish(self, subject: Subject, payloads: Sequence[bytes]) -> None:
        """Append all ``payloads`` in one commit and return when they are durable. For any thread but the event loop's.

        Raises StreamFull or StreamUnavailable; then none or all of them may have been stored.
        """
        ...


class Consumer(Protocol):
    """The consuming side of one subject, for one thread. One consumer per subject and process."""

    def fetch(self, max_messages: int, max_wait_s: float) -> list[Message]:
        """Return the next messages in order of append: as soon as there is one, at most ``max_messages``; [] after the wait.

        Raises StreamUnavailable when the stream cannot be reached; the caller waits and calls again.
        """
        ...

    def ack(self, messages: Sequence[Message]) -> None:
        """Say that every effect of ``messages`` is durable: they need not be delivered again."""
        ...

    def retry(self, messages: Sequence[Message], delay_s: float) -> None:
        """Have ``messages`` delivered again after ``delay_s``, marked as redelivery; later ones do not wait for them."""
        ...

    def dead_letter(self, message: Message, reason: str) -> None:
        """Move ``message`` to the dead letters, durably, and acknowledge it."""
        ...


class DeadLetters(Protocol):
    """The dead letters of the whole stream. Blocking; for any thread but the event loop's."""

    def add(self, subject: Subject, payload: bytes, reason: str, *, failed_at_ms: int | None = None) -> None:
        """Store one dead letter durably, for when only a part of a message is bad. A replay sends it to ``subject``.

        ``failed_at_ms`` (Unix ms) is for letters that come out of a backup; None = now.
        """
        ...

    def list(self, limit: int, *, after: str | None = None) -> "list[DeadLetter]":
        """Return at most ``limit`` dead letters, oldest first; those that came after the one with the id ``after``."""
        ...

    def remove(self, ids: "Sequence[str]") -> None:
        """Remove these for good; unknown ids are passed over."""
        ...

    def replay(self, ids: "Sequence[str]") -> int:
        """Append these to their subjects again and remove them here; unknown ids are passed over. Returns how many went."""
        ...

    def count(self) -> int:
        """Return how many there are."""
        ...


class Stream(Protocol):
    """One open stream: opened once per process, in its final process, before its event loop serves anyone."""

    @property
    def publisher(self) -> Publisher:
        """The producing side."""
        ...

    @property
    def dead_letters(self) -> DeadLetters:
        """The messages that could not be processed."""
        ...

    def consumer(self, subject: Subject) -> Consumer:
        """Return the consuming side of ``subject``."""
        ...

    def backlog(self, subject: Subject) -> Backlog:
        """Return what was appended to ``subject`` and not acknowledged yet. Blocking."""
        ...

    def scrub(self) -> None:
        """Have nothing left of acknowledged messages and of removed dead letters, on the disk and for a next start.

        How far that goes says the implementation. Blocking. Raises StreamUnavailable; to be called again then.
        """
        ...

    def waiting(self, subject: Subject) -> Iterator[list[bytes]]:
        """Yield the payloads that were appended until now and are not acknowledged, in order, without taking them.

        For backups. Some that are acknowledged may be among them. Blocking. Raises StreamUnavailable, also midway.
        """
        ...

    def open(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Connect or create, and bind ``Publisher.append`` to ``loop`` (None: this process only publishes and consumes).

        Blocking, and not to be called on ``loop`` itself. Raises StreamUnavailable with the reason and the fix.
        """
        ...

    def close(self) -> None:
        """Flush what is queued, then release everything. Blocking."""
        ...
