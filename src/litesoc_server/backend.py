"""What the API and the pages need from the data plane; the runtime puts it in before it serves."""

from collections.abc import Callable
from dataclasses import dataclass, field

from litesoc_server.clock import Clock
from litesoc_server.health.recent import RecentLooks
from litesoc_server.ingest.key_directory import KeyDirectory
from litesoc_server.ingest.key_use import KeyUse
from litesoc_server.ingest.limits import QuotaMeter, RateLimiter
from litesoc_server.ingest.refusals import RefusalCounts
from litesoc_server.pipeline.enrich.data_sets import IpDataState
from litesoc_server.store.base import EventReader
from litesoc_server.stream.base import Stream


@dataclass(frozen=True, kw_only=True)
class Backend:
    """The parts that the API and the pages ask. Each may be called from any thread."""

    reader: EventReader
    looks_at_senders: RecentLooks
    stream: Stream
    key_directory: KeyDirectory
    key_use: KeyUse
    rate_limiter: RateLimiter
    quota_meter: QuotaMeter
    refusals: RefusalCounts = field(default_factory=RefusalCounts)
    ip_data: Callable[[], IpDataState]  # which IP data is in use
    clock: Clock


_in_use: Backend | None = None


def use(backend: Backend) -> None:
    """Serve from ``backend`` from now on."""
    global _in_use  # noqa: PLW0603 # Django finds its views by import, so there is nobody to hand it to
    _in_use = backend


def current() -> Backend:
    """Return what was put in by `use`, which comes before the first request."""
    assert _in_use is not None, "use() comes first"
    return _in_use
