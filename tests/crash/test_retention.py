"""A server that is killed while it shortens a retention goes on with it at its next start."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from http_client import Api
from litesoc_server.events.ids import OrgId
from litesoc_server.runtime.retention_keeping import EVERY_S
from litesoc_server.store.chdb import ChdbStore
from live_server import LiveServer

OLD, NEW = 4_000, 200
BATCH = 100
DAYS = 30
MEMORY_BYTES = 1024**3
TABLES = ("events_hourly", "visits_daily", "visitors", "places_hourly")


def batch(number: int, *, days_ago: float) -> list[dict[str, object]]:
    at = datetime.now(UTC) - timedelta(days=days_ago, seconds=number)
    return [
        {
            "event": "auth.login_success",
            "actor": {"id": f"usr_{number}_{one}"},
            "user_ip": f"203.0.113.{one}",
            "timestamp": at.isoformat(),
        }
        for one in range(BATCH)
    ]


@pytest.mark.soak
@pytest.mark.timeout(240)
def test_a_retention_is_carried_out_whenever_the_server_is_killed(tmp_path: Path) -> None:
    server = LiveServer(tmp_path / "data")
    account = server.init()
    server.start()
    sender = Api(server.url, server.create_key("ingest", "read", "manage", "backfill"))
    for number in range(OLD // BATCH):
        assert sender.collect(*batch(number, days_ago=60 + number)).status_code == 202
    for number in range(NEW // BATCH):
        assert sender.collect(*batch(number, days_ago=1)).status_code == 202
    sender.wait_for_events(OLD + NEW)
    body = {"retention_days": DAYS, "deletes_older": True}
    assert sender.http.patch("/api/v1/privacy", json=body).status_code == 200

    for share in (0.0, 0.3, 0.8):
        server.kill()
        server.start()
        time.sleep(EVERY_S + share)  # it begins after EVERY_S
    server.kill()
    server.start()
    deadline_s = time.monotonic() + 60
    while "retention is carried out" not in server.log_text() and time.monotonic() < deadline_s:
        time.sleep(0.5)
    server.stop()

    store = ChdbStore(server.data_dir / "events", memory_bytes=MEMORY_BYTES)
    store.open()
    try:
        org = OrgId(account["org_id"])
        month_ago_ms = int((datetime.now(UTC) - timedelta(days=DAYS)).timestamp() * 1000)
        assert store.count_before(org_id=org, before_ms=month_ago_ms) == 0
        assert store.count_before(org_id=org, before_ms=2**42) == NEW
        for table in TABLES:
            ((longest_s,),) = store._read(f"SELECT max(toUnixTimestamp(expires_at)) FROM {table}", {})
            assert longest_s < time.time() + DAYS * 86_400, table
    finally:
        store.close()
