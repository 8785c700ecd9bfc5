"""What a new user gets wrong with a webhook at first: each answer names the fix, and what is somebody's is counted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ingest_server import KEY, ORG_ID, IngestServer, serving
from litesoc_server.events.envelope import Environment
from litesoc_server.ingest.source_settings import FRESH_MS, Connection, SourceSettings

KEY_TEXT = KEY.decode()
GITHUB = Connection(ORG_ID, Environment.LIVE, "github")
OKTA = Connection(ORG_ID, Environment.LIVE, "okta")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[IngestServer]:
    with serving(tmp_path) as running:
        yield running


def counted(server: IngestServer, connection: Connection) -> dict[str, int]:
    server.source_counts.write()
    return {name: count for name, count in server.counts_table.totals[connection].items() if count}


def test_first_mistakes_name_the_fix_and_are_counted(server: IngestServer) -> None:
    address = f"{server.url}/webhooks"
    with_key: dict[str, Any] = {"params": {"api_key": KEY_TEXT}}
    in_browser = httpx.get(f"{address}/github", **with_key)
    assert (in_browser.status_code, in_browser.json()["error"]) == (405, "GET is not allowed here: use POST")
    as_form = httpx.post(f"{address}/github", **with_key, data={"payload": "{}"})
    assert as_form.status_code == 400
    assert "choose application/json as its content type" in as_form.json()["error"]
    assert counted(server, GITHUB) == {"refused:METHOD_NOT_ALLOWED": 1, "refused:INVALID_JSON": 1}

    server.settings_table.settings[GITHUB] = SourceSettings(secrets=("here",))
    server.clock.advance_ms(FRESH_MS + 1)  # type: ignore[attr-defined]
    unsigned = httpx.post(f"{address}/github", **with_key, json={})
    assert "set the signing secret at the vendor's too" in unsigned.json()["error"]
    other_secret = httpx.post(f"{address}/github", **with_key, json={}, headers={"X-Hub-Signature-256": "sha256=00"})
    assert "`litesoc sources secret`" in other_secret.json()["error"]
    assert (unsigned.status_code, other_secret.status_code) == (401, 401)
    assert counted(server, GITHUB)["refused:signature_missing"] == counted(server, GITHUB)["refused:signature_wrong"] == 1

    for path, meant in (("Okta", "okta"), ("okta/events", "okta"), ("gihtub", "github")):
        wrong = httpx.post(f"{address}/{path}", **with_key, json={})
        assert (wrong.status_code, wrong.json()["error"]) == (
            404,
            f"there is no such source: did you mean /webhooks/{meant}?",
        )
    assert httpx.get(f"{address}/github").status_code == 405


def test_a_vendors_question_is_a_delivery_and_other_gets_are_none(server: IngestServer) -> None:
    address, key = f"{server.url}/webhooks/okta", {"Authorization": f"Bearer {KEY_TEXT}"}
    asked = httpx.get(address, headers={**key, "x-okta-verification-challenge": "abc"})
    assert (asked.status_code, asked.json()) == (200, {"verification": "abc"})
    assert counted(server, OKTA) == {"delivered": 1}
    refused = httpx.get(address, headers=key)
    assert (refused.status_code, refused.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert counted(server, OKTA) == {"delivered": 1, "refused:METHOD_NOT_ALLOWED": 1}
