"""Auth0 log streams, sent by a stream of the kind "Custom Webhook".

Types and their meaning: https://auth0.com/docs/deploy-monitor/logs/log-event-type-codes and
https://auth0.com/docs/customize/log-streams/event-filters (all but `du`, which only older lists have:
https://github.com/auth0/docs, articles/logs); what is sent, in which of the content formats JSON Lines, JSON
Array and JSON Object, at least once and in no order: https://auth0.com/docs/customize/log-streams/custom-log-streams. An
object with a `logs` array, as some forwarders make it, is taken too. Auth0 signs nothing: it sends the operator's
Authorization Token as the Authorization header, which is our API key.
"""

from collections.abc import Mapping

from litesoc_server.sources.base import Ignored, IgnoredBecause, SourceItem, Translated, WebhookSource
from litesoc_server.sources.records import email_or_none, is_object, metadata_of, object_at, read_records, text_at

ID = "auth0"
SOURCE_NAME = "auth0-log-stream"  # in the metadata (contract 6.1)

EVENT_OF_TYPE: Mapping[str, str] = {
    "s": "auth.login_success",
    "scoa": "auth.login_success",  # cross-origin
    "sens": "auth.login_success",  # native social login
    "f": "auth.login_failed",
    "fp": "auth.login_failed",  # wrong password
    "fu": "auth.login_failed",  # wrong e-mail or user name
    "fc": "auth.login_failed",  # by connector
    "fcoa": "auth.login_failed",
    "fens": "auth.login_failed",
    "slo": "auth.logout",
    "oidc_backchannel_logout_succeeded": "auth.logout",
    "ss": "admin.user_created",
    "sdu": "admin.user_deleted",
    "du": "admin.user_deleted",  # in older lists of types
    "scp": "auth.password_reset",
    "scpr": "auth.password_reset_requested",
    "sce": "user.email_changed",
    "scpn": "user.phone_changed",
    "scu": "user.updated",  # user name
    "si": "admin.invite_accepted",
    "sui": "data.import",  # users
    "srrt": "auth.session_revoked",  # a refresh token
    "gd_enrollment_complete": "auth.mfa_enabled",
    "gd_unenroll": "auth.mfa_disabled",
    "gd_user_delete": "auth.mfa_disabled",
    "mfar": "auth.mfa_challenge",
    "gd_send_pn": "auth.mfa_challenge_sent",
    "gd_send_sms": "auth.mfa_challenge_sent",
    "gd_send_voice": "auth.mfa_challenge_sent",
    "gd_auth_failed": "auth.mfa_challenge_failed",
    "gd_auth_rejected": "auth.mfa_denied",
    "gd_recovery_failed": "auth.mfa_challenge_failed",
    "gd_recovery_rate_limit_exceed": "auth.mfa_challenge_failed",
    "gd_otp_rate_limit_exceed": "auth.mfa_challenge_failed",
    "gd_auth_succeed": "auth.mfa_challenge_success",
    "gd_recovery_succeed": "auth.mfa_challenge_success",
    "sertft": "auth.token_refreshed",
    "limit_wc": "security.brute_force_detected",  # an address is blocked from one account
    "limit_sul": "security.brute_force_detected",  # more logins a minute by one user from one address than allowed
    "limit_mu": "security.ip_blocked",  # an address tried many accounts
    "api_limit": "security.rate_limit_exceeded",
    "pwd_leak": "security.suspicious_activity",  # login with a leaked password
    "signup_pwd_leak": "security.suspicious_activity",
    "reset_pwd_leak": "security.suspicious_activity",
    "ublkdu": "security.account_unlocked",
}
_KEPT_FIELDS = ("type", "description", "connection", "client_id", "client_name", "user_agent", "hostname", "strategy_type")


def translate(body: bytes) -> Translated:
    """Return one entry for each log record. Raises BodyRefused."""
    return [_entry(record) for record in read_records(body, list_fields=("logs",))]


def _entry(record: object) -> SourceItem | Ignored:
    if not is_object(record):
        return Ignored(IgnoredBecause.NOT_A_RECORD)
    data = object_at(record, "data") or record  # the Management API's records have no envelope
    log_type = text_at(data, "type")
    if log_type is None:
        return Ignored(IgnoredBecause.NOT_A_RECORD)
    name = EVENT_OF_TYPE.get(log_type)
    item = _item(name or f"{ID}.{log_type}", record, data)
    return item if name is not None else Ignored(IgnoredBecause.UNKNOWN_TYPE, item)


def _item(name: str, record: Mapping[str, object], data: Mapping[str, object]) -> SourceItem:
    user_name = text_at(data, "user_name")
    log_id = text_at(record, "log_id") or text_at(data, "log_id", "_id")
    kept = {field: text_at(data, field) for field in _KEPT_FIELDS}
    return SourceItem(
        name=name[:NAME_LENGTH_MAX],
        actor_id=text_at(data, "user_id") or user_name,
        actor_email=email_or_none(user_name),
        actor_name=None,
        user_ip=text_at(data, "ip"),
        user_agent=text_at(data, "user_agent"),
        timestamp=text_at(data, "date"),
        metadata=metadata_of({**kept, "log_id": log_id, "source": SOURCE_NAME}),
        session_id=text_at(data, "session_id"),
        provider_id=log_id,
    )


NAME_LENGTH_MAX = 255  # characters, as for every event name

SOURCE = WebhookSource(
    id=ID,
    title="Auth0",
    summary="Sign-ins, failures, second factors and attack protection from an Auth0 log stream.",
    docs_url="https://auth0.com/docs/customize/log-streams/custom-log-streams",
    setup=(
        "In the Auth0 dashboard open Monitoring > Streams and create a stream of the kind Custom Webhook.",
        "Payload URL: {address}",
        "Authorization Token: Bearer {key}",
        "Content Type: application/json. Content Format: JSON Array, JSON Lines or JSON Object.",
        "Filter by event category: at least Login, Logout, Signup, MFA and Attack Protection, or leave it at all.",
        "Save. The stream's Health tab shows deliveries; the first event appears here within seconds.",
    ),
    translate=translate,
)
