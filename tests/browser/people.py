"""Members of a running test server's organisations, each signed in: the session cookies that a browser starts with.

Run as a script it reads {"org_id": …, "roles": […]} from stdin and prints {role: session key}: Django can be set up once per
process only, and the test process has settings of its own.
"""

import json
import sys
from typing import TYPE_CHECKING

from forked_processes import run_forked
from live_server import LiveServer

if TYPE_CHECKING:
    from litesoc_server.accounts.models import User

ROLES = ("viewer", "analyst", "admin", "owner")
STRANGER = "stranger"  # owner of another organisation
OPERATOR = "operator"  # who runs the server: whom `litesoc init` made


def sign_in_everybody(server: LiveServer, org_id: str) -> dict[str, str]:
    """Make a member of each role and a stranger; return the session key of each, and of the operator."""
    env = {**server.env, "DJANGO_SETTINGS_MODULE": "litesoc_server.settings"}
    done = run_forked("browser.people", env=env, stdin=json.dumps({"org_id": org_id}))
    assert done.returncode == 0, done.stderr
    sessions: dict[str, str] = json.loads(done.stdout)
    return sessions


def _main() -> None:
    import django  # noqa: PLC0415 # only this process needs it

    django.setup()
    from litesoc_server.accounts.models import User  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.models import Membership, Organization  # noqa: PLC0415 # needs Django set up

    org = Organization.objects.get(id=json.load(sys.stdin)["org_id"])
    sessions = {}
    for role in ROLES:
        user = User.objects.create_user(email=f"{role}@shop.example", password=None, name=f"{role.capitalize()} Example")
        Membership.objects.create(org=org, user=user, role=role)
        sessions[role] = session_of(user)
    other = Organization.objects.create(name="Other company", slug="other-company")
    stranger = User.objects.create_user(email="stranger@other.example", password=None)
    Membership.objects.create(org=other, user=stranger, role="owner")
    sessions[STRANGER] = session_of(stranger)
    sessions[OPERATOR] = session_of(User.objects.get(is_superuser=True))
    print(json.dumps(sessions))


def session_of(user: "User") -> str:
    from django.conf import settings  # noqa: PLC0415 # needs Django set up
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: PLC0415 # needs Django
    from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415 # needs Django set up

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


if __name__ == "__main__":
    _main()
