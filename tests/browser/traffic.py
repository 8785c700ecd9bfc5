"""What happens in the organisation that browser tests look at: the demo's story and some days of ordinary traffic."""

from datetime import UTC, datetime, timedelta

from http_client import Api
from litesoc_server.cli.demo import script
from live_server import LiveServer

USERS, DAYS, SEED = 40, 3, 7


def send_story(server: LiveServer, backfill_key: str) -> None:
    """Send the demo's story, its end being now."""
    api = Api(server.url, backfill_key)
    end = datetime.now(UTC)
    events = [
        {
            "event": step.event,
            "actor": {"id": step.actor, "email": step.actor},
            "user_ip": step.ip,
            "metadata": {**step.metadata, "user_agent": step.user_agent},
            "timestamp": (end - timedelta(seconds=step.before_s)).isoformat(),
        }
        for step in script()
    ]
    answer = api.http.post("/api/v1/collect/batch", json={"events": events})
    assert answer.status_code == 202, answer.text


def send_ordinary_traffic(server: LiveServer, backfill_key: str) -> None:
    """Send some simulated days, with a few attacks in them."""
    counts = ("--users", str(USERS), "--days", str(DAYS), "--seed", str(SEED))
    done = server.litesoc("simulate", "--url", server.url, "--key", backfill_key, *counts)
    assert done.returncode == 0, done.stderr
