"""Which class and activity of OCSF an event of ours is, by its name.

Sources: https://schema.ocsf.io/1.3.0/classes/authentication (3002), /account_change (3001), /authorize_session (3003),
/api_activity (6003), /detection_finding (2004); numbers and captions are theirs. Activity 99 is "Other": then the name of
the activity is ours. What none of the account classes can say is API Activity.
"""

from enum import IntEnum

import msgspec

SCHEMA_VERSION = "1.3.0"
OTHER = 99  # activity_id: none of the class's own


class ClassUid(IntEnum):
    """Classes that are written, and but for findings read."""

    DETECTION_FINDING = 2004
    ACCOUNT_CHANGE = 3001
    AUTHENTICATION = 3002
    AUTHORIZE_SESSION = 3003
    API_ACTIVITY = 6003


class Category(msgspec.Struct, frozen=True):
    """A category and its name."""

    uid: int
    name: str


CATEGORIES = {
    2: Category(2, "Findings"),
    3: Category(3, "Identity & Access Management"),
    6: Category(6, "Application Activity"),
}
CLASS_NAMES = {
    ClassUid.DETECTION_FINDING: "Detection Finding",
    ClassUid.ACCOUNT_CHANGE: "Account Change",
    ClassUid.AUTHENTICATION: "Authentication",
    ClassUid.AUTHORIZE_SESSION: "Authorize Session",
    ClassUid.API_ACTIVITY: "API Activity",
}


class StatusId(IntEnum):
    """How an activity ended."""

    UNKNOWN = 0
    SUCCESS = 1
    FAILURE = 2


class Meaning(msgspec.Struct, frozen=True):
    """What an event's name says in OCSF."""

    class_uid: ClassUid
    activity_id: int
    activity: str
    status: StatusId = StatusId.SUCCESS


def _login(activity_id: int, activity: str, status: StatusId = StatusId.SUCCESS) -> Meaning:
    return Meaning(ClassUid.AUTHENTICATION, activity_id, activity, status)


def _account(activity_id: int, activity: str) -> Meaning:
    return Meaning(ClassUid.ACCOUNT_CHANGE, activity_id, activity)


def _rights(activity_id: int, activity: str) -> Meaning:
    return Meaning(ClassUid.AUTHORIZE_SESSION, activity_id, activity)


def _api(activity_id: int, activity: str, status: StatusId = StatusId.SUCCESS) -> Meaning:
    return Meaning(ClassUid.API_ACTIVITY, activity_id, activity, status)


_FAILURE = StatusId.FAILURE
MEANINGS: dict[str, Meaning] = {
    "auth.login_success": _login(1, "Logon"),
    "auth.login_failed": _login(1, "Logon", _FAILURE),
    "auth.failed": _login(1, "Logon", _FAILURE),
    "user.login_failed": _login(1, "Logon", _FAILURE),
    "auth.logout": _login(2, "Logoff"),
    "auth.session_expired": _login(2, "Logoff"),
    "auth.session_revoked": _login(2, "Logoff"),
    "auth.session_created": _login(OTHER, "Session created"),
    "auth.token_refreshed": _login(OTHER, "Token refreshed"),
    "auth.mfa_challenge": _login(OTHER, "MFA challenge"),
    "auth.mfa_challenge_sent": _login(OTHER, "MFA challenge"),
    "auth.mfa_challenge_success": _login(OTHER, "MFA challenge"),
    "auth.mfa_challenge_failed": _login(OTHER, "MFA challenge", _FAILURE),
    "auth.mfa_denied": _login(OTHER, "MFA challenge", _FAILURE),
    "auth.mfa_timed_out": _login(OTHER, "MFA challenge", _FAILURE),
    "admin.user_created": _account(1, "Create"),
    "user.created": _account(1, "Create"),
    "auth.password_changed": _account(3, "Password Change"),
    "auth.password_reset": _account(4, "Password Reset"),
    "auth.password_reset_requested": _account(4, "Password Reset"),
    "auth.password_reset_completed": _account(4, "Password Reset"),
    "admin.user_suspended": _account(5, "Disable"),
    "admin.user_deleted": _account(6, "Delete"),
    "user.deleted": _account(6, "Delete"),
    "security.account_locked": _account(9, "Lock"),
    "security.account_unlocked": _account(OTHER, "Unlock"),
    "auth.mfa_enabled": _account(10, "MFA Factor Enable"),
    "auth.mfa_method_added": _account(10, "MFA Factor Enable"),
    "auth.mfa_disabled": _account(11, "MFA Factor Disable"),
    "auth.mfa_method_removed": _account(11, "MFA Factor Disable"),
    "user.updated": _account(OTHER, "Update"),
    "user.email_changed": _account(OTHER, "Update"),
    "user.phone_changed": _account(OTHER, "Update"),
    "user.profile_updated": _account(OTHER, "Update"),
    "user.avatar_changed": _account(OTHER, "Update"),
    "user.email_verified": _account(OTHER, "Verify"),
    "user.phone_verified": _account(OTHER, "Verify"),
    "authz.permission_granted": _rights(1, "Assign Privileges"),
    "admin.privilege_escalation": _rights(1, "Assign Privileges"),
    "authz.role_changed": _rights(1, "Assign Privileges"),
    "authz.role_assigned": _rights(1, "Assign Privileges"),
    "authz.permission_revoked": _rights(OTHER, "Revoke Privileges"),
    "authz.role_removed": _rights(OTHER, "Revoke Roles"),
    "authz.access_denied": _api(OTHER, "Access", _FAILURE),
    "authz.access_granted": _api(OTHER, "Access"),
    "admin.api_key_created": _api(1, "Create"),
    "admin.api_key_revoked": _api(4, "Delete"),
    "admin.settings_changed": _api(3, "Update"),
    "admin.invite_sent": _api(1, "Create"),
    "admin.member_removed": _api(4, "Delete"),
    "data.export": _api(2, "Read"),
    "data.download": _api(2, "Read"),
    "data.sensitive_access": _api(2, "Read"),
    "data.import": _api(1, "Create"),
    "data.upload": _api(1, "Create"),
    "data.bulk_update": _api(3, "Update"),
    "data.bulk_delete": _api(4, "Delete"),
    "api.error": _api(OTHER, "Call", _FAILURE),
    "api.rate_limited": _api(OTHER, "Call", _FAILURE),
    "security.rate_limit_exceeded": _api(OTHER, "Call", _FAILURE),
}
_ANYTHING_ELSE = Meaning(ClassUid.API_ACTIVITY, OTHER, "Other", StatusId.UNKNOWN)


def meaning_of(name: str) -> Meaning:
    """Return what an event of ours with this name, as stored, is in OCSF."""
    return MEANINGS.get(name, _ANYTHING_ELSE)
