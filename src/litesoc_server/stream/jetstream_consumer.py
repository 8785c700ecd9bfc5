"""The consuming side of one subject on JetStream: a durable pull consumer with explicit acknowledgements.

Messages of the server carry groups. A group is held until all its payloads are acknowledged, and as long as it is held the
server is told that work goes on, so that slow work is not given to somebody else.
"""

import asyncio
import json
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js import api

from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.stream.base import DeadLetters, Message
from litesoc_server.stream.framing import decode_group
from litesoc_server.stream.jetstream_connection import JetStreamConnection
from litesoc_server.stream.retries import Retries
from litesoc_server.stream.subjects import Subject

_PULL_GROUPS = 128  # asked for at a time; also about how many groups lie here unread
_PULL_MAX_BYTES = 16 * 1024**2  # of one pull; several times the largest record
_PULL_EXPIRES_S = 5.0  # then the server gives the pull up and the next fetch asks again
_PULL_GRACE_S = 2.0  # later than this after its end, a pull is taken for lost
_HELD_GROUPS_MAX = 10_000  # the server's ceiling for this consumer, all processes together (max_ack_pending)
_UNKNOWN_BOUNDARY = sys.maxsize

_ACK, _NAK, _IN_PROGRESS = b"+ACK", b"-NAK", b"+WPI"
_STATUS = "Status"
_STATUS_HEARTBEAT = "100"
_STATUS_NOBODY_THERE = "503"  # the consumer or its stream is gone, or JetStream is starting


class _Held:
    """A group in hand."""

    __slots__ = ("remaining", "reply", "since_s")

    def __init__(self, reply: str, payload_count: int) -> None:
        self.reply = reply  # where its acknowledgement goes
        self.remaining = set(range(payload_count))
        self.since_s = time.monotonic()


