"""Rows of Supabase Auth's own audit log, `auth.audit_log_entries`, as a database webhook on it sends them.

The actions, and what stands in the column `payload`, are those of
https://github.com/supabase/auth/blob/master/internal/models/audit_log_entry.go. A refreshed token revokes the one before, so
`token_revoked` says nothing of its own. How a `verification_attempted` ended the row does not say: it counts as unknown.
"""

from collections.abc import Mapping

from litesoc_server.sources.base import Ignored, IgnoredBecause, SourceItem
from litesoc_server.sources.records import email_or_none, metadata_of, object_at, text_at

TABLE = "audit_log_entries"
NAMES = {
    "login": "auth.login_success",
    "logout": "auth.logout",
    "token_refreshed": "auth.token_refreshed",
    "user_signedup": "admin.user_created",
    "user_deleted": "admin.user_deleted",
    "user_modified": "user.updated",
    "identity_unlinked": "user.updated",
    "user_invited": "admin.invite_sent",
    "invite_accepted": "admin.invite_accepted",
    "user_recovery_requested": "auth.password_reset_requested",
    "user_updated_password": "auth.password_changed",
    "challenge_created": "auth.mfa_challenge",
    "mfa_code_login": "auth.mfa_challenge_success",
    "generate_recovery_codes": "auth.mfa_method_added",
    "recovery_codes_deleted": "auth.mfa_method_removed",
    "factor_unenrolled": "auth.mfa_method_removed",
    "factor_deleted": "auth.mfa_method_removed",
    "passkey_created": "auth.mfa_method_added",
    "passkey_deleted": "auth.mfa_method_removed",
}
_OF_NO_USE = frozenset(
    {
        *("token_revoked", "user_confirmation_requested", "user_reauthenticate_requested", "user_repeated_signup"),
        *("factor_in_progress", "factor_updated", "passkey_updated"),
    }
)
_KEPT = ("id", "created_at", "ip_address")
_KEPT_OF_PAYLOAD = ("action", "log_type", "actor_id", "actor_username", "actor_name", "actor_via_sso", "traits")
_TEXT_LENGTH_MAX = 1_024  # characters of a value that is kept


def stripped_row(row: Mapping[str, object]) -> dict[str, object]:
    """Return what is kept of a row: of the traits, which may hold anything, only the provider."""
    payload = object_at(row, "payload")
    kept = {name: _kept(payload.get(name)) for name in _KEPT_OF_PAYLOAD}
    kept["traits"] = {"provider": _kept(object_at(payload, "traits").get("provider"))}
    return {**{name: _kept(row.get(name)) for name in _KEPT}, "payload": kept}


def _kept(value: object) -> object:
    return value[:_TEXT_LENGTH_MAX] if isinstance(value, str) else value if isinstance(value, bool) else None


def entry_of(row: Mapping[str, object], *, source: str, prefix: str) -> SourceItem | Ignored:
    """Return the entry of one new row; ``source`` goes into the metadata, ``prefix`` before an unknown action."""
    payload = object_at(row, "payload")
    action = text_at(payload, "action")
    if action is None:
        return Ignored(IgnoredBecause.NOT_A_RECORD)
    if action in _OF_NO_USE:
        return Ignored(IgnoredBecause.NOT_SECURITY)
    name = NAMES.get(action)
    username = text_at(payload, "actor_username")
    item = SourceItem(
        name=name or f"{prefix}.{action}"[:255],
        actor_id=text_at(payload, "actor_id") or username,
        actor_email=email_or_none(username),
        actor_name=text_at(payload, "actor_name"),
        user_ip=text_at(row, "ip_address"),
        user_agent=None,
        timestamp=text_at(row, "created_at"),
        metadata=metadata_of(
            {
                "source": source,
                "vendor_event": action,
                "log_type": payload.get("log_type"),
                "provider": object_at(payload, "traits").get("provider"),
                "via_sso": True if payload.get("actor_via_sso") is True else None,
            }
        ),
        provider_id=text_at(row, "id"),
    )
    return item if name is not None else Ignored(IgnoredBecause.UNKNOWN_TYPE, item)
