"""One actor is erased while the server runs and is killed in the middle: nothing of them is left in any file."""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from litesoc_server.clock import SystemClock
from litesoc_server.events.envelope import ENVELOPE_ENCODER, Envelope, Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.stream.sqlite_dead_letters import BorrowedDeadLetters
from litesoc_server.stream.subjects import Subject
from live_server import LiveServer
from started_before import started_before

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]

ADA, ADAS_MAIL, ADAS_NAME, ADAS_ADDRESS = "acct-lovelace-7", "ada.l@home.example", "Ada Q. Lovelace", "198.51.100.23"
OF_ADA = (ADA, ADAS_MAIL, ADAS_NAME, ADAS_ADDRESS)
ROY, ROYS_MAIL, ROYS_ADDRESS = "acct-lovelace-77", "roy@home.example", "198.51.100.231"
ATTACKER = "203.0.113.66"
WAIT_S = 90.0
# Every text of every table, read by the engine itself: in files it is compressed.
_READ_ALL = """
import sys
from pathlib import Path
from litesoc_server.store.chdb import ChdbStore
store = ChdbStore(Path(sys.argv[1]), memory_bytes=512 * 1024**2)
store.open()
columns = (
    "SELECT table, arrayStringConcat(groupArray(name), ', ') FROM system.columns WHERE database = currentDatabase()"
    " AND type NOT LIKE 'Aggregate%' AND table NOT LIKE '%_view' GROUP BY table"
)
for table, names in store._read(columns, {}):
    for row in store._read(f"SELECT {names} FROM {table}", {}):
        print(table, row)
for row in store._read("SELECT table, command FROM system.mutations", {}):
    print(*row)
store.close()
"""


def event(name: str, actor: str, mail: str, address: str, **more: Any) -> dict[str, Any]:
    person = {"id": actor, "email": mail, "name": ADAS_NAME if actor == ADA else "Roy"}
    return {"event": name, "actor": person, "user_ip": address, **more}


