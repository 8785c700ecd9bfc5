"""A backup under load, restored elsewhere: what was acknowledged before its start is there, as it was."""

import gzip
import json
import os
import re
import shutil
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from clickhouse_http import ClickHouseServer
from connected import Connected, connect
from crash.load import CALM_PAUSE_S, Ledger, Load
from forked_processes import ForkedProcess, start_forked
from forward_receivers import Authority, HttpReceiver
from http_client import Api, failed_login, wait_until
from litesoc_server.config import Config
from litesoc_server.runtime.backup.errors import BackupError
from litesoc_server.runtime.backup.restore import restore_backup
from litesoc_server.runtime.backup.verify import verify_backup
from litesoc_server.store.chdb import ChdbStore
from live_server import LiveServer
from servers import NatsServer, PostgresServer
from started_before import started_before
from webhook_receiver import Receiver, receiving

pytestmark = pytest.mark.timeout(300)  # two servers, a load and a dozen commands, while other tests run

EMAIL, PASSWORD = "owner@shop.example", "correct-horse-battery"
MEMORY_BYTES = 1024**3
LOOPBACK = {"LITESOC_EGRESS_ALLOW": "127.0.0.0/8"}
# Tables in which nothing changes while the load runs.
SETTLED = (
    "accounts_user",
    "alerts_alertcomment",
    "alerts_alerttransition",
    "apikeys_apikey",
    "audit_auditkey",
    "forwarding_forwarder",
    "inbound_sourceconnection",
    "notify_channel",
    "notify_route",
    "orgs_membership",
    "orgs_organization",
    "servers_server",
)
USED = {
    *("last_used_at", "last_used_from", "last_login"),  # by whoever sends, and signs in
    *("last_success_at", "last_received_at", "last_event_at", "last_refused_at"),  # by what is connected
}


@dataclass
class Copied:
    """A server, its backup, and a second server that the backup was restored to; both are stopped."""

    source: LiveServer
    backup: Path
    made: dict[str, Any]
    target: LiveServer
    acknowledged: set[int]  # when the backup began
    ledger: Ledger
    api_key: str
    cookies: httpx.Cookies
    alert: dict[str, Any]
    connected: Connected


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copied]:
    directory = tmp_path_factory.mktemp("backup")
    authority = Authority(directory)
    siem = HttpReceiver(authority)
    try:
        with receiving() as hook:
            yield copy(directory, hook, siem, authority)
    finally:
        siem.close()


def copy(directory: Path, hook: Receiver, siem: HttpReceiver, authority: Authority) -> Copied:
    source = started_before(directory / "data", env=LOOPBACK)
    api_key = source.init()["api_key"]
    assert source.litesoc("audit", "keys").returncode == 0  # makes the key that signs
    live = source.create_key("ingest", "read", "manage")
    source.start()
    api = Api(source.url, live)
    for number in range(8):
        assert api.collect(failed_login("203.0.113.9", metadata={"number": -1 - number})).status_code == 202
    alert = api.wait_for_alert(source_ip="203.0.113.9")
    assert api.http.post(f"/alerts/{alert['id']}/resolve", json={"resolution_notes": "was us"}).status_code == 200
    cookies = sign_in(source.url)
    comment(source.url, cookies, alert["id"])
    connected = connect(api, hook, siem, authority)
    load = Load(api_key, 20261126, pause_s=CALM_PAUSE_S)
    load.start(source.url)
    time.sleep(2)

    before = set(load.ledger.acknowledged)
    backup = directory / "made"
    made = source.litesoc_json("backup", "create", str(backup))
    taken = len(load.ledger.acknowledged)
    wait_until(lambda: len(load.ledger.acknowledged), lambda count: count > taken, what="events after the backup")
    load.stop()
    assert load.ledger.refused == {}, "nobody was turned away while it ran"
    api.wait_for_events(len(load.ledger.acknowledged) + 8)
    source.stop()

    target = LiveServer(directory / "elsewhere", env=LOOPBACK)
    restored = target.litesoc_json("restore", str(backup))
    assert {**made, "missing_keys": []} == restored
    target.start()
    behind = Api(target.url, live)
    behind.wait_for_events(len(before) + 8)
    behind.wait_for_alert(source_ip="203.0.113.9")
    attacks = {ip for ip, numbers in load.ledger.attacks.items() if before.issuperset(numbers)}
    wait_until(lambda: alerted(behind), lambda found: attacks <= set(found), what="alerts of what had waited")
    return Copied(source, backup, made, target, before, load.ledger, live, cookies, alert, connected)


