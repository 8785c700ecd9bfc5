"""What the stores do when something is wrong: another owner, kill -9, a server that is away, wrong settings."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from clickhouse_http import PASSWORD, USER, ClickHouseServer
from contract.store_cases import MEMORY_BYTES, NOW_MS, list_all, make_event, make_events, new_org, newest_first, stored
from litesoc_server.events.event import Actor
from litesoc_server.events.ids import OrgId
from litesoc_server.store import migrations
from litesoc_server.store.base import EventFilter, StoreUnavailable
from litesoc_server.store.chdb import ChdbStore
from litesoc_server.store.clickhouse import ClickHouseStore

TESTS = Path(__file__).parents[1]
ROUNDS = 3
BATCHES_MAX = 12


def make_store(directory: Path) -> ChdbStore:
    return ChdbStore(directory, memory_bytes=MEMORY_BYTES)


@contextmanager
def writing_process(directory: Path, org_id: OrgId) -> Iterator[subprocess.Popen[str]]:
    """Start a process that writes batches to ``directory``; kill it with SIGKILL at the end."""
    command = [sys.executable, str(TESTS / "contract" / "store_writer_main.py"), str(directory), org_id]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


def read_batches(process: subprocess.Popen[str], count: int) -> list[list[str]]:
    """Return the ids of the first batches that were written."""
    assert process.stdout is not None
    return [process.stdout.readline().split() for _ in range(count)]


def test_kill_9_loses_no_insert_that_returned_and_shows_nothing_twice(tmp_path: Path) -> None:
    org, rng, written = new_org(), random.Random(4), set[str]()
    for _ in range(ROUNDS):
        with writing_process(tmp_path, org) as process:
            batches = read_batches(process, rng.randint(1, BATCHES_MAX))
            time.sleep(rng.random() / 20)  # somewhere within the next insert
        written.update(event_id for batch in batches for event_id in batch)

    with closing(make_store(tmp_path)) as store:
        store.open()
        found = [event.event_id for event in list_all(store, org)]
        assert written <= set(found)
        assert len(found) == len(set(found))
        assert not list((tmp_path / "inserts").iterdir())


def test_a_store_that_another_process_has_open_is_refused_with_the_reason(tmp_path: Path) -> None:
    with writing_process(tmp_path, new_org()) as process:
        read_batches(process, 1)
        store = make_store(tmp_path)
        with pytest.raises(StoreUnavailable, match=f"already open in process {process.pid}; stop that one first"):
            store.open()
        assert process.poll() is None
    store.open()  # now that the other one is gone
    store.close()


def test_a_second_store_in_one_process_is_refused(tmp_path: Path) -> None:
    with closing(make_store(tmp_path / "a")) as first:
        first.open()
        with pytest.raises(StoreUnavailable, match=f"already open in process {os.getpid()}"):
            make_store(tmp_path / "a").open()
        with pytest.raises(StoreUnavailable, match=r"cannot be opened: .*different path"):
            make_store(tmp_path / "b").open()
        first.ping()


def test_a_path_that_is_no_directory_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("not a directory")

    with pytest.raises(StoreUnavailable, match=r"the event store in .*/store cannot be opened: Not a directory"):
        make_store(tmp_path / "store").open()


def test_what_a_killed_insert_left_behind_is_swept(tmp_path: Path) -> None:
    leftover = tmp_path / "inserts" / "tmp1234.native"
    leftover.parent.mkdir()
    leftover.write_bytes(b"half an insert")

    with closing(make_store(tmp_path)) as store:
        store.open()
        store.insert(stored(make_events(new_org(), 3)))

        assert not list((tmp_path / "inserts").iterdir())


def test_the_memory_ceiling_is_the_configured_one_and_a_query_above_it_fails_alone(tmp_path: Path) -> None:
    with closing(make_store(tmp_path)) as store:
        store.open()
        sizes = dict(store._read("SELECT name, value FROM system.server_settings WHERE changed", {}))
        assert sizes["max_server_memory_usage"] == str(MEMORY_BYTES)
        assert sizes["mark_cache_size"] == str(MEMORY_BYTES // 16)

        with pytest.raises(StoreUnavailable, match="241 MEMORY_LIMIT_EXCEEDED"):
            store._read("SELECT groupArray(number) FROM numbers(100000000)", {})
        store.ping()


def test_every_core_works_on_a_question_however_small_the_ceiling_is(tmp_path: Path) -> None:
    store = make_store(tmp_path / "store")
    store.open()
    try:
        ((threads,),) = store._read("SELECT getSetting('max_threads')", {})
        plan = [line for (line,) in store._read("EXPLAIN PIPELINE SELECT sum(number) FROM numbers_mt(100000000)", {})]
    finally:
        store.close()
    if threads > 1:
        assert any(f"AggregatingTransform \N{MULTIPLICATION SIGN} {threads}" in line for line in plan), plan
    else:
        assert os.cpu_count() == 1


def test_a_memory_option_that_the_engine_does_not_know_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = make_store(tmp_path)
    monkeypatch.setattr(store, "_engine_options", lambda: {"max_server_memory_usages": MEMORY_BYTES})

    with pytest.raises(StoreUnavailable, match="ignores its memory ceiling"):
        store.open()


def test_a_newer_schema_is_accepted_and_an_unfinished_migration_is_repeated(tmp_path: Path) -> None:
    org = new_org()
    event = make_event(org)
    for revision in ("9999", None):
        with closing(make_store(tmp_path)) as store:
            store.open()
            store.insert(stored([event]))
            assert store._writer is not None
            store._writer.command(f"TRUNCATE TABLE {migrations.VERSION_TABLE}")
            if revision is not None:
                store._writer.insert(migrations.VERSION_TABLE, [[revision]])
    with closing(make_store(tmp_path)) as store:
        store.open()
        assert list_all(store, org) == [event]


def test_the_newest_migration_is_the_one_that_a_start_looks_for() -> None:
    scripts = sorted(path.name for path in Path(migrations.__file__).parent.glob("versions/*.py"))

    assert scripts[-1].startswith(f"{migrations.HEAD}_")


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[ClickHouseServer]:
    """A server for one test to stop and start."""
    server = ClickHouseServer(tmp_path / "server")
    server.start()
    yield server
    server.kill()


def test_a_server_that_is_away_is_named_without_any_value_and_used_again_when_it_is_back(
    own_server: ClickHouseServer,
) -> None:
    org = new_org()
    actor = Actor("secret-actor")
    before, after = make_event(org, actor=actor), make_event(org, NOW_MS + 1, actor=actor)
    with closing(ClickHouseStore(own_server.url)) as store:
        store.open()
        store.insert(stored([before]))
        own_server.kill()

        attempts: list[Any] = [
            store.ping,
            store.describe,
            lambda: store.insert(stored([after])),
            lambda: store.existing(stored([before])),
            lambda: store.list_events(org_id=org, where=EventFilter(actor_id=actor.id), limit=5, offset=0),
            lambda: store.get_event(org_id=org, event_id=before.event_id, not_before_ms=None),
            lambda: store.count_received(org_id=org, from_ms=0, to_ms=NOW_MS),
            lambda: list(store.recent_events(since_ms=0, limit=5)),
        ]
        for attempt in attempts:
            with pytest.raises(StoreUnavailable, match=f"the event store at 127.0.0.1:{own_server.port}") as failure:
                attempt()
            assert "secret" not in str(failure.value)
            assert failure.value.__suppress_context__

        own_server.start()
        store.insert(stored([after]))
        assert list_all(store, org) == newest_first([before, after])


def test_opening_can_be_tried_again_until_the_server_is_there(own_server: ClickHouseServer) -> None:
    own_server.stop()
    with closing(ClickHouseStore(own_server.url)) as store:
        for _attempt in range(2):
            with pytest.raises(StoreUnavailable, match="could not be opened: no answer"):
                store.open()
        own_server.start()
        store.open()
        store.ping()


@pytest.mark.parametrize(
    ("change", "fix"),
    [
        ((quote(PASSWORD, safe=""), "wrong"), "516 AUTHENTICATION_FAILED; check user and password in the URL"),
        (("/default", "/nowhere"), "81 UNKNOWN_DATABASE; create the database first, or name another one in the URL"),
    ],
)
def test_a_wrong_url_is_answered_with_the_fix(
    clickhouse_server: ClickHouseServer, change: tuple[str, str], fix: str
) -> None:
    assert USER in clickhouse_server.url
    store = ClickHouseStore(clickhouse_server.url.replace(*change))

    with pytest.raises(StoreUnavailable, match=fix) as failure:
        store.open()
    assert PASSWORD not in str(failure.value)
