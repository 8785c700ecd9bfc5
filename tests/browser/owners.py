"""Owners of organisations of their own on a test server, all made by one process: starting one for each takes seconds.

Run as a script it reads {"emails": […], "password": …} from stdin.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from live_server import LiveServer

_TESTS = Path(__file__).parent.parent


def create_owners(server: LiveServer, emails: Sequence[str], *, password: str) -> None:
    """Create an organisation and its owner for each address."""
    done = subprocess.run(
        [sys.executable, __file__],
        env={
            **server.env,
            "DJANGO_SETTINGS_MODULE": "litesoc_server.settings",
            "PYTHONPATH": os.pathsep.join([str(_TESTS), os.environ.get("PYTHONPATH", "")]),
        },
        input=json.dumps({"emails": emails, "password": password}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def _main() -> None:
    import django  # noqa: PLC0415 # only this process needs it

    django.setup()
    from litesoc_server.orgs.services import create_organization  # noqa: PLC0415 # needs Django set up

    asked = json.load(sys.stdin)
    for email in asked["emails"]:
        create_organization(name=email.partition("@")[0], owner_email=email, password=asked["password"])


if __name__ == "__main__":
    _main()