def sign_in(url: str) -> httpx.Cookies:
    with httpx.Client(base_url=url, follow_redirects=True, headers={"Accept": "text/html"}, trust_env=False) as http:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', http.get("/accounts/login/").text)
        assert token is not None
        fields = {"login": EMAIL, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        assert "/o/shop-example/live/" in str(http.post("/accounts/login/", data=fields).url)
        return http.cookies


def comment(url: str, cookies: httpx.Cookies, alert_id: str) -> None:
    where = f"/o/shop-example/live/alerts/{alert_id}"
    with httpx.Client(base_url=url, cookies=cookies, follow_redirects=True, trust_env=False) as http:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', http.get(where).text)
        assert token is not None
        fields = {"text": "It was the cleaner.", "csrfmiddlewaretoken": token[1]}
        assert http.post(f"{where}/comments", data=fields).status_code == 200


def alerted(api: Api) -> list[str]:
    found: list[str] = []
    while True:
        answer = api.alerts(limit=500, offset=len(found))
        found += [alert["source_ip"] for alert in answer["data"]]
        if not answer["pagination"]["has_more"]:
            return found


def rows(live: LiveServer, table: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(live.data_dir / "control.db")) as database:
        database.row_factory = sqlite3.Row
        found = [dict(row) for row in database.execute(f"SELECT * FROM {table} ORDER BY 1, 2")]
    return [{name: value for name, value in row.items() if name not in USED} for row in found]


def stored_events(live: LiveServer) -> dict[str, dict[str, str]]:
    """Return the rows of the event store by id."""
    store = ChdbStore(live.data_dir / "events", memory_bytes=MEMORY_BYTES)
    store.open()
    with closing(store):
        columns = store.event_columns()
        lines = [
            line
            for day in store.event_days()
            for piece in store.lines_of(day, columns)
            for line in piece.decode().splitlines()
        ]
    events = [dict(zip(columns, line.split("\t"), strict=True)) for line in lines]
    found = {event["event_id"]: event for event in events}
    assert len(found) == len(events), "none is there twice"
    return found


def test_everything_goes_on_where_the_backup_was_restored(copied: Copied) -> None:
    api = Api(copied.target.url, copied.api_key)
    found = alerted(api)
    assert len(found) == len(set(found)), "no alert twice"
    assert set(found) <= copied.ledger.possible_attacks() | {"203.0.113.9"}
    assert api.http.get(f"/alerts/{copied.alert['id']}").json()["data"]["status"] == "resolved"
    assert api.collect(failed_login("203.0.113.77")).status_code == 202

    with httpx.Client(base_url=copied.target.url, cookies=copied.cookies, trust_env=False) as http:
        assert http.get("/o/shop-example/live/").status_code == 200, "who was signed in still is"
    sign_in(copied.target.url)

    for log in ("--org=shop-example", "--installation"):
        verdict = copied.target.litesoc_json("audit", "verify", log)
        assert (verdict["is_sound"], verdict["problems"]) == (True, [])
    log = copied.target.litesoc_json("audit", "list", "--installation")
    assert [entry["action"] for entry in log if entry["action"].startswith("backup.")] == ["backup.restored"]
    log = copied.source.litesoc_json("audit", "list", "--installation")
    assert [entry["target"]["id"] for entry in log if entry["action"] == "backup.created"] == [copied.made["id"]]


def test_what_is_connected_still_is_where_the_backup_was_restored(copied: Copied) -> None:
    api, there = Api(copied.target.url, copied.api_key), copied.connected
    tested = api.http.post(f"/api/v1/notifications/channels/{there.hook_id}/test").json()["data"]
    assert (tested["is_success"], tested["status"]) == (True, 204)
    told = there.hook.received[-1]
    Webhook(there.hook_secret).verify(told.body, dict(told.headers))
    assert api.http.post(f"/api/v1/forwarders/{there.siem_id}/test").json()["data"]["is_sent"]
    assert there.siem.headers[-1]["authorization"] == "Bearer siem token"

    body, at = b'{"type":"session.created","object":"event","data":{"user_id":"user_1"}}', datetime.now(UTC)
    signature = Webhook(there.clerk_secret).sign("msg_1", at, body.decode())
    signed = {"svix-id": "msg_1", "svix-timestamp": str(int(at.timestamp())), "svix-signature": signature}
    assert api.http.post("/webhooks/clerk", content=body, headers=signed).status_code < 300
    unsigned = api.http.post("/webhooks/clerk", content=body, headers={**signed, "svix-signature": "v1,bm90"})
    assert unsigned.status_code == 401
    assert [one["hostname"] for one in api.http.get("/api/v1/servers").json()["data"]] == ["web-1"]


def test_what_was_restored_equals_what_was_there(copied: Copied) -> None:
    if copied.target.is_running:
        copied.target.stop()
    source, target = stored_events(copied.source), stored_events(copied.target)
    numbers = {json.loads(event["metadata"]).get("number") for event in target.values()}
    assert copied.acknowledged <= numbers
    known = [event_id for event_id in target if event_id in source]
    assert len(known) >= copied.made["events"] >= len(copied.acknowledged) * 0.5
    anew = 0
    for event_id in known:
        there, here = source[event_id], target[event_id]
        if here != there:  # it was on its way, and was stored after the restore
            anew += 1
            assert {**here, "inserted_at": ""} == {**there, "inserted_at": ""}
    assert anew <= copied.made["raw"] * 20
    assert len(target) - len(known) <= 2, "but for the one sent, and the one that a source delivered, after the restore"

    for table in SETTLED:
        before = rows(copied.source, table)
        assert before, table
        assert rows(copied.target, table)[: len(before)] == before, table
    entries = rows(copied.source, "audit_auditentry")
    there = {entry["hash"] for entry in rows(copied.target, "audit_auditentry")}
    assert {entry["hash"] for entry in entries if entry["action"] not in ("backup.created", "auth.login")} <= there


@pytest.fixture
def backup(copied: Copied, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    shutil.copytree(copied.backup, tmp_path / "backup")
    return tmp_path / "backup"


@pytest.fixture
def elsewhere(tmp_path: Path) -> LiveServer:
    return LiveServer(tmp_path / "data")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def quiet(_what: str, _done: int, _total: int) -> None:
    pass


def test_a_backup_that_is_not_as_it_was_written_is_refused(copied: Copied, backup: Path) -> None:
    assert verify_backup(backup, quiet).id == copied.made["id"]
    damaged = next((backup / "events").iterdir())
    flip(damaged)
    for check in (
        lambda: verify_backup(backup, quiet),
        lambda: restore_backup(backup, Config(data_dir=backup / "none"), set_up_django=pytest.fail, report=quiet),
    ):
        with pytest.raises(BackupError, match=f"events/{damaged.name} is not as it was written"):
            check()
    damaged.unlink()
    with pytest.raises(BackupError, match=f"events/{damaged.name} is missing"):
        verify_backup(backup, quiet)
    assert not (backup / "none").exists(), "nothing was written"


def test_a_newer_versions_backup_is_refused_and_nothing_changes(backup: Path, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    manifest = json.loads((backup / "manifest.json").read_text())
    for change in (
        {"format": 99},
        {"events_revision": "9999"},
        {"migrations": [*manifest["migrations"], "orgs.9999_later"]},
    ):
        (backup / "manifest.json").write_text(json.dumps({**manifest, **change, "version": "9.9.9"}))
        with pytest.raises(BackupError, match=r"9\.9\.9") as refused:
            restore_backup(backup, Config(data_dir=data_dir), set_up_django=lambda: None, report=quiet)
        assert refused.value.fix == "restore it with version 9.9.9 or later"
        assert {path.name for path in data_dir.iterdir()} <= {"lock"}


def test_a_backup_moves_to_servers_and_back(
    copied: Copied, tmp_path: Path, postgres_server: PostgresServer, nats_server: NatsServer, clickhouse: ClickHouseServer
) -> None:
    env = {
        "LITESOC_DATABASE_URL": postgres_server.create_database("restored"),
        "LITESOC_EVENTS_URL": clickhouse.url,
        "LITESOC_STREAM_URL": nats_server.url,
    }
    scaled, back = LiveServer(tmp_path / "data", env=env), tmp_path / "back"
    scaled.litesoc_json("restore", str(copied.backup))
    made = scaled.litesoc_json("backup", "create", str(back))

    names = ("events", "raw", "detections", "dead_letters", "organizations", "users", "alerts")
    assert {name: made[name] for name in names} == {name: copied.made[name] for name in names}
    for path in [*copied.backup.glob("events/*"), *copied.backup.glob("stream/*")]:
        with gzip.open(path) as before, gzip.open(back / path.relative_to(copied.backup)) as after:
            assert sorted(before.read().splitlines()) == sorted(after.read().splitlines())
    before, after = (tables(directory / "control.db") for directory in (copied.backup, back))
    assert before.keys() == after.keys()
    for table in before.keys() - {"django_migrations", "audit_auditchain"}:
        assert set(before[table]) <= set(after[table]), table
        assert table.startswith("audit_") or len(before[table]) == len(after[table]), table

    refused = LiveServer(tmp_path / "other", env=env).litesoc("restore", str(back))
    assert refused.returncode == 1
    assert "organisations or people are in it" in refused.stderr


def tables(file: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(file)) as database:
        database.row_factory = sqlite3.Row
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {
            name: [dict(row) for row in database.execute(f"SELECT * FROM {name}")] for name in names if name[:7] != "sqlite_"
        }
    return {name: [tuple(plain(row[column]) for column in sorted(row)) for row in rows] for name, rows in found.items()}


def plain(value: object) -> object:
    """Return JSON in one order: PostgreSQL has its own."""
    is_json = isinstance(value, str) and value[:1] in ("{", "[")
    return json.dumps(json.loads(value), sort_keys=True) if is_json else value


def begun(live: LiveServer, *command: str) -> ForkedProcess:
    """Begin a `litesoc` command."""
    with Path(os.devnull).open("w") as nothing:
        return start_forked("litesoc_server", *command, env=live.env, stdout=nothing, stderr=nothing)


def kill_in_the_middle(process: ForkedProcess, *, there: Path) -> None:
    """Kill a command as soon as it has made something on its way."""
    while not there.exists():  # without wait_until, which looks ten times a second: the command is fast
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -signal.SIGKILL


def test_a_restore_mixes_nothing_and_can_be_run_again_after_it_was_killed(backup: Path, elsewhere: LiveServer) -> None:
    kill_in_the_middle(begun(elsewhere, "restore", str(backup)), there=elsewhere.data_dir / "events")
    refused = elsewhere.litesoc("serve")
    assert refused.returncode == 1
    assert "run the same `litesoc restore` again" in refused.stderr

    again = elsewhere.litesoc("restore", str(backup))
    assert again.returncode == 0, again.stderr
    refused = elsewhere.litesoc("restore", str(backup))
    assert refused.returncode == 1
    assert f"{elsewhere.data_dir} is not empty: it holds control.db" in refused.stderr
    assert "Fix: restore into an empty data directory" in refused.stderr


def test_a_backup_that_is_killed_leaves_the_server_well_and_nothing_that_looks_whole(copied: Copied, tmp_path: Path) -> None:
    source, target = copied.source, tmp_path / "killed"
    source.start()
    try:
        partial = tmp_path / "killed.partial"
        kill_in_the_middle(begun(source, "backup", "create", str(target)), there=partial / "stream/raw.gz")
        assert not target.exists()
        assert not (partial / "manifest.json").exists()
        answer = source.litesoc("backup", "verify", str(partial))
        assert answer.returncode == 1
        assert "is no backup" in answer.stderr

        again = source.litesoc("backup", "create", str(target), "--without-keys")
        assert again.returncode == 0, again.stderr
        assert "Not in it: secret_key, audit_key" in again.stdout
        assert not partial.exists()
        assert Api(source.url, copied.api_key).collect(failed_login("203.0.113.78")).status_code == 202
        assert source.litesoc("backup", "create", str(target)).returncode == 1, "one is never overwritten"
    finally:
        source.stop()
    assert "Traceback" not in source.log_text()

    elsewhere = LiveServer(tmp_path / "data")
    answer = elsewhere.litesoc("restore", str(target))
    assert answer.returncode == 1
    assert "does not hold the key secret_key" in answer.stderr
