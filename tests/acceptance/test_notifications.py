"""A running server, real receivers: outages and kill -9 lose no notification and double none unnoticed."""

from pathlib import Path
from typing import Any

import msgspec
from standardwebhooks import Webhook

from http_client import Api, failed_login, wait_until
from live_server import LiveServer
from started_before import started_before
from webhook_receiver import Receiver, receiving

LOOPBACK = {"LITESOC_EGRESS_ALLOW": "127.0.0.0/8"}


def test_alerts_reach_a_webhook_through_outages_and_kills(tmp_path: Path) -> None:
    live = started_before(tmp_path / "data", env=LOOPBACK)
    account = live.init()
    with receiving() as receiver, receiving() as dead:
        dead.hangs.set()
        added = live.litesoc_json("notify", "add", "--name", "Hook", "--set", f"url={receiver.url}")
        live.litesoc_json("notify", "add", "--name", "Dead", "--set", f"url={dead.url}")
        assert live.litesoc("notify", "test", "Hook").returncode == 0
        assert receiver.arrived.acquire(timeout=5)
        receiver.received.clear()

        live.start()
        attack(live, account, "198.51.100.1")
        assert receiver.arrived.acquire(timeout=30), "although the other channel hangs"
        verify(receiver, added["webhook_secret"])

        receiver.status = 503  # the outage begins
        attack(live, account, "198.51.100.2")
        assert receiver.arrived.acquire(timeout=30)
        live.kill()  # after an attempt that failed
        live.start()
        receiver.hangs.set()
        attack(live, account, "198.51.100.3")
        assert receiver.arrived.acquire(timeout=30)
        live.kill()  # while an attempt is under way: nobody knows whether it arrived
        receiver.hangs.clear()
        receiver.released.set()
        receiver.status = 204  # the outage is over
        live.start()
        api = Api(live.url, account["api_key"])
        hook = f"{live.url}/notifications/deliveries?channel_id={added['id']}"
        wait_until(
            lambda: api.http.get(f"{hook}&status=pending").json()["pagination"]["total"],
            lambda count: count == 0,
            what="every delivery",
        )
        log = api.http.get(hook).json()["data"]
        live.stop()

        told = {body["source_ip"]: body for body in bodies(receiver)}
        assert set(told) == {"198.51.100.1", "198.51.100.2", "198.51.100.3"}
        by_id: dict[str, set[bytes]] = {}
        for request in receiver.received:
            by_id.setdefault(request.headers["webhook-id"], set()).add(request.body)
        assert all(len(same) == 1 for same in by_id.values()), "a repetition is one to the letter, under the same id"
        created = {(body["type"], body["id"]) for body in bodies(receiver) if body["type"] == "alert.created"}
        assert len(created) == 3
        assert {row["status"] for row in log} == {"delivered"}


def attack(live: LiveServer, account: dict[str, str], address: str) -> None:
    api = Api(live.url, account["api_key"])
    for number in range(6):
        assert api.collect(failed_login(address, f"user-{number}")).status_code == 202
    api.http.close()


def bodies(receiver: Receiver) -> list[dict[str, Any]]:
    return [msgspec.json.decode(request.body) for request in receiver.received]


def verify(receiver: Receiver, secret: str) -> None:
    request = receiver.received[-1]
    assert Webhook(secret).verify(request.body, dict(request.headers))["type"] == "alert.created"
