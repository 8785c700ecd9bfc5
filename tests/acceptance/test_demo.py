"""`litesoc demo` as somebody runs it: printed access that works, alerts of its story, live traffic, an end by Ctrl-C."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx
import pytest

from http_client import Api
from live_server import LiveServer

ORDINARY = re.compile(r"usr_[0-9a-f]{12}")


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "litesoc_server", "demo", "--data-dir", str(tmp_path / "demo"), "--port", "18200"],
        env={**LiveServer(tmp_path).env, "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Whoever runs the tests in the background of a shell has Ctrl-C ignored, and so have their children.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 # nothing else happens in it
    )
    yield process
    with suppress(ProcessLookupError):  # nobody of them is left
        os.killpg(process.pid, signal.SIGKILL)  # the demo, and the server that it started
    process.communicate()


def printed_until(process: subprocess.Popen[str], mark: str) -> str:
    """Return what it printed up to the line with ``mark``."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if mark in line:
            return "".join(lines)
    raise AssertionError("".join(lines))


def test_the_demo_can_be_signed_in_to_lives_on_and_ends_cleanly(demo: subprocess.Popen[str]) -> None:
    text = printed_until(demo, "tail --url")
    url = re.findall(r"Dashboard\s+(\S+)", text)[0]
    email, password = re.findall(r"Sign in\s+(\S+)\s+password (\S+)", text)[0]
    key = re.findall(r"LITESOC_API_KEY=(\S+)", text)[0]
    assert text.index("Dashboard") < text.index("curl") < text.index("CRITICAL") < text.index(f"Open {url}")
    assert re.search(r"webhook-signature: v1,\S+ v1a,", text)
    assert "The signature was verified" in text
    assert not ORDINARY.search(text), "nobody of the ordinary traffic is in an alert"

    with httpx.Client(base_url=url, headers={"Accept": "text/html"}, trust_env=False, follow_redirects=True) as browser:
        page = browser.get("/accounts/login/")
        token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[0]
        home = browser.post("/accounts/login/", data={"login": email, "password": password, "csrfmiddlewaretoken": token})
        assert home.url.path == "/o/shop-example/live/"

    api = Api(url, key)
    seen = api.events(limit=1)["pagination"]["total"]
    assert seen > 2_000
    api.wait_for_events(seen + 1, limit=1)

    demo.send_signal(signal.SIGINT)
    _, errors = demo.communicate(timeout=30)
    assert demo.returncode == 0
    assert "Stopping" in errors
    assert "Traceback" not in errors
