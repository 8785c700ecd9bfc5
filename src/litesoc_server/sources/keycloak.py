"""Keycloak: events of users and of administrators, as an event listener posts them.

Keycloak itself has no listener that posts. Taken are the two representations of its REST API and what the widespread
extension https://github.com/p2-inc/keycloak-events posts (types with "access." or "admin." before them, the name in
`authDetails`, signed with X-Keycloak-Signature: HMAC-SHA256 in hexadecimal digits, where it has a secret and HmacSHA1 is not
chosen; its README tells how webhooks are made, `HttpSenderEventListenerProvider` how they are signed). Sources, below
https://www.keycloak.org/docs-api/latest/javadocs/org/keycloak/events: /EventType.html, /admin/ResourceType.html,
/admin/OperationType.html, and https://github.com/keycloak/keycloak/issues/32685 (since 26.0 UPDATE_CREDENTIAL and
REMOVE_CREDENTIAL stand for all kinds of credentials, and the types before them are still sent beside them).
The `representation` of an administrator's event is never kept: it may hold passwords.
"""

from litesoc_server.sources import signatures
from litesoc_server.sources.base import Headers, Ignored, SecretOrigin, SourceItem, WebhookSource
from litesoc_server.sources.records import object_at
from litesoc_server.sources.vendor_item import (
    NOT_A_RECORD,
    NOT_SECURITY,
    Fields,
    Vendor,
    blanker,
    moment,
    text_in,
    translator,
)

_VENDOR = Vendor("keycloak")

SIGNATURE_HEADER = "x-keycloak-signature"

_NAMES = {
    "LOGIN": "auth.login_success",
    "LOGIN_ERROR": "auth.login_failed",
    "LOGOUT": "auth.logout",
    "REGISTER": "admin.user_created",
    "REFRESH_TOKEN": "auth.token_refreshed",
    "UPDATE_PASSWORD": "auth.password_changed",
    "RESET_PASSWORD": "auth.password_reset",
    "SEND_RESET_PASSWORD": "auth.password_reset_requested",
    "UPDATE_TOTP": "auth.mfa_enabled",
    "REMOVE_TOTP": "auth.mfa_disabled",
    "UPDATE_EMAIL": "user.email_changed",
    "VERIFY_EMAIL": "user.email_verified",
    "UPDATE_PROFILE": "user.profile_updated",
    "FEDERATED_IDENTITY_LINK": "user.updated",
    "REMOVE_FEDERATED_IDENTITY": "user.updated",
    "GRANT_CONSENT": "authz.permission_granted",
    "REVOKE_GRANT": "authz.permission_revoked",
    "INVITE_ORG": "admin.invite_sent",
    "DELETE_ACCOUNT": "admin.user_deleted",
    "IMPERSONATE": "admin.user_impersonation",
    "USER_DISABLED_BY_PERMANENT_LOCKOUT": "security.account_locked",
    "USER_DISABLED_BY_PERMANENT_LOCKOUT_ERROR": "security.account_locked",
    "USER_DISABLED_BY_TEMPORARY_LOCKOUT": "security.account_locked",
    "USER_DISABLED_BY_TEMPORARY_LOCKOUT_ERROR": "security.account_locked",
}
# Since Keycloak 26 two types stand for all kinds of credentials (details.credential_type), and these are sent beside them,
# as copies with the same details; older versions send only these, without that detail.
_OLD_CREDENTIAL_TYPES = frozenset({"UPDATE_PASSWORD", "UPDATE_TOTP", "REMOVE_TOTP"})
_CREDENTIAL_NAMES = {
    ("UPDATE_CREDENTIAL", "password"): "auth.password_changed",
    ("UPDATE_CREDENTIAL", "otp"): "auth.mfa_enabled",
    ("UPDATE_CREDENTIAL", "webauthn"): "auth.mfa_method_added",
    ("UPDATE_CREDENTIAL", "webauthn-passwordless"): "auth.mfa_method_added",
    ("UPDATE_CREDENTIAL", "recovery-authn-codes"): "auth.mfa_method_added",
    ("REMOVE_CREDENTIAL", "otp"): "auth.mfa_disabled",
    ("REMOVE_CREDENTIAL", "webauthn"): "auth.mfa_method_removed",
    ("REMOVE_CREDENTIAL", "webauthn-passwordless"): "auth.mfa_method_removed",
    ("REMOVE_CREDENTIAL", "recovery-authn-codes"): "auth.mfa_method_removed",
}
_ADMIN_NAMES = {
    ("USER", "CREATE"): "admin.user_created",
    ("USER", "UPDATE"): "user.updated",
    ("USER", "DELETE"): "admin.user_deleted",
    ("USER_SESSION", "DELETE"): "auth.session_revoked",
    ("USER_LOGIN_FAILURE", "DELETE"): "security.account_unlocked",
    ("GROUP_MEMBERSHIP", "CREATE"): "authz.permission_granted",
    ("GROUP_MEMBERSHIP", "DELETE"): "authz.permission_revoked",
}
_ROLE_MAPPINGS = frozenset({"REALM_ROLE_MAPPING", "CLIENT_ROLE_MAPPING"})
_SETTINGS = frozenset(
    {
        *("REALM", "CLIENT", "CLIENT_SCOPE", "PROTOCOL_MAPPER", "COMPONENT", "REQUIRED_ACTION"),
        *("IDENTITY_PROVIDER", "IDENTITY_PROVIDER_MAPPER", "USER_FEDERATION_PROVIDER", "USER_FEDERATION_MAPPER"),
        *("AUTH_FLOW", "AUTH_EXECUTION", "AUTH_EXECUTION_FLOW", "AUTHENTICATOR_CONFIG", "AUTHORIZATION_POLICY"),
    }
)


