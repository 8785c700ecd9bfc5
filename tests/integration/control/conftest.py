from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache import cache

from control_factories import NOW_MS
from litesoc_server.clock import ManualClock
from litesoc_server.ingest.key_directory import KeyDirectory
from litesoc_server.store.base import EventStore
from litesoc_server.stream.base import Stream
from litesoc_server.stream.embedded import EmbeddedStream
from management_api import Tenant, open_store, serving

STREAM_BYTES_MAX = 64 * 1024**2


@pytest.fixture(autouse=True)
def fresh_sign_in_limits() -> None:
    """Forget who tried to sign in how often."""
    cache.clear()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventStore]:
    with open_store(tmp_path_factory.mktemp("store")) as opened:
        yield opened


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW_MS)


@pytest.fixture
def stream(tmp_path: Path, clock: ManualClock) -> Iterator[Stream]:
    opened = EmbeddedStream(tmp_path / "stream", max_bytes=STREAM_BYTES_MAX, clock=clock)
    opened.open(None)
    yield opened
    opened.close()


@pytest.fixture
def keys(transactional_db: None, store: EventStore, stream: Stream, clock: ManualClock) -> Iterator[KeyDirectory]:
    """The API is served; keys are looked up by threads of their own, so what tests write has to be committed."""
    with serving(store, stream.publisher, clock) as directory:
        yield directory


@pytest.fixture
def tenant(keys: KeyDirectory) -> Tenant:
    return Tenant()
