"""What each role may do in its organisation."""

from collections.abc import Mapping
from enum import StrEnum

from litesoc_server.orgs.models import Role


class Permission(StrEnum):
    """One kind of thing that somebody may do. Pages and services ask for these, never for a role."""

    VIEW = "view"  # every page, read-only
    EXPORT = "export"  # whole lists as files: personal data leaves
    TRIAGE = "triage"  # decide on alerts, comment, give feedback
    SUPPRESS = "suppress"  # say that detections need no alert, until a day
    CONFIGURE = "configure"  # change what is detected
    ADMINISTER = "administer"  # keys and members


_VIEWER = frozenset({Permission.VIEW})
_ANALYST = _VIEWER | {Permission.EXPORT, Permission.TRIAGE, Permission.SUPPRESS}
_ADMIN = _ANALYST | {Permission.CONFIGURE, Permission.ADMINISTER}

PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.ANALYST: _ANALYST,
    Role.ADMIN: _ADMIN,
    Role.OWNER: frozenset(Permission),
}


def may(role: Role, permission: Permission) -> bool:
    """Return whether ``role`` includes ``permission``."""
    return permission in PERMISSIONS[role]
