"""Event names as they are sent, and the one name each is stored under.

Deliberate deviations from the hosted service are listed, with their reason, in docs/decisions/0012-event-name-aliases.md.
"""

from functools import lru_cache

import msgspec

from litesoc_server.events.catalog import CATALOG, RESERVED_PREFIX, category_of, severity_of
from litesoc_server.events.event import Severity
from litesoc_server.pipeline.normalise.text import clean_text

NAME_LENGTH_MAX = 255  # characters; longer names are refused at the door (contract section 5), never stored longer
_CACHE_SIZE = 4096  # names; an application sends a few dozen different ones
_FOREIGN = "custom."  # "custom.litesoc.login_confirmed" is an ordinary event that proves nothing
_TAIL_JOINED_FROM_PARTS = 3  # "authz.access.denied" is tried as "authz.access_denied"

# Names already cleaned (lower case, "_" for "-" and spaces) -> stored name. A stored name is never itself an alias.
ALIASES: dict[str, str] = {
    # Published by the hosted service: its API page, its help pages and its own renaming of its examples.
    "user.login.failed": "auth.login_failed",
    "permission.denied": "authz.access_denied",
    "privilege.escalation": "admin.privilege_escalation",
    "rate_limit.exceeded": "security.rate_limit_exceeded",
    "login.success": "auth.login_success",
    "login.failure": "auth.login_failed",
    "user.signup": "admin.user_created",
    "auth.signup_success": "admin.user_created",
    "password.reset_requested": "auth.password_reset",
    "auth.password_changed": "auth.password_reset",
    "user.login_failed": "auth.login_failed",
    "auth.failed": "auth.login_failed",
    "auth.login": "auth.login_success",
    "auth.oauth.login": "auth.login_success",
    "auth.login.success": "auth.login_success",
    "auth.login.failure": "auth.login_failed",
    "auth.mfa.enabled": "auth.mfa_enabled",
    "auth.mfa.disabled": "auth.mfa_disabled",
    "auth.password_change": "auth.password_reset",
    "authz.role_change": "authz.role_changed",
    "admin.role.changed": "authz.role_changed",
    "authz.access.denied": "authz.access_denied",
    "authz.permission.changed": "authz.role_changed",
    "authz.access.granted": "authz.access_granted",
    "admin.user.created": "admin.user_created",
    "admin.user.deleted": "admin.user_deleted",
    "admin.settings.changed": "admin.settings_changed",
    "data.export.requested": "data.export",
    "data.import.completed": "data.import",
    "security.suspicious.activity": "security.suspicious_activity",
    "security.blocked": "security.ip_blocked",
    "security.rate.limited": "security.rate_limit_exceeded",
    "authz.role_assigned": "authz.role_changed",
    "authz.role_removed": "authz.role_changed",
    "user.created": "admin.user_created",
    "user.deleted": "admin.user_deleted",
    "api.rate_limited": "security.rate_limit_exceeded",
    # The same facts in the words of common libraries and of older programs (so also LOGIN_FAILED, "Login Failed").
    "login": "auth.login_success",
    "login_success": "auth.login_success",
    "login_succeeded": "auth.login_success",
    "login_successful": "auth.login_success",
    "successful_login": "auth.login_success",
    "signin": "auth.login_success",
    "sign_in": "auth.login_success",
    "user_login": "auth.login_success",
    "user_logged_in": "auth.login_success",
    "user.login": "auth.login_success",
    "user.login_success": "auth.login_success",
    "user.login.success": "auth.login_success",
    "user.logged_in": "auth.login_success",
    "auth.success": "auth.login_success",
    "auth.signin": "auth.login_success",
    "auth.sign_in": "auth.login_success",
    "auth.login_succeeded": "auth.login_success",
    "login_failed": "auth.login_failed",
    "login_failure": "auth.login_failed",
    "failed_login": "auth.login_failed",
    "user_login_failed": "auth.login_failed",
    "authentication_failed": "auth.login_failed",
    "authentication_failure": "auth.login_failed",
    "login.failed": "auth.login_failed",
    "user.login.failure": "auth.login_failed",
    "auth.failure": "auth.login_failed",
    "auth.login_failure": "auth.login_failed",
    "auth.signin_failed": "auth.login_failed",
    "logout": "auth.logout",
    "sign_out": "auth.logout",
    "user_logged_out": "auth.logout",
    "user.logout": "auth.logout",
    "auth.signout": "auth.logout",
    "auth.sign_out": "auth.logout",
    "password_reset": "auth.password_reset",
    "password_changed": "auth.password_reset",
    "password.reset": "auth.password_reset",
    "password.changed": "auth.password_reset",
    "user.password_reset": "auth.password_reset",
    "user.password_changed": "auth.password_reset",
    "mfa_enabled": "auth.mfa_enabled",
    "mfa.enabled": "auth.mfa_enabled",
    "user.mfa_enabled": "auth.mfa_enabled",
    "auth.2fa_enabled": "auth.mfa_enabled",
    "mfa_disabled": "auth.mfa_disabled",
    "mfa.disabled": "auth.mfa_disabled",
    "user.mfa_disabled": "auth.mfa_disabled",
    "auth.2fa_disabled": "auth.mfa_disabled",
    "mfa.denied": "auth.mfa_denied",
    "mfa_denied": "auth.mfa_denied",
    "auth.mfa_rejected": "auth.mfa_denied",
    "auth.mfa.denied": "auth.mfa_denied",
    "auth.mfa_push_denied": "auth.mfa_denied",
    "mfa.timeout": "auth.mfa_timed_out",
    "auth.mfa_timeout": "auth.mfa_timed_out",
    "auth.mfa_push_timeout": "auth.mfa_timed_out",
    "mfa.approved": "auth.mfa_challenge_success",
    "mfa.success": "auth.mfa_challenge_success",
    "auth.mfa_success": "auth.mfa_challenge_success",
    "auth.mfa_approved": "auth.mfa_challenge_success",
    "mfa.failed": "auth.mfa_challenge_failed",
    "auth.mfa_failed": "auth.mfa_challenge_failed",
    "auth.mfa_enrolled": "auth.mfa_enabled",
    "auth.mfa_device_added": "auth.mfa_method_added",
    "auth.mfa_device_removed": "auth.mfa_method_removed",
    "email.changed": "user.email_changed",
    "auth.email_changed": "user.email_changed",
    "session.created": "auth.session_created",
    "session.revoked": "auth.session_revoked",
    "session.expired": "auth.session_expired",
    "token.refreshed": "auth.token_refreshed",
    "access_denied": "authz.access_denied",
    "permission_denied": "authz.access_denied",
    "access.denied": "authz.access_denied",
    "authz.permission_denied": "authz.access_denied",
    "role_changed": "authz.role_changed",
    "role.changed": "authz.role_changed",
    "user.role_changed": "authz.role_changed",
    "admin.role_changed": "authz.role_changed",
    "permission.granted": "authz.permission_granted",
    "permission.revoked": "authz.permission_revoked",
    "privilege_escalation": "admin.privilege_escalation",
    "security.privilege_escalation": "admin.privilege_escalation",
    "signup": "admin.user_created",
    "sign_up": "admin.user_created",
    "user_created": "admin.user_created",
    "auth.signup": "admin.user_created",
    "auth.sign_up": "admin.user_created",
    "user.registered": "admin.user_created",
    "user_deleted": "admin.user_deleted",
    "user.suspended": "admin.user_suspended",
    "admin.impersonation": "admin.user_impersonation",
    "settings.changed": "admin.settings_changed",
    "api_key.created": "admin.api_key_created",
    "api_key.revoked": "admin.api_key_revoked",
    "data_export": "data.export",
    "data.exported": "data.export",
    "bulk_delete": "data.bulk_delete",
    "data.bulk_deleted": "data.bulk_delete",
    "suspicious_activity": "security.suspicious_activity",
    "rate_limit_exceeded": "security.rate_limit_exceeded",
    "rate_limited": "security.rate_limit_exceeded",
    "security.rate_limited": "security.rate_limit_exceeded",
    "ip_blocked": "security.ip_blocked",
    "brute_force_detected": "security.brute_force_detected",
    "security.brute_force": "security.brute_force_detected",
}


