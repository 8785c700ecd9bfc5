"""The served OpenAPI document is valid and true: schemathesis sends what it allows and what it forbids, to a real server."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from http_client import failed_login
from live_server import LiveServer
from tenants import TenantApi

# Cases per operation, beside boundary values and the document's examples. Unset: one, and always the same.
EXAMPLES = os.environ.get("LITESOC_TEST_FUZZ_EXAMPLES")
PATHS = {
    "/collect": {"post"},
    "/collect/batch": {"post"},
    "/health": {"get"},
    "/webhooks/{source}": {"post"},
    "/logs": {"post"},
    "/sources": {"get"},
    "/sources/{source_id}": {"get", "patch", "delete"},
    "/sources/{source_id}/secret": {"post", "delete"},
    "/events": {"get"},
    "/events/{event_id}": {"get"},
    "/actors/{actor_id}/risk": {"get"},
    "/alerts": {"get"},
    "/alerts/list": {"get"},
    "/alerts/{alert_id}": {"get", "patch"},
    "/alerts/{alert_id}/resolve": {"post"},
    "/alerts/{alert_id}/safe": {"post"},
    "/events/{event_id}/feedback": {"post"},
    "/detection/policy": {"get", "patch"},
    "/detection/policy/history": {"get"},
    "/detection/suppressions": {"get", "post"},
    "/detection/suppressions/{suppression_id}": {"delete"},
    "/detectors": {"get"},
    "/ip-data": {"get"},
    "/health/instrumentation": {"get"},
}


@pytest.fixture(scope="module")
def document(shared_server: LiveServer) -> dict[str, Any]:
    with httpx.Client(trust_env=False, timeout=60) as http:  # the first one is put together
        answer = http.get(f"{shared_server.url}/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    found: dict[str, Any] = answer.json()
    return found


def test_the_document_is_openapi_3_1_and_covers_every_endpoint(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert {path: methods for path, methods in PATHS.items() if not methods <= document["paths"].get(path, {}).keys()} == {}
    import schemathesis  # noqa: PLC0415 # takes a second, and every worker imports every file

    schemathesis.openapi.from_dict(document).validate()


@pytest.mark.parametrize("prefix", ["/v1", "/api/v1"])
def test_the_document_is_served_below_the_base_paths_too(
    shared_server: LiveServer, document: dict[str, Any], prefix: str
) -> None:
    with httpx.Client(trust_env=False, timeout=60) as http:  # the first one is put together
        assert http.get(f"{shared_server.url}{prefix}/openapi.json").json() == document


@pytest.mark.takes_minutes
@pytest.mark.timeout(260)
def test_the_server_answers_as_the_document_says(
    shared_server: LiveServer, shop: TenantApi, document: dict[str, Any], tmp_path: Path
) -> None:
    """Run schemathesis as its own process: its fixtures for pytest do not know the current pytest."""
    shop.collect(*[failed_login("185.220.101.34", f"user-{number}") for number in range(6)])
    shop.wait_for_alert(source_ip="185.220.101.34")
    shop.wait_for_events(6)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(_config(tmp_path))),
            *("run", f"{shared_server.url}/openapi.json", "--header", f"X-API-Key: {shop.http.headers['X-API-Key']}"),
            *("--max-examples", EXAMPLES or "1", *(() if EXAMPLES else ("--generation-deterministic",))),
            *("--phases", "examples,coverage,fuzzing,stateful", "--continue-on-failure", "--no-color"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=None if EXAMPLES else 240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    operations_count = sum(len(item) for item in document["paths"].values())
    assert f"Tested: {operations_count}\n" in done.stdout
    assert "Traceback" not in shared_server.log_text()


_CONFIG = """
[cache]
enabled = false

[[operations]]
include-path-regex = "^/collect"
# A batch is taken in part, and what is ignored may be of any type.
checks.negative_data_rejection.enabled = false
# JSON Schema cannot say that an event is at most 16 KiB and nowhere holds U+0000.
checks.positive_data_acceptance.enabled = false

[[operations]]
include-path-regex = "^/webhooks/|^/sources/|^/logs$"
# What can be read of a vendor's or an exporter's body is taken, and the rest of it ignored. Which sources there are, and
# how the secret of each begins, is not in the schema of an id.
checks.negative_data_rejection.enabled = false
checks.positive_data_acceptance.enabled = false

[[operations]]
include-path-regex = "^/detection|/feedback$|^/members"
# A key changes no owners, and nobody is invited twice.
# An event must be a login. What a setting may be is said by the settings themselves; a version, a detector or a range must
# also be a real one.
checks.positive_data_acceptance.enabled = false

[[operations]]
include-path-regex = "^/access|^/keys|^/privacy|^/notifications|^/forwarders|^/servers"
# Addresses, ranges and origins have a form of their own, an expiry is in the future, a retention is within the plan,
# an actor is called something, by not more than an event can name, what something is sent to has an address, and a name
# can be printed.
checks.positive_data_acceptance.enabled = false

[[operations]]
include-path-regex = "^/agent/"
# An agent is heard whatever it gets wrong: what is of another type is left out.
checks.negative_data_rejection.enabled = false

[[operations]]
include-path-regex = "^/audit$|^/privacy/actors"
# An empty text is as good as none, and "neither empty" is what is tried here as something that is forbidden.
checks.negative_data_rejection.enabled = false

[[operations]]
include-path-regex = "^/events$|^/alerts$|^/alerts/list$"
# A query has a grammar of its own: docs/reference/search.md.
checks.positive_data_acceptance.enabled = false

[[operations]]
include-path-regex = "^/alerts/"
# JSON Schema cannot say that what is ignored does not hold U+0000 either.
generation.allow-x00 = false
"""


def _config(folder: Path) -> Path:
    path = folder / "schemathesis.toml"
    path.write_text(_CONFIG)
    return path
