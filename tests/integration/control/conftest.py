from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.contenttypes.management import create_contenttypes
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import connection
from django.db.models.signals import post_migrate

from control_factories import NOW_MS
from litesoc_server.clock import ManualClock
from litesoc_server.ingest.key_directory import KeyDirectory
from litesoc_server.store.base import EventStore
from litesoc_server.stream.base import Stream
from litesoc_server.stream.embedded import EmbeddedStream
from litesoc_server.web.static_files import StaticFilesMiddleware
from management_api import Tenant, open_store, serving

STREAM_BYTES_MAX = 64 * 1024**2


@pytest.fixture(scope="session", autouse=True)
def nothing_made_anew_in_emptied_tables(django_db_setup: None) -> None:
    """Let Django not make its permissions and content types again after each test that commits.

    Nobody here reads permissions, and a content type is made when it is asked for.
    """
    assert post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
    assert post_migrate.disconnect(create_contenttypes)


@pytest.fixture(scope="session", autouse=True)
def tables_emptied_row_by_row(django_db_setup: None) -> Iterator[None]:
    """Let PostgreSQL delete the few rows of a test that commits: TRUNCATE makes some hundred files anew, in 50 ms."""

    def deletes(_style: object, tables: list[str], **_options: bool) -> list[str]:
        return [f"DELETE FROM {connection.ops.quote_name(table)};" for table in tables]  # keys are checked at the commit

    with pytest.MonkeyPatch.context() as patch:
        if connection.vendor == "postgresql":
            patch.setattr(connection.ops, "sql_flush", deletes)
        yield


@pytest.fixture(scope="session", autouse=True)
def static_files_found_once() -> Iterator[None]:
    """Let the middleware of every new client know the static files that the first one found: to look takes 30 ms."""
    find, found = StaticFilesMiddleware.add_files_from_finders, {}

    def add(self: StaticFilesMiddleware) -> None:
        if not found:
            find(self)
            found.update(self.files)
        self.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StaticFilesMiddleware, "add_files_from_finders", add)
        yield


@pytest.fixture(autouse=True)
def fresh_sign_in_limits() -> None:
    """Forget who tried to sign in how often."""
    cache.clear()


@pytest.fixture(autouse=True)
def content_types_that_are_there() -> None:
    """Forget the content types that a test knew whose tables are emptied since: the admin's own log refers to them."""
    ContentType.objects.clear_cache()


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
    with serving(store, stream, clock) as directory:
        yield directory


@pytest.fixture
def tenant(keys: KeyDirectory) -> Tenant:
    return Tenant()
