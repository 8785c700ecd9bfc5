"""How many durable appends a second the stream takes, and how long one alone waits.

Usage: python benchmarks/stream_append.py [--seconds 2]; takes about four times that. NATS is a private server.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from litesoc_server.clock import SystemClock
from litesoc_server.stream.base import Stream
from litesoc_server.stream.embedded import EmbeddedStream
from litesoc_server.stream.jetstream import JetStreamStream
from litesoc_server.stream.subjects import Subject

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from servers import NatsServer  # the tests' private servers

MAX_BYTES = 4 * 1024**3
PAYLOAD = b"x" * 300  # a typical single event
CALLERS = 64


async def append_for(stream: Stream, callers: int, seconds: float) -> list[float]:
    """Have ``callers`` tasks append one payload after the other; return every append's time, seconds, sorted."""
    loop = asyncio.get_running_loop()
    times_s: list[float] = []
    stop_s = time.perf_counter() + seconds

    async def caller() -> None:
        while (start_s := time.perf_counter()) < stop_s:
            answered: asyncio.Future[None] = loop.create_future()

            def done(error: Exception | None, answered: "asyncio.Future[None]" = answered) -> None:
                if error is None:
                    answered.set_result(None)
                else:
                    answered.set_exception(error)

            stream.publisher.append(Subject.RAW, PAYLOAD, done)
            await answered
            times_s.append(time.perf_counter() - start_s)

    await asyncio.gather(*(caller() for _ in range(callers)))
    return sorted(times_s)


async def measure(name: str, stream: Stream, seconds: float) -> None:
    """Print one line for 64 callers and one for a lone caller."""
    await asyncio.to_thread(stream.open, asyncio.get_running_loop())
    try:
        for callers in (CALLERS, 1):
            times_s = await append_for(stream, callers, seconds)
            p50_ms, p99_ms = (times_s[int(len(times_s) * part)] * 1000 for part in (0.5, 0.99))
            print(f"{name:10} {callers:3} callers {len(times_s) / seconds:8.0f}/s  p50 {p50_ms:.2f} ms  p99 {p99_ms:.2f} ms")
    finally:
        await asyncio.to_thread(stream.close)


async def main() -> None:
    """Measure the streams that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--switch-interval", type=float, default=sys.getswitchinterval())
    arguments = parser.parse_args()
    sys.setswitchinterval(arguments.switch_interval)
    with tempfile.TemporaryDirectory() as directory:
        embedded = EmbeddedStream(Path(directory, "stream"), max_bytes=MAX_BYTES, clock=SystemClock())
        await measure("embedded", embedded, arguments.seconds)
        server = NatsServer(Path(directory, "nats"))
        server.start()
        await measure("jetstream", JetStreamStream(server.url, max_bytes=MAX_BYTES, clock=SystemClock()), arguments.seconds)
        server.stop()


if __name__ == "__main__":
    asyncio.run(main())