def _entry(record: Fields) -> SourceItem | Ignored:
    operation = text_in(record, "operationType")
    if operation is not None and text_in(record, "resourceType") is not None:
        return _of_administrator(record, operation)
    kind = text_in(record, "type")
    return NOT_A_RECORD if kind is None else _of_user(record, kind.removeprefix("access."))


def _of_user(record: Fields, kind: str) -> SourceItem | Ignored:
    details = object_at(record, "details")
    credential = text_in(details, "credential_type")
    if kind in _OLD_CREDENTIAL_TYPES and credential is not None:
        return NOT_SECURITY  # UPDATE_CREDENTIAL or REMOVE_CREDENTIAL says it, too
    username = text_in(details, "username") or text_in(record, "authDetails", "username")
    impersonator = text_in(details, "impersonator")
    user_id = text_in(record, "userId") or text_in(record, "authDetails", "userId")
    return _VENDOR.item(
        _NAMES.get(kind) or _CREDENTIAL_NAMES.get((kind, credential or "")),
        vendor_event=kind,
        provider_id=text_in(record, "id") or text_in(record, "uid"),
        actor_id=impersonator or user_id or username,
        actor_email=None if impersonator is not None else text_in(details, "email") or username,
        actor_name=impersonator or username,
        user_ip=text_in(record, "ipAddress") or text_in(record, "authDetails", "ipAddress"),
        user_agent=text_in(details, "user_agent") or text_in(record, "userAgent"),
        timestamp=moment(record.get("time")),
        session_id=text_in(record, "sessionId") or text_in(record, "authDetails", "sessionId"),
        notes={
            "realm": text_in(record, "realmName") or text_in(record, "realmId"),
            "client_id": text_in(record, "clientId") or text_in(record, "authDetails", "clientId"),
            "error": text_in(record, "error") or text_in(details, "error"),
            "auth_method": text_in(details, "auth_method"),
            "identity_provider": text_in(details, "identity_provider"),
            "credential_type": credential,
            "impersonated_user": user_id if impersonator is not None else None,
        },
    )


def _of_administrator(record: Fields, operation: str) -> SourceItem | Ignored:
    resource, path = str(text_in(record, "resourceType")), text_in(record, "resourcePath")
    who = object_at(record, "authDetails")
    return _VENDOR.item(
        _admin_name(resource, operation, path or "", has_failed=text_in(record, "error") is not None),
        vendor_event=f"{resource}-{operation}",
        provider_id=text_in(record, "id") or text_in(record, "uid"),
        actor_id=text_in(who, "userId") or text_in(who, "username"),
        actor_email=text_in(who, "username"),
        actor_name=text_in(who, "username"),
        user_ip=text_in(who, "ipAddress"),
        timestamp=moment(record.get("time")),
        session_id=text_in(who, "sessionId"),
        notes={
            "realm": text_in(record, "realmName") or text_in(record, "realmId"),
            "client_id": text_in(who, "clientId"),
            "resource": path,
            "error": text_in(record, "error"),
        },
    )


def _admin_name(resource: str, operation: str, path: str, *, has_failed: bool) -> str | None:
    if not has_failed:
        if resource == "USER" and path.endswith("/reset-password"):
            return "auth.password_reset"
        if resource == "USER" and path.endswith("/logout"):
            return "auth.session_revoked"
        if resource in _ROLE_MAPPINGS and operation in {"CREATE", "DELETE"}:
            return "authz.role_changed"
        if resource in _SETTINGS:
            return "admin.settings_changed"
        if (resource, operation) in _ADMIN_NAMES:
            return _ADMIN_NAMES[resource, operation]
    return None


def _verify(headers: Headers, body: bytes, secret: str, now_ms: int) -> None:
    del now_ms  # nothing in the signature says when it was made
    signatures.verify_body_hmac(headers, body, secret, name=SIGNATURE_HEADER)


SOURCE = WebhookSource(
    id="keycloak",
    title="Keycloak",
    summary="Sign-ins, failures, credentials and what administrators change, from an event listener of Keycloak.",
    docs_url="https://github.com/p2-inc/keycloak-events",
    setup=(
        "Install an event listener that posts events, e.g. the keycloak-events extension, and restart Keycloak.",
        "In Realm settings > Events > Event listeners add ext-event-webhook (or your listener's name).",
        "Create a webhook with the URL {address}, the Integrations page's signing secret and the types access.* and admin.*",
        "At the extension: POST /realms/YOUR-REALM/webhooks with enabled, url, secret and eventTypes (role manage-events).",
        "Leave its algorithm at HmacSHA256.",
        "Switch on Include representation only if something else needs it: it is not kept here.",
    ),
    translate=translator(_entry),
    strip=blanker(frozenset({"representation", "password", "token", "code_id", "token_id", "refresh_token_id"})),
    verify=_verify,
    secret_origin=SecretOrigin.OURS,
)
