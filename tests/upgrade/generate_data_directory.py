"""Make the data directory of an earlier version that tests/acceptance/test_upgrade.py starts the present one on.

    git worktree add --detach /tmp/earlier COMMIT
    cp -r src/litesoc_server/web/static/dashboard /tmp/earlier/src/litesoc_server/web/static/   # built
    PYTHONPATH=tests .venv/bin/python tests/upgrade/generate_data_directory.py /tmp/earlier/src COMMIT

writes COMMIT.tar.xz, and COMMIT.json, which says what is in it, beside this script. It speaks to that version from outside:
commands, the API and pages. At the end the server is killed while events are on their way. Plans keep for ten years what
they would keep for 90 days: until then the test holds.
"""

import base64
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from http_client import Api
from live_server import LiveServer

EMAIL, PASSWORD = "owner@shop.example", "correct-horse-battery"
TOTP_SECRET = base64.b32encode(b"twenty bytes, at least").decode()
RETENTION_DAYS = 3650
KEPT = ("audit_key", "control.db", "control.db-wal", "events", "idempotency.db", "secret_key", "stream")
SETTLED, ON_THEIR_WAY = 120, 60
# No command and no page can do this without a browser that shows a QR code.
ADD_SECOND_FACTOR = f"""
import django
django.setup()
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth import get_user_model
TOTP.activate(get_user_model().objects.get(email={EMAIL!r}), {TOTP_SECRET!r})
"""


def main() -> None:
    """Make it."""
    source, commit = Path(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory(prefix="litesoc-upgrade-") as directory:
        live = LiveServer(Path(directory) / "data", env={"PYTHONPATH": str(source)})
        held = fill(live)
        here = Path(__file__).parent
        with tarfile.open(here / f"{commit}.tar.xz", "w:xz", preset=9) as archive:
            for name in KEPT:
                if (live.data_dir / name).exists():
                    archive.add(live.data_dir / name, name, filter=without_owner)
        (here / f"{commit}.json").write_text(json.dumps(held, indent=2) + "\n")
        print(f"{(here / f'{commit}.tar.xz').stat().st_size:,} bytes")


def fill(live: LiveServer) -> dict[str, Any]:
    """Let people and applications do a little of everything; the server is killed at the end."""
    api_key = live.init()["api_key"]
    live.litesoc_json("plans", "edit", "enterprise", "--retention-days", str(RETENTION_DAYS))
    key = live.create_key("ingest", "read", "manage", "backfill")
    live.litesoc_json("policy", "set", "brute_force_address_failures_count=7")
    live.start()
    api = Api(live.url, key)
    for number in range(SETTLED):
        assert api.collect(event(number)).status_code == 202
    api.wait_for_events(SETTLED)
    alert = api.wait_for_alert(source_ip="203.0.113.9")
    assert api.http.patch(f"/alerts/{alert['id']}", json={"action": "acknowledge"}).status_code == 200
    comment(live.url, alert["id"])
    subprocess.run([sys.executable, "-c", ADD_SECOND_FACTOR], env=django(live), check=True)
    while not live.litesoc_json("audit", "verify", "--org", "shop-example")["signed_up_to"]:  # done every minute
        time.sleep(5)
    entries = live.litesoc_json("audit", "list", "--org", "shop-example")
    keys = live.litesoc_json("keys", "list")
    policy = live.litesoc_json("policy", "show")
    numbers = range(SETTLED, SETTLED + ON_THEIR_WAY)
    assert api.collect(*(event(number) for number in numbers)).status_code == 202
    live.kill()
    return {
        "email": EMAIL,
        "password": PASSWORD,
        "totp_secret": TOTP_SECRET,
        "ingest_key": api_key,
        "key": key,
        "events": SETTLED + ON_THEIR_WAY,
        "alert": {"id": alert["id"], "status": "acknowledged"},
        "comment": COMMENT,
        "audit": {entry["seq"]: entry["hash"] for entry in entries},
        "keys": sorted(one["prefix"] for one in keys),
        "policy": {one["name"]: one["value"] for one in policy["settings"] if one["is_overridden"]},
    }


def event(number: int) -> dict[str, Any]:
    """Return one of the events; every third is a failure from one address."""
    if number % 3:
        return {
            "event": "auth.login_success",
            "actor": {"id": f"usr_{number % 10}", "email": f"usr_{number % 10}@shop.example"},
            "user_ip": f"198.51.100.{number}",
            "metadata": {"number": number},
        }
    return {"event": "auth.login_failed", "actor": {"id": "mira"}, "user_ip": "203.0.113.9", "metadata": {"number": number}}


COMMENT = "It was the cleaner."


def comment(url: str, alert_id: str) -> None:
    """Sign in and write a comment."""
    with httpx.Client(base_url=url, follow_redirects=True, headers={"Accept": "text/html"}, trust_env=False) as http:
        where = "/accounts/login/"
        http.post(where, data={"login": EMAIL, "password": PASSWORD, "csrfmiddlewaretoken": token_on(http, where)})
        where = f"/o/shop-example/live/alerts/{alert_id}"
        answer = http.post(f"{where}/comments", data={"text": COMMENT, "csrfmiddlewaretoken": token_on(http, where)})
        assert answer.status_code == 200, answer.text


def token_on(http: httpx.Client, where: str) -> str:
    """Return the token against forgery that a page holds."""
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', http.get(where).text)
    assert found is not None
    return found[1]


def django(live: LiveServer) -> dict[str, str]:
    """Return the environment of a script that uses that version's models."""
    return {**live.env, "DJANGO_SETTINGS_MODULE": "litesoc_server.settings"}


def without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out who made it and on which machine."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return None if member.name.endswith(("lock", ".sock", "-shm")) else member


if __name__ == "__main__":
    main()
