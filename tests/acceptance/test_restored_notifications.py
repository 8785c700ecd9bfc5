"""After a restore, what waited when the backup was made is sent again, under the ids that receivers may know already."""

from pathlib import Path

from http_client import Api, failed_login, wait_until
from live_server import LiveServer
from started_before import started_before
from webhook_receiver import Receiver, receiving

LOOPBACK = {"LITESOC_EGRESS_ALLOW": "127.0.0.0/8"}
RETRY_S = 20  # longer than a backup takes


def test_what_was_delivered_after_the_backup_comes_again_with_the_same_id(tmp_path: Path) -> None:
    source = started_before(tmp_path / "data", env=LOOPBACK)
    account = source.init()
    with receiving() as receiver:
        source.litesoc_json("notify", "add", "--name", "Hook", "--set", f"url={receiver.url}")
        source.start()
        attack(source, account, "198.51.100.1")
        before = [arrived(receiver, 1)]
        receiver.status, receiver.answer_headers = 503, {"Retry-After": str(RETRY_S)}
        attack(source, account, "198.51.100.2")
        refused = arrived(receiver, 2)
        source.litesoc_json("backup", "create", str(tmp_path / "backup"))
        receiver.status, receiver.answer_headers = 204, {}
        assert arrived(receiver, 3) == refused, "the source delivers it after the backup"
        source.stop()
        bodies = {request.body for request in receiver.received if request.headers["webhook-id"] == refused}
        receiver.received.clear()

        target = LiveServer(tmp_path / "elsewhere", env=LOOPBACK)
        target.litesoc_json("restore", str(tmp_path / "backup"))
        target.start()
        assert arrived(receiver, 1) == refused
        attack(target, account, "198.51.100.3")
        arrived(receiver, 2)
        target.stop()
        again = [request for request in receiver.received if request.headers["webhook-id"] == refused]
        assert {request.body for request in again} == bodies, "to the letter"
        assert len(again) == 1
        assert not set(before) & set(receiver.ids), "what was delivered before the backup is not sent again"


def attack(live: LiveServer, account: dict[str, str], address: str) -> None:
    api = Api(live.url, account["api_key"])
    for number in range(6):
        assert api.collect(failed_login(address, f"user-{number}")).status_code == 202
    api.http.close()


def arrived(receiver: Receiver, count: int) -> str:
    """Wait until so many requests came; return the id of the last of them."""
    wait_until(lambda: len(receiver.received), lambda got: got >= count, what=f"request {count}")
    return receiver.ids[count - 1]
