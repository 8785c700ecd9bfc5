"""Print docs/reference/roles.md: its words, and the matrix made from orgs/roles.py."""

import os
import sys

HEADER = """\
# Roles, members and invitations

This page is made from `src/litesoc_server/orgs/roles.py` by `docs/generate_roles.py`; a test fails when it is out of date.

"""
FOOTER = """
An API key with the scope `manage` counts as an admin. Whoever runs the server (`litesoc members`, `litesoc orgs`) counts as
an owner of every organisation.

- The last owner who can sign in can neither leave nor be removed nor become something else: first there has to be another.
- An owner hands the organisation over to a member, is asked for the password or second factor once more, and is an admin
  then.
- Who is removed sees nothing any more, at once. Their own saved views and the open invitations they sent go; what they
  shared, decided and wrote stays, and alerts they look after say "former member".

## Invitations

People join by a link that goes to their e-mail address. It works once, for seven days; a new link ends the one before. The
server keeps only a hash of it. Who has no account makes one with it, and the address counts as confirmed, because the link
came there. Who has one signs in first; with another address than the invited one the link does nothing. An organisation has
at most 100 open invitations.

Where no mail server is configured (`LITESOC_EMAIL_URL`), the link is shown once to whoever invites. Then nothing proves that
it reaches that address: whoever invites vouches for it.

## The end of an organisation

An owner deletes it in its settings by typing its name, after the password was asked for once more; whoever runs the server
with `litesoc orgs delete`.

| when | what |
|---|---|
| at once | its keys are answered 403, nobody can join, every page says that it is about to be deleted |
| for 7 days | everything can be looked at and exported, and an owner can keep it |
| then | a worker removes its events and sums, dead letters, what detectors remember, alerts, keys, settings, audit log |

Removal waits until the stream holds nothing that its keys sent. Interrupted, it goes on with the next round, a minute later.
What stays: the accounts of its people, one entry in the audit log of the installation with the organisation's id, and
whatever older backups hold. The event store frees the disk some minutes later.
"""


def render() -> str:
    """Return the page."""
    from litesoc_server.orgs.models import Role  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.roles import Permission, may  # noqa: PLC0415 # needs Django set up

    head = f"| may | {' | '.join(role.label.lower() for role in Role)} |\n|---|{'---|' * len(Role)}\n"
    rows = (
        f"| {one.words[0].lower()}{one.words[1:]} | {' | '.join('yes' if may(role, one) else '' for role in Role)} |\n"
        for one in Permission
    )
    return HEADER + head + "".join(rows) + FOOTER


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "litesoc_server.settings")
    import django

    django.setup()
    sys.stdout.write(render())
