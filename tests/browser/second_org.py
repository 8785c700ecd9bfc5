"""An organisation of its own on a running test server, for tests that change it: people, invitations, keys, an audit log.

Run as a script it prints what the tests need to know: Django can be set up once per process only, and the test process has
settings of its own.
"""

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from browser.people import OPERATOR
from forked_processes import run_forked
from live_server import LiveServer

if TYPE_CHECKING:
    from litesoc_server.accounts.models import User
    from litesoc_server.orgs.services import Created

NAME, SLUG = "Nordlys Travel", "nordlys-travel"
OWNER, PASSWORD = "ingrid@nordlys.example", "correct-horse-battery"
GUEST = "guest"  # somebody with an account who was invited


@dataclass(frozen=True, kw_only=True)
class SecondOrg:
    """What was made."""

    org_id: str
    sessions: dict[str, str]  # of its owner, admin, analyst and viewer; of OPERATOR and GUEST
    members: dict[str, str]  # role -> id of the person
    keys: dict[str, str]  # name -> id
    invitations: dict[str, str]  # "new", "guest", "expired" -> the token in the link


def make_second_org(server: LiveServer) -> SecondOrg:
    """Make the organisation on the server's databases."""
    env = {**server.env, "DJANGO_SETTINGS_MODULE": "litesoc_server.settings"}
    done = run_forked("browser.second_org", env=env)
    assert done.returncode == 0, done.stderr
    return SecondOrg(**json.loads(done.stdout))


def _main() -> None:
    import django  # noqa: PLC0415 # only this process needs it

    django.setup()
    from browser.people import session_of  # noqa: PLC0415 # needs Django set up
    from litesoc_server.accounts.models import User  # noqa: PLC0415 # needs Django set up
    from litesoc_server.audit.keeper import tend_logs  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.services import create_organization  # noqa: PLC0415 # needs Django set up

    created = create_organization(name=NAME, owner_email=OWNER, password=PASSWORD)
    members = _make_members(created)
    guest = User.objects.create_user(email="guest@elsewhere.example", password=None, name="Gro Guest")
    people = {**members, OPERATOR: User.objects.get(is_superuser=True), GUEST: guest}
    made = SecondOrg(
        org_id=str(created.organization.id),
        sessions={name: session_of(user) for name, user in people.items()},
        members={role: str(user.id) for role, user in members.items()},
        keys=_make_keys(created),
        invitations=_invite(created, guest),
    )
    tend_logs(is_hourly=False)
    print(json.dumps(asdict(made)))


def _make_members(created: "Created") -> dict[str, "User"]:
    from litesoc_server.accounts.models import User  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.models import Membership, Role  # noqa: PLC0415 # needs Django set up

    created.owner.name = "Ingrid Solberg"
    created.owner.save()
    members = {Role.OWNER.value: created.owner}
    for role, name in ((Role.ADMIN, "Magnus Bakken"), (Role.ANALYST, "Sana Iqbal"), (Role.VIEWER, "")):
        address = f"{name.partition(' ')[0].lower() or 'board'}@nordlys.example"
        members[role.value] = User.objects.create_user(email=address, password=None, name=name)
        Membership.objects.create(org=created.organization, user=members[role.value], role=role)
    return members


def _make_keys(created: "Created") -> dict[str, str]:
    from django.utils import timezone  # noqa: PLC0415 # needs Django set up

    from litesoc_server.apikeys.issue_key import issue_key  # noqa: PLC0415 # needs Django set up
    from litesoc_server.apikeys.models import ApiKey  # noqa: PLC0415 # needs Django set up
    from litesoc_server.apikeys.revoke_key import revoke_key  # noqa: PLC0415 # needs Django set up
    from litesoc_server.audit.by import By  # noqa: PLC0415 # needs Django set up
    from litesoc_server.ingest.keys import Scope  # noqa: PLC0415 # needs Django set up

    by, now = By(principal=f"user:{created.owner.id}", name=OWNER, address="198.51.100.7"), timezone.now()
    wanted = {
        "Booking site": ({Scope.INGEST}, None),
        "Nightly report": ({Scope.READ}, now + timedelta(days=30)),
        "Deployment": ({Scope.INGEST, Scope.READ, Scope.MANAGE}, None),
        "Old shop": ({Scope.INGEST}, None),
    }
    made = {
        name: issue_key(
            org=created.organization, name=name, scopes=scopes, by=by, created_by=created.owner, expires_at=expires_at
        ).record
        for name, (scopes, expires_at) in wanted.items()
    }
    used = ApiKey.objects.filter(pk=made["Booking site"].pk)
    used.update(last_used_at=now - timedelta(hours=3), last_used_from="203.0.113.24")
    revoke_key(made["Old shop"], by=by)
    return {name: str(key.id) for name, key in made.items()}


def _invite(created: "Created", guest: "User") -> dict[str, str]:
    from django.utils import timezone  # noqa: PLC0415 # needs Django set up

    from litesoc_server.audit.by import By  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.invitations import invite  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.member_changes import Acting  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.models import Invitation, Role  # noqa: PLC0415 # needs Django set up

    acting = Acting.member(created.owner, By(principal=f"user:{created.owner.id}", name=OWNER, address="198.51.100.7"))
    addresses = {
        "new": "ola@nordlys.example",
        "guest": guest.email,
        "expired": "late@nordlys.example",
    }
    tokens = {}
    for name, address in addresses.items():
        issued = invite(created.organization, address, Role.ANALYST, acting=acting)
        tokens[name] = issued.token
        if name == "expired":
            Invitation.objects.filter(pk=issued.invitation.pk).update(expires_at=timezone.now() - timedelta(days=1))
    return tokens


if __name__ == "__main__":
    _main()
