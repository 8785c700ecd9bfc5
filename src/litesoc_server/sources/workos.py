"""WorkOS: webhooks with events of AuthKit.

Sources: https://workos.com/docs/events (types, payloads; "authentication success events are emitted even when additional
steps, such as MFA, are required"), https://workos.com/docs/events/data-syncing/webhooks (WorkOS-Signature: `t` in
milliseconds and `v1`, HMAC-SHA256 of "t.body" in hexadecimal digits;
https://github.com/workos/workos-node/blob/main/src/common/crypto/signature-provider.ts, which allows for 3 minutes where we
allow for 5). A login is `session.created`: what succeeded before it keeps WorkOS's name.
That `authentication.mfa_failed` and `authentication.email_verification_failed` are sent could not be confirmed: what the
interface for webhook endpoints offers to choose from does not have them.
"""

from litesoc_server.sources import signatures
from litesoc_server.sources.base import Headers, Ignored, SourceItem, WebhookSource
from litesoc_server.sources.records import object_at
from litesoc_server.sources.vendor_item import NOT_A_RECORD, Fields, Vendor, blanker, full_name, text_in, translator

_VENDOR = Vendor("workos")

SIGNATURE_HEADER = "workos-signature"

_NAMES = {
    "session.created": "auth.login_success",
    "session.revoked": "auth.session_revoked",
    "authentication.email_verification_failed": "auth.login_failed",
    "authentication.magic_auth_failed": "auth.login_failed",
    "authentication.oauth_failed": "auth.login_failed",
    "authentication.passkey_failed": "auth.login_failed",
    "authentication.password_failed": "auth.login_failed",
    "authentication.sso_failed": "auth.login_failed",
    "authentication.mfa_failed": "auth.mfa_challenge_failed",
    "authentication.mfa_succeeded": "auth.mfa_challenge_success",
    "authentication.email_verification_succeeded": "user.email_verified",
    "authentication.radar_risk_detected": "security.suspicious_activity",
    "password_reset.created": "auth.password_reset_requested",
    "password_reset.succeeded": "auth.password_reset",
    "user.created": "admin.user_created",
    "user.updated": "user.updated",
    "user.deleted": "admin.user_deleted",
    "invitation.created": "admin.invite_sent",
    "invitation.accepted": "admin.invite_accepted",
    "organization_membership.created": "authz.permission_granted",
    "organization_membership.updated": "authz.role_changed",
    "organization_membership.deleted": "admin.member_removed",
    "group.member_added": "authz.permission_granted",
    "group.member_removed": "authz.permission_revoked",
    "dsync.user.created": "admin.user_created",
    "dsync.user.deleted": "admin.user_deleted",
    "dsync.group.user_added": "authz.permission_granted",
    "dsync.group.user_removed": "authz.permission_revoked",
    "api_key.created": "admin.api_key_created",
    "api_key.revoked": "admin.api_key_revoked",
    "agent.registration.credential.issued": "admin.api_key_created",
    "role.created": "admin.settings_changed",
    "role.updated": "admin.settings_changed",
    "role.deleted": "admin.settings_changed",
    "organization_role.created": "admin.settings_changed",
    "organization_role.updated": "admin.settings_changed",
    "organization_role.deleted": "admin.settings_changed",
    "permission.updated": "admin.settings_changed",
    "permission.deleted": "admin.settings_changed",
    "connection.activated": "admin.settings_changed",
    "connection.deactivated": "admin.settings_changed",
    "connection.deleted": "admin.settings_changed",
    "dsync.deleted": "admin.settings_changed",
}
_OF_A_USER = "user."


def _entry(record: Fields) -> SourceItem | Ignored:
    kind = text_in(record, "event")
    data = object_at(record, "data")
    if kind is None or not data:
        return NOT_A_RECORD
    impersonator = text_in(data, "impersonator", "email")
    user_id = text_in(data, "id") if kind.startswith(_OF_A_USER) else text_in(data, "user_id")
    return _VENDOR.item(
        "admin.user_impersonation" if impersonator is not None else _NAMES.get(kind),
        vendor_event=kind,
        provider_id=text_in(record, "id"),
        actor_id=impersonator or user_id,
        actor_email=impersonator or text_in(data, "email"),
        actor_name=full_name(data),
        user_ip=text_in(data, "ip_address"),
        user_agent=text_in(data, "user_agent"),
        timestamp=text_in(record, "created_at"),
        session_id=text_in(data, "id") if kind.startswith("session.") else None,
        notes={
            "method": text_in(data, "auth_method") or text_in(data, "type"),
            "error": text_in(data, "error", "code"),
            "object_id": text_in(data, "id"),
            "organization_id": text_in(data, "organization_id"),
            "impersonated_user": user_id if impersonator is not None else None,
            "reason": text_in(data, "impersonator", "reason"),
            "action": text_in(data, "action"),
            "control": text_in(data, "control"),
        },
    )


def _verify(headers: Headers, body: bytes, secret: str, now_ms: int) -> None:
    signatures.verify_stamped(headers, body, secret, now_ms, name=SIGNATURE_HEADER, unit_ms=1)


SOURCE = WebhookSource(
    id="workos",
    title="WorkOS",
    summary="Sign-ins, failures, second factors, password resets and memberships from WorkOS AuthKit.",
    docs_url="https://workos.com/docs/events/data-syncing/webhooks",
    setup=(
        "In the WorkOS dashboard open Webhooks and choose Create webhook.",
        "Endpoint URL: {address}",
        "Events: all of authentication, session, user, password_reset, invitation, organization_membership and api_key.",
        "Create the webhook, copy its secret and paste it on the Integrations page.",
    ),
    translate=translator(_entry),
    strip=blanker(
        frozenset({"token", "password_reset_token", "password_reset_url", "accept_invitation_url", "access_token"})
    ),
    verify=_verify,
)
