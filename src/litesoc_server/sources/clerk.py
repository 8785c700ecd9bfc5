"""Clerk: webhooks about users, sessions and organisations, signed by Svix.

Sources: https://clerk.com/docs/webhooks/overview (payload: `data`, `event_attributes.http_request`, `object`, `timestamp`,
`type`), https://clerk.com/docs/reference/backend-api (types of events; what ends a session), https://docs.svix.com/receiving/
verifying-payloads/how-manual (headers). Clerk sends no event for a sign-in that failed.

The text of e-mails and SMS (`email.created`, `sms.created`) holds codes that let people in: nothing of it is kept.
"""

from litesoc_server.sources import signatures
from litesoc_server.sources.base import Headers, Ignored, SourceItem, WebhookSource
from litesoc_server.sources.records import object_at
from litesoc_server.sources.vendor_item import (
    NOT_A_RECORD,
    Fields,
    Vendor,
    blanker,
    full_name,
    moment,
    objects_in,
    text_in,
    translator,
)

_VENDOR = Vendor("clerk")

_NAMES = {
    "session.created": "auth.login_success",
    "session.ended": "auth.logout",  # the user signed out
    "session.removed": "auth.logout",  # the user signed out, and the session was taken from the client
    "session.revoked": "auth.session_revoked",  # the application ended it
    "user.created": "admin.user_created",
    "user.updated": "user.updated",
    "user.deleted": "admin.user_deleted",
    "organizationInvitation.created": "admin.invite_sent",
    "organizationInvitation.accepted": "admin.invite_accepted",
    "organizationMembership.created": "authz.permission_granted",
    "organizationMembership.updated": "authz.role_changed",
    "organizationMembership.deleted": "admin.member_removed",
    "organization.updated": "admin.settings_changed",
}


def _entry(record: Fields) -> SourceItem | Ignored:
    kind = text_in(record, "type")
    data = object_at(record, "data")
    if kind is None or not data:
        return NOT_A_RECORD
    user = _user_of(kind, data)
    request = object_at(record, "event_attributes", "http_request")
    object_id = text_in(data, "id")
    return _VENDOR.item(
        _NAMES.get(kind),
        vendor_event=kind,
        provider_id=None,
        actor_id=text_in(user, "id") or text_in(user, "user_id") or text_in(data, "user_id"),
        actor_email=_email(user),
        actor_name=full_name(user),
        user_ip=text_in(request, "client_ip"),
        user_agent=text_in(request, "user_agent"),
        timestamp=moment(record.get("timestamp")),
        session_id=object_id if kind.startswith("session.") else None,
        notes={
            "object_id": object_id,
            "instance_id": text_in(record, "instance_id"),
            "status": text_in(data, "status"),
            "role": text_in(data, "role"),
            "organization_id": text_in(data, "organization", "id"),
        },
    )


def _user_of(kind: str, data: Fields) -> Fields:
    if kind.startswith("user."):
        return data
    # Of a membership the user is whom it is about; Clerk does not say who did it.
    return object_at(data, "public_user_data") or object_at(data, "user")


def _email(user: Fields) -> str | None:
    """Return the primary address, else the first one. The sign-in name of a membership may be one, too."""
    addresses = objects_in(user, "email_addresses")
    primary = text_in(user, "primary_email_address_id")
    chosen = next((one for one in addresses if primary is not None and text_in(one, "id") == primary), None)
    found = text_in(chosen or next(iter(addresses), {}), "email_address")
    identifier = text_in(user, "identifier")
    return found or (identifier if identifier is not None and "@" in identifier else None)


def _verify(headers: Headers, body: bytes, secret: str, now_ms: int) -> None:
    signatures.verify_standard_webhook(headers, body, secret, now_ms, prefix="svix")


SOURCE = WebhookSource(
    id="clerk",
    title="Clerk",
    summary="Sign-ins, sign-outs, new, changed and deleted users, and memberships from Clerk.",
    docs_url="https://clerk.com/docs/webhooks/sync-data",
    setup=(
        "In the Clerk dashboard open Configure > Webhooks and choose Add Endpoint.",
        "Endpoint URL: {address}",
        "Subscribe to events: session, user, organizationMembership and organizationInvitation.",
        "Create the endpoint, copy its Signing Secret (it begins with whsec_) and paste it on the Integrations page.",
        "Clerk sends nothing when a sign-in fails: report those from your application, too.",
    ),
    translate=translator(_entry),
    # Codes and links that let people in, and what applications keep about users.
    strip=blanker(
        frozenset(
            {
                *("body", "body_plain", "subject", "message", "otp_code", "token", "magic_link", "action_url", "url"),
                *("private_metadata", "unsafe_metadata", "public_metadata"),
            }
        )
    ),
    verify=_verify,
    secret_problem=signatures.standard_secret_problem,
    delivery_header="svix-id",
)
