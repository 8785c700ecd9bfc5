"""Whatever happens in whatever order: what was appended is delivered at least once, and first in order of append."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from contract.stream_cases import EmbeddedCase, JetStreamCase, StreamCase, fetch_rest
from litesoc_server.stream.base import Message, Stream
from litesoc_server.stream.subjects import Subject
from servers import NatsServer

SETTINGS = settings(
    max_examples=12,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # shrinking would restart the stream thousands of times
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


class Interleavings(RuleBasedStateMachine):
    """Publishes, fetches, acknowledges, retries and restarts at random; knows what has to come.

    How many messages a fetch returns depends on timing, so nothing that hypothesis draws may depend on what is in hand.
    """

    def __init__(self, case: StreamCase) -> None:
        super().__init__()
        self._case = case
        self._stream: Stream = case.open()
        self._appended: list[bytes] = []
        self._first_delivered: list[bytes] = []
        self._in_hand: dict[bytes, Message] = {}
        self._acked: set[bytes] = set()

    @rule(count=st.integers(1, 5))
    def publish(self, count: int) -> None:
        payloads = [b"%d" % number for number in range(len(self._appended), len(self._appended) + count)]
        self._stream.publisher.publish(Subject.RAW, payloads)
        self._appended += payloads

    @rule(max_messages=st.integers(1, 7))
    def fetch(self, max_messages: int) -> None:
        if len(self._first_delivered) < len(self._appended):
            messages = self._stream.consumer(Subject.RAW).fetch(max_messages, 20)
            assert 0 < len(messages) <= max_messages
            self._note(messages)

    @rule(choice=st.integers(0, 2**12))
    def acknowledge(self, choice: int) -> None:
        """Acknowledge some of what is in hand: a bit for each."""
        chosen = [payload for place, payload in enumerate(sorted(self._in_hand)) if choice >> place & 1]
        self._stream.consumer(Subject.RAW).ack([self._in_hand.pop(payload) for payload in chosen])
        self._acked.update(chosen)

    @rule(choice=st.integers(0, 2**12))
    def retry(self, choice: int) -> None:
        chosen = sorted(self._in_hand)[choice : choice + 1]
        self._stream.consumer(Subject.RAW).retry([self._in_hand.pop(payload) for payload in chosen], delay_s=0)

    @rule()
    def restart(self) -> None:
        self._stream = self._case.reopen()
        self._in_hand.clear()

    def teardown(self) -> None:
        try:
            self.restart()
            consumer = self._stream.consumer(Subject.RAW)
            unacked = set(self._appended) - self._acked
            self._note(fetch_rest(consumer, unacked))
            assert unacked <= self._in_hand.keys()
            assert self._first_delivered == self._appended
        finally:
            self._case.close()

    def _note(self, messages: list[Message]) -> None:
        for message in messages:
            if message.payload in self._first_delivered:
                assert message.is_redelivery
            else:
                self._first_delivered.append(message.payload)
            self._in_hand[message.payload] = message


def _run(make_case: Any) -> None:
    run_state_machine_as_test(lambda: Interleavings(make_case()), settings=SETTINGS)


def test_embedded(tmp_path: Path) -> None:
    _run(lambda: EmbeddedCase(Path(tempfile.mkdtemp(dir=tmp_path))))


@pytest.mark.timeout(240)
def test_jetstream(nats_server: NatsServer) -> None:
    _run(lambda: JetStreamCase(nats_server))
