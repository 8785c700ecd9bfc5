from collections.abc import Iterator

import pytest

from control_factories import NOW_MS
from litesoc_server.clock import ManualClock
from litesoc_server.ingest.key_directory import KeyDirectory
from litesoc_server.store.base import EventStore
from management_api import Tenant, open_store, serving


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventStore]:
    with open_store(tmp_path_factory.mktemp("store")) as opened:
        yield opened


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW_MS)


@pytest.fixture
def keys(transactional_db: None, store: EventStore, clock: ManualClock) -> Iterator[KeyDirectory]:
    """The API is served; keys are looked up by threads of their own, so what tests write has to be committed."""
    with serving(store, clock) as directory:
        yield directory


@pytest.fixture
def tenant(keys: KeyDirectory) -> Tenant:
    return Tenant()
