"""The consuming side of one subject of the embedded stream."""

import time
from collections import deque
from collections.abc import Sequence

from litesoc_server.stream.base import DeadLetters, Message
from litesoc_server.stream.embedded_line import Line
from litesoc_server.stream.framing import decode_group
from litesoc_server.stream.retries import Retries
from litesoc_server.stream.sqlite_log import StoredGroup
from litesoc_server.stream.subjects import Subject


class EmbeddedConsumer:
    """Implements stream.base.Consumer; positions are offsets in decimal."""

    def __init__(self, subject: Subject, line: Line, dead_letters: DeadLetters) -> None:
        self._subject = subject
        self._line = line
        self._dead_letters = dead_letters
        self._next_offset = line.start
        self._read: deque[Message] = deque()  # read from the file, not handed out yet
        self._retries = Retries()

    def fetch(self, max_messages: int, max_wait_s: float) -> list[Message]:
        """Return the next messages; see stream.base.Consumer."""
        deadline_s = time.monotonic() + max_wait_s
        while True:
            messages = self._retries.take_due(max_messages)
            self._take_read(messages, max_messages)
            left_s = deadline_s - time.monotonic()
            if messages or left_s <= 0:
                return messages
            self._line.wait_beyond(self._next_offset, self._retries.wait_s(left_s))

    def ack(self, messages: Sequence[Message]) -> None:
        """Acknowledge ``messages``; see stream.base.Consumer."""
        self._line.ack([int(message.position) for message in messages])

    def retry(self, messages: Sequence[Message], delay_s: float) -> None:
        """Have ``messages`` come back; see stream.base.Consumer."""
        self._retries.add(messages, delay_s)

    def dead_letter(self, message: Message, reason: str) -> None:
        """Move ``message`` away; see stream.base.Consumer."""
        self._dead_letters.add(message.subject, message.payload, reason)
        self.ack([message])

    def _take_read(self, messages: list[Message], max_messages: int) -> None:
        if not self._read and len(messages) < max_messages:
            for group in self._line.read(self._next_offset, max_messages):
                self._unpack(group)
        while self._read and len(messages) < max_messages:
            messages.append(self._read.popleft())

    def _unpack(self, group: StoredGroup) -> None:
        payloads = decode_group(group.record)[: group.payload_count]
        for offset, payload in enumerate(payloads, group.first_offset):
            is_redelivery = offset < self._line.redelivered_below
            self._read.append(Message(self._subject, str(offset), payload, is_redelivery))
        self._next_offset = group.first_offset + group.payload_count
        unreadable = range(group.first_offset + len(payloads), self._next_offset)
        self._line.ack(unreadable)  # of a damaged group, which is handed on as one payload: see decode_group
