"""Owners of organisations of their own on a test server, all made by one process: starting one for each takes seconds.

Run as a script it reads {"emails": […], "password": …} from stdin.
"""

import json
import sys
from collections.abc import Sequence

from forked_processes import run_forked
from live_server import LiveServer


def create_owners(server: LiveServer, emails: Sequence[str], *, password: str) -> None:
    """Create an organisation and its owner for each address."""
    env = {**server.env, "DJANGO_SETTINGS_MODULE": "litesoc_server.settings"}
    done = run_forked("browser.owners", env=env, stdin=json.dumps({"emails": emails, "password": password}))
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
