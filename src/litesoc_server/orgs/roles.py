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
    MANAGE_ORG = "manage_org"  # its name, and the views that others share
    MANAGE_MEMBERS = "manage_members"  # invite, change roles, remove: never owners, who stand above
    MANAGE_KEYS = "manage_keys"  # API keys
    MANAGE_SECURITY = "manage_security"  # who may reach it from where, how long things are kept
    VIEW_AUDIT = "view_audit"  # who did what: personal data of colleagues
    MANAGE_OWNERS = "manage_owners"  # make owners, take it from them, hand the organisation over
    MANAGE_PLAN = "manage_plan"  # what it may use
    DELETE_ORG = "delete_org"  # with everything in it


_VIEWER = frozenset({Permission.VIEW})
_ANALYST = _VIEWER | {Permission.EXPORT, Permission.TRIAGE, Permission.SUPPRESS}
_ADMIN = _ANALYST | {
    Permission.CONFIGURE,
    Permission.MANAGE_ORG,
    Permission.MANAGE_MEMBERS,
    Permission.MANAGE_KEYS,
    Permission.MANAGE_SECURITY,
    Permission.VIEW_AUDIT,
}

PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.ANALYST: _ANALYST,
    Role.ADMIN: _ADMIN,
    Role.OWNER: frozenset(Permission),
}


def may(role: Role, permission: Permission) -> bool:
    """Return whether ``role`` includes ``permission``."""
    return permission in PERMISSIONS[role]
