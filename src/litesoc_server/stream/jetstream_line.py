"""The producing side of one subject on JetStream: a queue, and the task that publishes what waits as one message."""

import asyncio
import logging
from collections.abc import Sequence

import nats.errors

from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.stream.framing import encode_group
from litesoc_server.stream.group_queue import GroupQueue
from litesoc_server.stream.jetstream_connection import JetStreamConnection, stream_error

log = logging.getLogger(__name__)

# A queued payload waits for the publish in flight and for its own: it fails after at most 4 s when the server hangs.
_PUBLISH_TIMEOUT_S = 2.0


class JetStreamLine:
    """Publishes to ``<name>.<number of payloads>``: so the server can tell how many payloads wait, not only messages."""

    def __init__(self, connection: JetStreamConnection, name: str, *, max_record_bytes: int) -> None:
        """Start the task on the open ``connection``."""
        self._connection = connection
        self._name = name
        self._max_record_bytes = max_record_bytes
        self._wake = asyncio.Event()
        self.queue = GroupQueue(max_record_bytes=max_record_bytes, wake=lambda: connection.call_soon(self._wake.set))
        connection.call_soon(lambda: connection.spawn(self._run()))

    def close(self) -> None:
        """Refuse new payloads; the connection's ``close`` waits until those that are queued are settled."""
        self.queue.close()

    async def _run(self) -> None:
        while True:
            is_closing = self.queue.is_closed  # read before take: nothing can be queued after it
            groups = self.queue.take()
            error: StreamUnavailable | None = None
            for group in groups:  # nearly always one
                error = error or await self._publish(group.payloads)
                group.settle(error)
            if not groups:
                if is_closing:
                    return
                await self._wake.wait()
                self._wake.clear()

    async def _publish(self, payloads: Sequence[bytes]) -> StreamUnavailable | None:
        """Publish one group and wait until the server has it on disk. Returns why it has not."""
        record = encode_group(payloads)
        if len(record) > self._max_record_bytes:
            return StreamUnavailable(f"a payload of {len(record)} bytes is too large: raise max_payload of the NATS server")
        try:
            await self._connection.jetstream.publish(f"{self._name}.{len(payloads)}", record, timeout=_PUBLISH_TIMEOUT_S)
        except (nats.errors.Error, OSError) as error:
            return stream_error(error)
        except Exception:  # a bug must not leave callers without an answer, nor the line without its task
            log.exception("publishing to %s failed", self._name)
            return StreamUnavailable(f"{self._name} cannot be written; see the server's log")
        return None