class Shop:
    """A server with one organisation."""

    def __init__(self, live: LiveServer) -> None:
        self.live = live
        self.org_id = OrgId(live.init()["org_id"])
        self.key = live.create_key("ingest", "read", "manage")

    def call(self, method: str, path: str, **parts: Any) -> Any:
        answer = httpx.request(method, f"{self.live.url}/api/v1{path}", headers={"X-API-Key": self.key}, timeout=30, **parts)
        assert answer.is_success, answer.text
        return answer.json()

    def control(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.live.data_dir / "control.db", timeout=20)) as database:
            found = database.execute(sql, values).fetchall()
            database.commit()
            return found

    def fill(self) -> None:
        """Send what makes alerts about each, about both, and about the attacker; write about them, bury something."""
        for actor, mail, address in ((ADA, ADAS_MAIL, ADAS_ADDRESS), (ROY, ROYS_MAIL, ROYS_ADDRESS)):
            failed = [event("auth.login_failed", actor, mail, address) for _ in range(30)]
            self.call("POST", "/collect/batch", json={"events": failed})
        spray = [event("auth.login_failed", f"user-{n}", f"user-{n}@home.example", ATTACKER) for n in range(40)]
        entered = [event("auth.login_succeeded", who, mail, ATTACKER) for who, mail in ((ADA, ADAS_MAIL), (ROY, ROYS_MAIL))]
        named = event("user.note", ROY, ROYS_MAIL, ROYS_ADDRESS, metadata={"text": f"Wrote to {ADAS_MAIL}", "n": 1})
        self.call("POST", "/collect/batch", json={"events": [*spray, *entered, named]})
        until(lambda: len(self.alerts()) >= 3)
        alert = next(one for one in self.alerts() if ATTACKER in json.dumps(one))
        self.call("PATCH", f"/alerts/{alert['id']}", json={"status": "acknowledged", "notes": f"Called {ADA}"})
        self.control(
            "INSERT INTO alerts_alertcomment (id, alert_id, by, text, created_at) VALUES (?, ?, 'Jo', ?, ?)",
            *("c" * 32, alert["id"].replace("-", ""), f"{ADAS_NAME} and Roy were called.", datetime.now(UTC).isoformat(" ")),
        )
        for actor in (ADA, ROY):
            self.live.litesoc_json("suppress", "add", "--actor", actor, "--for", "1d", "--reason", f"trip of {actor}")
        with closing(BorrowedDeadLetters(self.live.data_dir / "stream", clock=SystemClock())) as letters:
            for actors in ((ADA,), (ROY,), (ADA, ROY)):
                items = [
                    event("auth.login_failed", actor, f"{actor}@x", ADAS_ADDRESS if actor == ADA else "") for actor in actors
                ]
                body = json.dumps({"events": items}).encode()
                envelope = Envelope(self.org_id, "k", Environment.LIVE, "collect", 1, b"0" * 16, None, False, (), body)
                letters.add(Subject.RAW, ENVELOPE_ENCODER.encode(envelope), "why")

    def alerts(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", "/alerts?limit=100")["data"]
        return found

    def step(self) -> str:
        return str(self.control("SELECT step FROM privacy_erasure")[0][0])


def until(condition: Any) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    live = started_before(tmp_path_factory.mktemp("erase") / "data")
    shop = Shop(live)
    live.start()
    try:
        shop.fill()
        # As if all had been counted for the quota: what waits for that is tested elsewhere, and takes a minute.
        shop.control("INSERT OR REPLACE INTO orgs_usagemark (id, counted_until_s) VALUES (1, ?)", int(time.time()) + 3_600)
        yield shop
    finally:
        if live.is_running:
            live.kill()


def files_with(directory: Path, texts: tuple[str, ...]) -> dict[str, list[str]]:
    found = {}
    for path in directory.rglob("*"):
        if path.is_file():
            content = path.read_bytes().lower()
            named = [text for text in texts if is_named(content, text.lower().encode())]
            if named:
                found[str(path.relative_to(directory))] = named
    return found


def is_named(content: bytes, text: bytes) -> bool:
    """Roy's id and address begin with Ada's."""
    return any(content[at + len(text) : at + len(text) + 1] not in (b"7", b"1") for at in places(content, text))


def places(content: bytes, text: bytes) -> list[int]:
    found, at = [], content.find(text)
    while at >= 0:
        found.append(at)
        at = content.find(text, at + 1)
    return found


def test_an_actor_is_erased_from_every_file_also_when_the_server_is_killed_meanwhile(shop: Shop, tmp_path: Path) -> None:
    live = shop.live
    before = shop.call("GET", "/privacy/actors", params={"actor": ADAS_MAIL})["data"]
    assert before["names"] == {
        "ids": sorted([ADA, ADAS_MAIL]),
        "emails": [ADAS_MAIL],
        "display_names": [ADAS_NAME],
        "addresses": [ADAS_ADDRESS],
        "others": [],
    }
    counts = {one["place"]: one["count"] for one in before["held"]}
    assert {
        "events",
        "daily_sums",
        "events_of_others",
        "alerts",
        "alerts_naming",
        "comments",
        "suppressions",
        "audit_log",
        "dead_letters",
    } <= counts.keys()
    export = shop.call("GET", "/privacy/actors/export", params={"actor": ADA})
    assert len(export["events"]) == counts["events"] == 31
    assert len(export["dead_letters"]) == counts["dead_letters"] == 2
    roys_before = shop.call("GET", "/privacy/actors", params={"actor": ROY})["data"]["held"]

    wrong = httpx.post(
        f"{live.url}/api/v1/privacy/erasures", headers={"X-API-Key": shop.key}, json={"actor": ADA, "confirm": "x"}
    )
    assert (wrong.status_code, "not the id" in wrong.text) == (400, True)
    assert {name.partition("/")[0].removesuffix("-wal") for name in files_with(live.data_dir, OF_ADA)} >= {
        "control.db",
        "events",
        "stream",
    }
    shop.call("POST", "/privacy/erasures", json={"actor": ADA, "confirm": ADA})
    until(lambda: shop.step() in ("removing", "settling"))
    live.kill()
    assert shop.step() in ("removing", "settling", "scrubbing")
    live.start()
    until(lambda: shop.step() == "done")

    (erasure,) = shop.call("GET", "/privacy/erasures")["data"]
    assert (erasure["actor"], erasure["step"], erasure["counts"]["events"]) == (None, "done", 31)
    assert shop.call("GET", "/privacy/actors", params={"actor": ADA})["data"]["held"] == []
    roys_after = shop.call("GET", "/privacy/actors", params={"actor": ROY})["data"]["held"]
    assert [(one["place"], one["count"]) for one in roys_after] == [(one["place"], one["count"]) for one in roys_before]
    verdict = live.litesoc_json("audit", "verify")
    assert (verdict["is_sound"], verdict["erased_values"] > 0) == (True, True)

    held = live.litesoc("privacy", "find", ROY)
    assert (held.returncode, "belongs to the running server" in held.stderr) == (1, True)
    live.stop()
    assert files_with(live.data_dir, OF_ADA) == {}
    read = (
        subprocess.run(
            [sys.executable, "-c", _READ_ALL, str(live.data_dir / "events")],
            env=live.env,
            capture_output=True,
            text=True,
            check=True,
        )
        .stdout.encode()
        .lower()
    )
    assert ROY.encode() in read
    assert [text for text in OF_ADA if is_named(read, text.lower().encode())] == []
    log = live.log_text().lower().encode()
    assert [text for text in (*OF_ADA, ROY, ROYS_MAIL) if is_named(log, text.lower().encode())] == []

    found = {who: live.litesoc_json("privacy", "find", who)["held"] for who in (ADA, ROY)}
    assert found[ADA] == []
    assert {one["place"]: one["count"] for one in found[ROY]}["events"] == 32
    file = tmp_path / "roy.json"
    assert live.litesoc("privacy", "export", ROY, str(file)).returncode == 0
    assert len(json.loads(file.read_bytes())["events"]) == 32
    assert [one["step"] for one in live.litesoc_json("privacy", "erasures")] == ["done"]
    unsure = live.litesoc("privacy", "erase", ROY, stdin="roy\n")
    assert (unsure.returncode, "not the id" in unsure.stderr) == (1, True)
    assert live.litesoc_json("privacy", "erase", ROY, "--confirm", ROY)["step"] == "waiting"
