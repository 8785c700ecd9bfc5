"""The present version starts on the data directory of an earlier one, brings it up to date by itself, and all is there.

tests/upgrade/generate_data_directory.py says how the directories were made. None is ever made anew: a new one is added.
"""

import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from http_client import Api, failed_login
from live_server import LiveServer
from people import code_of
from unpacked_ip_data import link_ip_data

DIRECTORIES = sorted((Path(__file__).parents[1] / "upgrade").glob("*.tar.xz"))


@pytest.fixture(scope="module", params=DIRECTORIES, ids=lambda path: path.name.partition(".")[0])
def upgraded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[LiveServer, dict[str, Any]]]:
    """A server on such a directory, and what was in it."""
    archive: Path = request.param
    data_dir = tmp_path_factory.mktemp("upgrade") / "data"
    data_dir.mkdir(mode=0o700)
    with tarfile.open(archive) as packed:
        packed.extractall(data_dir, filter="data")
    link_ip_data(data_dir)
    live = LiveServer(data_dir)
    live.start()
    yield live, json.loads(archive.with_name(archive.name.replace(".tar.xz", ".json")).read_text())
    live.stop()


def test_every_event_is_there_once_also_those_that_were_on_their_way(upgraded: tuple[LiveServer, dict[str, Any]]) -> None:
    live, held = upgraded
    api = Api(live.url, held["key"])
    api.wait_for_events(held["events"])
    events = api.events(limit=100)["data"] + api.events(limit=100, offset=100)["data"]
    assert sorted(event["metadata"]["number"] for event in events) == list(range(held["events"]))
    assert api.events(limit=1, event_name="auth.login_failed")["pagination"]["total"] == held["events"] // 3


def test_alerts_keys_and_policy_are_as_they_were(upgraded: tuple[LiveServer, dict[str, Any]]) -> None:
    live, held = upgraded
    api = Api(live.url, held["key"])
    alert = api.http.get(f"/alerts/{held['alert']['id']}").json()["data"]
    assert alert["status"] == held["alert"]["status"]
    assert {one["prefix"] for one in live.litesoc_json("keys", "list")} == set(held["keys"])
    settings = live.litesoc_json("policy", "show")["settings"]
    assert {one["name"]: one["value"] for one in settings if one["is_overridden"]} == held["policy"]
    assert (
        Api(live.url, held["ingest_key"]).collect(failed_login("203.0.113.200", metadata={"number": -1})).status_code == 202
    )


def test_the_audit_log_is_the_same_and_sound(upgraded: tuple[LiveServer, dict[str, Any]]) -> None:
    live, held = upgraded
    log = {str(entry["seq"]): entry["hash"] for entry in live.litesoc_json("audit", "list", "--limit", "1000")}
    assert held["audit"].items() <= log.items()
    assert live.litesoc_json("audit", "verify")["signed_up_to"] >= len(held["audit"])


def test_people_sign_in_with_both_factors_and_read_what_they_wrote(upgraded: tuple[LiveServer, dict[str, Any]]) -> None:
    live, held = upgraded
    with httpx.Client(base_url=live.url, follow_redirects=True, headers={"Accept": "text/html"}, trust_env=False) as http:

        def send(where: str, **fields: str) -> httpx.Response:
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', http.get(where).text)
            assert token is not None
            return http.post(where, data={**fields, "csrfmiddlewaretoken": token[1]})

        assert str(send("/accounts/login/", login=held["email"], password=held["password"]).url).endswith(
            "/2fa/authenticate/"
        )
        assert "/o/shop-example/" in str(send("/accounts/2fa/authenticate/", code=code_of(held["totp_secret"])).url)
        page = http.get(f"/o/shop-example/live/alerts/{held['alert']['id']}/history")
        assert held["comment"] in (page.text + http.get(f"/o/shop-example/live/alerts/{held['alert']['id']}").text)