class ResolvedName(msgspec.Struct, frozen=True, gc=False):
    """What a sent event name comes to."""

    name: str  # as stored
    category: str
    severity: Severity
    is_recognised: bool  # in the catalog; other names are stored and flagged
    original: str | None  # as sent, when the stored name differs


def clean_name(sent: str) -> str:
    """Return ``sent`` trimmed and in lower case, with "_" for each "-" and each run of white space."""
    joined = "_".join(clean_text(sent).lower().replace("-", "_").split())
    return joined[:NAME_LENGTH_MAX]


@lru_cache(maxsize=_CACHE_SIZE)
def resolve_name(sent: str, *, is_ours: bool = False) -> ResolvedName:
    """Return the name an event is stored under, with what the catalog knows about it. Any text is accepted.

    Names that are reserved for us (``is_ours``: the control plane sends them) get _FOREIGN in front when others send them.
    """
    name = _known_name(clean_name(sent))
    if name.startswith(RESERVED_PREFIX) and not is_ours:
        name = f"{_FOREIGN}{name}"[:NAME_LENGTH_MAX]
    return ResolvedName(
        name=name,
        category=category_of(name),
        severity=severity_of(name),
        is_recognised=name in CATALOG,
        original=clean_text(sent)[:NAME_LENGTH_MAX] if name != sent else None,
    )


def is_known_name(sent: str) -> bool:
    """Return whether the catalog knows what ``sent`` comes to."""
    return resolve_name(sent).is_recognised


def _known_name(cleaned: str) -> str:
    if cleaned in ALIASES:
        return ALIASES[cleaned]
    category, *tail = cleaned.split(".")
    if len(tail) + 1 < _TAIL_JOINED_FROM_PARTS:
        return cleaned
    joined = f"{category}.{'_'.join(tail)}"
    joined = ALIASES.get(joined, joined)
    return joined if joined in CATALOG else cleaned
