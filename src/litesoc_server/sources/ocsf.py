"""OCSF: events of other products in the classes Authentication, Account Change, Authorize Session and API Activity.

Sources: https://schema.ocsf.io/1.3.0/classes/authentication, /account_change, /authorize_session, /api_activity (activities,
statuses, attributes). Versions 1.x differ little in what is read here. Objects arrive as an array or one a line. What this
product wrote itself (metadata.event_code, product LiteSOC) comes back under the name that it had.
"""

from litesoc_server.events.catalog import CATALOG, RESERVED_PREFIX
from litesoc_server.ocsf.classes import OTHER, ClassUid
from litesoc_server.ocsf.event import PRODUCT, UNKNOWN
from litesoc_server.sources.base import Ignored, IgnoredBecause, SourceItem, WebhookSource
from litesoc_server.sources.records import object_at
from litesoc_server.sources.vendor_item import NOT_A_RECORD, Fields, Vendor, blanker, moment, text_in, translator

_VENDOR = Vendor("ocsf")

_FAILURE = "2"
_NAMES: dict[tuple[int, int], str] = {
    (ClassUid.AUTHENTICATION, 1): "auth.login_success",
    (ClassUid.AUTHENTICATION, 2): "auth.logout",
    (ClassUid.AUTHENTICATION, 3): "auth.session_created",  # an authentication ticket
    (ClassUid.AUTHENTICATION, 5): "auth.token_refreshed",  # a service ticket renewed
    (ClassUid.ACCOUNT_CHANGE, 1): "admin.user_created",
    (ClassUid.ACCOUNT_CHANGE, 3): "auth.password_changed",
    (ClassUid.ACCOUNT_CHANGE, 4): "auth.password_reset",
    (ClassUid.ACCOUNT_CHANGE, 5): "admin.user_suspended",
    (ClassUid.ACCOUNT_CHANGE, 6): "admin.user_deleted",
    (ClassUid.ACCOUNT_CHANGE, 7): "authz.permission_granted",
    (ClassUid.ACCOUNT_CHANGE, 8): "authz.permission_revoked",
    (ClassUid.ACCOUNT_CHANGE, 9): "security.account_locked",
    (ClassUid.ACCOUNT_CHANGE, 10): "auth.mfa_enabled",
    (ClassUid.ACCOUNT_CHANGE, 11): "auth.mfa_disabled",
    (ClassUid.ACCOUNT_CHANGE, 12): "security.account_unlocked",  # since 1.4
    (ClassUid.AUTHORIZE_SESSION, 1): "authz.permission_granted",
    (ClassUid.AUTHORIZE_SESSION, 2): "authz.permission_granted",
    (ClassUid.AUTHORIZE_SESSION, 3): "authz.role_changed",
}
_CLASSES = {int(one) for one in ClassUid if one is not ClassUid.DETECTION_FINDING}


def _entry(record: Fields) -> SourceItem | Ignored:
    class_uid, activity_id = record.get("class_uid"), record.get("activity_id")
    if type(class_uid) is not int or type(activity_id) is not int:  # True is an int, too
        return NOT_A_RECORD
    kind = f"{class_uid}.{activity_id}"
    if class_uid not in _CLASSES:
        return Ignored(IgnoredBecause.UNKNOWN_TYPE)
    # Who did it; the user of an event without an actor is who it is about, which is the same for logins.
    actor = object_at(record, "actor", "user") or object_at(record, "user")
    is_nobody = text_in(actor, "uid") is None and text_in(actor, "name") == UNKNOWN
    user_name = None if is_nobody else text_in(actor, "name")
    target = text_in(record, "user", "uid") or text_in(record, "user", "name")
    actor_id = text_in(actor, "uid") or user_name
    return _VENDOR.item(
        _name_of(record, class_uid, activity_id),
        vendor_event=kind,
        provider_id=text_in(record, "metadata", "uid"),
        actor_id=actor_id,
        actor_email=text_in(actor, "email_addr") or user_name,
        actor_name=text_in(actor, "full_name") or user_name,
        user_ip=text_in(record, "src_endpoint", "ip"),
        user_agent=text_in(record, "http_request", "user_agent"),
        timestamp=moment(record.get("time")),
        session_id=text_in(record, "session", "uid") or text_in(record, "actor", "session", "uid"),
        notes={
            "product": text_in(record, "metadata", "product", "name"),
            "activity": text_in(record, "activity_name"),
            "operation": text_in(record, "api", "operation"),
            "service": text_in(record, "service", "name") or text_in(record, "api", "service", "name"),
            "status": text_in(record, "status"),
            "reason": text_in(record, "status_detail"),
            "is_mfa": record.get("is_mfa"),
            "target": None if target == actor_id else target,
        },
    )


def _name_of(record: Fields, class_uid: int, activity_id: int) -> str | None:
    code = text_in(record, "metadata", "event_code")
    is_ours = text_in(record, "metadata", "product", "vendor_name") == PRODUCT["vendor_name"]
    if code is not None and (is_ours or code in CATALOG) and not code.startswith(RESERVED_PREFIX):
        return code
    has_failed = text_in(record, "status_id") == _FAILURE
    if has_failed and class_uid == ClassUid.AUTHENTICATION and activity_id == 1:
        return "auth.login_failed"
    if class_uid == ClassUid.API_ACTIVITY:
        return _api_name(record, has_failed=has_failed)
    return None if has_failed or activity_id == OTHER else _NAMES.get((class_uid, activity_id))


def _api_name(record: Fields, *, has_failed: bool) -> str | None:
    """Return a standard name for a call that was denied; other calls keep the name of their operation, as unknown ones."""
    code = (text_in(record, "status_code") or text_in(record, "api", "response", "code") or "").lower()
    return "authz.access_denied" if has_failed and code in {"401", "403", "accessdenied", "unauthorizedoperation"} else None


SOURCE = WebhookSource(
    id="ocsf",
    title="OCSF",
    summary="Authentication, account change, authorisation and API events of any product that writes OCSF.",
    docs_url="https://schema.ocsf.io/1.3.0/categories/iam",
    setup=(
        "Let your pipeline (Vector, Fluent Bit, Cribl, Amazon Security Lake's subscribers …) post to {address}",
        "Body: OCSF 1.x objects, one a line or as a JSON array, up to 1 MiB and 1,000 objects at once.",
        "Taken are Authentication (3002), Account Change (3001), Authorize Session (3003) and API Activity (6003).",
    ),
    translate=translator(_entry),
    strip=blanker(frozenset({"raw_data", "token", "authentication_token", "certificate"})),
)