class JetStreamConsumer:
    """Implements stream.base.Consumer; a position is the server's sequence number, a dot, and the place in the group."""

    def __init__(
        self,
        connection: JetStreamConnection,
        subject: Subject,
        name: str,
        *,
        ack_wait_s: float,
        redelivered_through: int,
        dead_letters: DeadLetters,
    ) -> None:
        """Prepare; the server is asked at the first fetch.

        ``name`` is what the server's subjects begin with; ``redelivered_through`` the sequence number of the last message
        that existed when this process connected.
        """
        self._connection = connection
        self._subject = subject
        self._stream = stream_name(name)
        self._filter = f"{name}.*"
        self._ack_wait_s = ack_wait_s
        self._dead_letters = dead_letters
        self._changed = threading.Condition()  # guards everything below
        self._is_set_up = False
        self._subscription: Subscription | None = None
        self._held: dict[int, _Held] = {}
        self._arrived: deque[Message] = deque()
        self._pull_left = 0
        self._pull_ends_s = 0.0
        # Up to this sequence number somebody may have seen a message, whatever its delivery count says: a server that is
        # killed forgets the latest counts.
        self._redelivered_through = redelivered_through
        self._retries = Retries()
        connection.on_disconnected.append(self._start_over)

    def fetch(self, max_messages: int, max_wait_s: float) -> list[Message]:
        """Return the next messages; see stream.base.Consumer."""
        deadline_s = time.monotonic() + max_wait_s
        while True:
            messages = self._retries.take_due(max_messages)
            with self._changed:
                while self._arrived and len(messages) < max_messages:
                    messages.append(self._arrived.popleft())
            try:
                self._ask_for_more()
            except StreamUnavailable:
                if not messages:
                    raise
            left_s = deadline_s - time.monotonic()
            if messages or left_s <= 0:
                return messages
            with self._changed:
                pull_s = max(0.0, self._pull_ends_s - time.monotonic())
                self._changed.wait_for(
                    lambda: self._arrived or not self._pull_left, min(self._retries.wait_s(left_s), pull_s)
                )

    def ack(self, messages: Sequence[Message]) -> None:
        """Acknowledge ``messages``; see stream.base.Consumer."""
        finished: list[str] = []
        with self._changed:
            for message in messages:
                sequence, _, place = message.position.partition(".")
                held = self._held.get(int(sequence))
                if held is None:
                    continue
                held.remaining.discard(int(place))
                if not held.remaining:
                    del self._held[int(sequence)]
                    finished.append(held.reply)
        if finished:
            self._connection.call_soon(lambda: self._connection.spawn(self._answer(finished, _ACK)))

    def retry(self, messages: Sequence[Message], delay_s: float) -> None:
        """Have ``messages`` come back; see stream.base.Consumer."""
        self._retries.add(messages, delay_s)

    def dead_letter(self, message: Message, reason: str) -> None:
        """Move ``message`` away; see stream.base.Consumer."""
        self._dead_letters.add(message.subject, message.payload, reason)
        self.ack([message])

    def close(self) -> None:
        """Give back what is in hand, so that the next process gets it at once."""
        self._connection.call_soon(lambda: self._connection.spawn(self._give_back()))

    def _ask_for_more(self) -> None:
        """Set up what is missing and start a pull unless one runs or enough lies here. Raises StreamUnavailable."""
        if not self._is_set_up:
            self._connection.run(self._set_up())
        now_s = time.monotonic()
        with self._changed:
            if len(self._arrived) >= _PULL_GROUPS or (self._pull_left and now_s < self._pull_ends_s):
                return
            self._pull_left = _PULL_GROUPS
            self._pull_ends_s = now_s + _PULL_EXPIRES_S + _PULL_GRACE_S
        self._connection.call_soon(lambda: self._connection.spawn(self._pull()))

    async def _set_up(self) -> None:
        await self._connection.jetstream.add_consumer(
            self._stream,
            name=self._stream,
            durable_name=self._stream,
            filter_subject=self._filter,
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=self._ack_wait_s,
            max_ack_pending=_HELD_GROUPS_MAX,
        )
        if self._subscription is None:
            client = self._connection.client
            self._subscription = await client.subscribe(client.new_inbox(), cb=self._receive)
            self._connection.spawn(self._keep_held(), is_endless=True)
        if self._redelivered_through == _UNKNOWN_BOUNDARY:
            info = await self._connection.jetstream.stream_info(self._stream)
            self._redelivered_through = info.state.last_seq
        self._is_set_up = True

    async def _pull(self) -> None:
        request = {"batch": _PULL_GROUPS, "max_bytes": _PULL_MAX_BYTES, "expires": int(_PULL_EXPIRES_S * 1e9)}
        api_subject = f"{api.DEFAULT_PREFIX}.CONSUMER.MSG.NEXT.{self._stream}.{self._stream}"
        assert self._subscription is not None, "set up before the first pull"
        try:
            await self._connection.client.publish(
                api_subject, json.dumps(request).encode(), reply=self._subscription.subject
            )
        except (nats.errors.Error, OSError):
            self._end_pull()

    async def _receive(self, message: Msg) -> None:
        status = message.headers.get(_STATUS) if message.headers else None
        if status == _STATUS_HEARTBEAT:
            return
        if status is not None:
            if status == _STATUS_NOBODY_THERE:
                self._start_over()
            self._end_pull()
            return
        facts = message.metadata
        sequence = facts.sequence.stream
        payloads = decode_group(message.data)
        is_redelivery = facts.num_delivered > 1 or sequence <= self._redelivered_through
        with self._changed:
            self._pull_left = max(0, self._pull_left - 1)
            held = self._held.get(sequence)
            if held is not None:  # in hand already: the server forgot that it had given it to us
                held.reply = message.reply
                return
            self._held[sequence] = _Held(message.reply, len(payloads))
            self._arrived.extend(
                Message(self._subject, f"{sequence}.{place}", payload, is_redelivery)
                for place, payload in enumerate(payloads)
            )
            self._changed.notify_all()

    def _start_over(self) -> None:
        """Set up again at the next fetch, and trust no delivery count until then: the connection was lost."""
        self._redelivered_through = _UNKNOWN_BOUNDARY
        self._is_set_up = False
        self._end_pull()

    def _end_pull(self) -> None:
        with self._changed:
            self._pull_left = 0
            self._changed.notify_all()

    async def _keep_held(self) -> None:
        """Tell the server again and again that the groups in hand are still being worked on."""
        interval_s = self._ack_wait_s / 3
        while True:
            await asyncio.sleep(interval_s)
            with self._changed:
                before_s = time.monotonic() - interval_s / 2
                replies = [held.reply for held in self._held.values() if held.since_s < before_s]
            await self._answer(replies, _IN_PROGRESS)

    async def _give_back(self) -> None:
        """Return what is in hand, in order, to whoever fetches next.

        First the inbox is drained, so that nothing on its way to us gets lost until its time runs out. Then the server is
        asked for the consumer's state, which makes it drop our last pull: as long as it has that pull, it tries to send us
        the first message again, and puts it behind the others when that fails.
        """
        if self._subscription is not None and self._connection.is_connected:
            with suppress(nats.errors.Error, OSError):
                await self._subscription.drain()
                await self._connection.jetstream.consumer_info(self._stream, self._stream)
        with self._changed:
            replies = [held.reply for held in self._held.values()]
            self._held.clear()
            self._arrived.clear()
        await self._answer(replies, _NAK)

    async def _answer(self, replies: Sequence[str], answer: bytes) -> None:
        """Send ``answer`` for each group. One that gets lost costs a redelivery, which is marked as such."""
        with suppress(nats.errors.Error, OSError):
            for reply in replies:
                await self._connection.client.publish(reply, answer)


def stream_name(name: str) -> str:
    """Return the name of the JetStream stream, and of its consumer, for the subjects below ``name``: without dots."""
    return name.replace(".", "-")
