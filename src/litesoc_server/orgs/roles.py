"""What each role may do in its organisation."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Self

from litesoc_server.orgs.models import Role


class Permission(StrEnum):
    """One kind of thing that somebody may do. Pages and services ask for these, never for a role."""

    words: str  # as the matrix of roles reads

    def __new__(cls, name: str, words: str) -> Self:
        """Make the member whose value is ``name``."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.words = words
        return member

    VIEW = "view", "See every page but what stands below"
    EXPORT = "export", "Download whole lists as files"
    TRIAGE = "triage", "Decide on alerts, comment, say whose a login was, share views"
    SUPPRESS = "suppress", "Suppress detections until a day"
    CONFIGURE = "configure", "Change what is detected"
    MANAGE_ORG = "manage_org", "Rename the organisation, tidy up the views that others share"
    MANAGE_MEMBERS = "manage_members", "Invite, change and remove members who are no owners"
    MANAGE_KEYS = "manage_keys", "Create, rotate and revoke API keys"
    MANAGE_SOURCES = (
        "manage_sources",
        "Set up where events come from and are passed on to, and the secrets for it; name and remove servers",
    )
    MANAGE_NOTIFICATIONS = "manage_notifications", "Add and change channels, say who hears of what, send again"
    MANAGE_SECURITY = (
        "manage_security",
        "Say who may reach it from where, and how long things are kept; empty the test environment",
    )
    MANAGE_PERSONAL_DATA = "manage_personal_data", "Find, download and erase what is held of one actor"
    VIEW_AUDIT = "view_audit", "Read the audit log"
    MANAGE_OWNERS = "manage_owners", "Make owners, change and remove them, hand the organisation over"
    MANAGE_PLAN = "manage_plan", "Change the plan"
    DELETE_ORG = "delete_org", "Delete the organisation with everything in it"


_VIEWER = frozenset({Permission.VIEW})
_ANALYST = _VIEWER | {Permission.EXPORT, Permission.TRIAGE, Permission.SUPPRESS}
_ADMIN = _ANALYST | {
    Permission.CONFIGURE,
    Permission.MANAGE_ORG,
    Permission.MANAGE_MEMBERS,
    Permission.MANAGE_KEYS,
    Permission.MANAGE_SOURCES,
    Permission.MANAGE_NOTIFICATIONS,
    Permission.MANAGE_SECURITY,
    Permission.MANAGE_PERSONAL_DATA,
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
