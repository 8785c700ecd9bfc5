"""Firebase Authentication and Google Identity Platform: entries of Cloud Logging, pushed by Pub/Sub or Eventarc.

Sources: https://cloud.google.com/identity-platform/docs/activity-logging (what users do: the log
`identitytoolkit.googleapis.com/requests`, whose entries are a RequestLog:
https://github.com/googleapis/googleapis/blob/master/google/cloud/identitytoolkit/logging/request_log.proto),
https://cloud.google.com/identity-platform/docs/audit-logging (what administrators do: the names of its
methods, and of those that are only in the log of requests),
https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry, https://cloud.google.com/pubsub/docs/push#receive_push.
A method is known by the last part of its name, as versions differ before it. No page names ResetPassword or
FinalizePasskeySignIn: they are called here as Google's REST interface calls them. Nor does one say what stands in
`request` and `response` of a RequestLog; what is missing stays empty.
Requests may hold passwords, answers tokens: only the fields named here are read.
"""

import base64
import binascii

import msgspec

from litesoc_server.sources.base import Ignored, SourceItem, WebhookSource
from litesoc_server.sources.records import email_or_none, is_array, is_lines, is_object, object_at, read_json
from litesoc_server.sources.vendor_item import (
    NOT_A_RECORD,
    NOT_SECURITY,
    Fields,
    Vendor,
    blanked,
    object_of_text,
    text_in,
    translator,
)

_VENDOR = Vendor("firebase")

_ENCODER = msgspec.json.Encoder()
_SECRETS = frozenset(
    {
        *("password", "newPassword", "idToken", "refreshToken", "oobCode", "oobLink", "postBody", "sessionInfo"),
        *("mfaPendingCredential", "oauthAccessToken", "oauthIdToken", "oauthTokenSecret", "rawUserInfo", "passwordHash"),
    }
)
_SIGN_INS = frozenset(
    {
        *("SignInWithPassword", "SignInWithIdp", "SignInWithEmailLink", "SignInWithPhoneNumber", "SignInWithCustomToken"),
        *("SignInWithGameCenter", "FinalizeMfaSignIn", "FinalizePasskeySignIn"),
    }
)
_NAMES = {
    "SignUp": "admin.user_created",
    "StartMfaSignIn": "auth.mfa_challenge",
    "FinalizeMfaEnrollment": "auth.mfa_enabled",
    "WithdrawMfa": "auth.mfa_disabled",
    "ResetPassword": "auth.password_reset",
    "SetAccountInfo": "user.updated",
    "DeleteAccount": "admin.user_deleted",
    "BatchDeleteAccounts": "data.bulk_delete",
    "DownloadAccount": "data.export",
    "UploadAccount": "data.import",
    "SetIamPolicy": "authz.role_changed",
    **dict.fromkeys(
        (
            *("UpdateConfig", "CreateTenant", "UpdateTenant", "DeleteTenant", "InitializeIdentityPlatform"),
            *("CreateDefaultSupportedIdpConfig", "UpdateDefaultSupportedIdpConfig", "DeleteDefaultSupportedIdpConfig"),
            *("CreateInboundSamlConfig", "UpdateInboundSamlConfig", "DeleteInboundSamlConfig"),
            *("CreateOAuthIdpConfig", "UpdateOAuthIdpConfig", "DeleteOAuthIdpConfig"),
        ),
        "admin.settings_changed",
    ),
}
# What clients ask for before and after each sign-in.
_READS = frozenset(
    {
        *("GetAccountInfo", "GetProjectConfig", "GetRecaptchaParam", "GetRecaptchaConfig", "GetPasswordPolicy"),
        *("GetPublicKeys", "GetSessionCookiePublicKeys", "CreateAuthUri"),
    }
)


def _inside(record: Fields) -> list[object]:
    """Return the entry inside of a Pub/Sub push; an entry stands for itself."""
    entry = _pushed(record)
    return [record if entry is None else entry]


def _pushed(record: Fields) -> Fields | None:
    """Return the entry that Pub/Sub put into `message.data`, None if there is none."""
    data = object_at(record, "message").get("data")
    if not isinstance(data, str):
        return None
    try:
        return object_of_text(base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError):
        return None


def _entry(record: Fields) -> SourceItem | Ignored:
    # Eventarc has the entry in `data`; a payload that Cloud Logging does not know is a jsonPayload.
    entry = object_at(record, "data") or record
    payload = object_at(entry, "protoPayload") or object_at(entry, "jsonPayload")
    method = text_in(payload, "methodName")
    if method is None:
        return NOT_A_RECORD
    short = method.rpartition(".")[2]
    if short in _READS:
        return NOT_SECURITY
    request, response = object_at(payload, "request"), object_at(payload, "response")
    metadata = object_at(payload, "requestMetadata")
    error = _error_of(payload)
    email = email_or_none(text_in(request, "email")) or email_or_none(text_in(response, "email"))
    principal = text_in(payload, "authenticationInfo", "principalEmail")
    return _VENDOR.item(
        _name_of(short, error, request, response),
        vendor_event=short,
        provider_id=text_in(entry, "insertId"),
        actor_id=principal or text_in(response, "localId") or text_in(request, "localId") or email,
        actor_email=email_or_none(principal) or email,
        actor_name=text_in(response, "displayName"),
        user_ip=text_in(metadata, "callerIp"),
        user_agent=text_in(metadata, "callerSuppliedUserAgent"),
        timestamp=text_in(entry, "timestamp") or text_in(entry, "receiveTimestamp"),
        notes={
            "error": error,
            "project": text_in(entry, "resource", "labels", "project_id"),
            "tenant": text_in(request, "tenantId") or text_in(entry, "resource", "labels", "tenant_name"),
            "provider": text_in(response, "providerId"),
            "target": text_in(payload, "resourceName"),
            "request_type": text_in(request, "requestType"),
        },
    )


def _error_of(payload: Fields) -> str | None:
    """Return what went wrong, None if nothing did: a status without a code, or with 0, is a success (google.rpc.Status)."""
    code = text_in(payload, "status", "code")
    return None if code in {None, "0"} else text_in(payload, "status", "message") or code


def _name_of(method: str, error: str | None, request: Fields, response: Fields) -> str | None:
    if method in _SIGN_INS:
        if error is not None:
            return "auth.mfa_challenge_failed" if method == "FinalizeMfaSignIn" else "auth.login_failed"
        # With a second factor to come the first one alone lets nobody in.
        return "auth.mfa_challenge" if "mfaPendingCredential" in response else "auth.login_success"
    if error is None:
        if method == "GetOobCode" and text_in(request, "requestType") == "PASSWORD_RESET":
            return "auth.password_reset_requested"
        if method in _NAMES:
            return _NAMES[method]
    return None


def _strip(body: bytes) -> bytes:
    """Return ``body`` without passwords and tokens, also where Pub/Sub packed it. Raises BodyRefused."""
    if is_lines(body):
        lines = [read_json(line) for line in body.splitlines() if line.strip()]
        return b"\n".join(_ENCODER.encode(_blank(line)) for line in lines)
    document = read_json(body)
    return _ENCODER.encode([_blank(one) for one in document] if is_array(document) else _blank(document))


def _blank(value: object) -> object:
    entry = _pushed(value) if is_object(value) else None
    if entry is None or not is_object(value):
        return blanked(value, _SECRETS)
    data = base64.b64encode(_ENCODER.encode(blanked(entry, _SECRETS))).decode()
    return {**value, "message": {**object_at(value, "message"), "data": data}}


SOURCE = WebhookSource(
    id="firebase",
    title="Firebase Authentication",
    summary="Sign-ins, failures, second factors and account changes from Firebase or Google Identity Platform.",
    docs_url="https://cloud.google.com/identity-platform/docs/activity-logging",
    setup=(
        "Upgrade to Identity Platform and switch on user activity logging in its settings.",
        "In Logging > Log router create a sink to a Pub/Sub topic that includes logName:identitytoolkit.googleapis.com",
        "Create a push subscription to the topic with the endpoint {address}",
        "Retry policy: retry after exponential backoff delay.",
    ),
    translate=translator(_entry, inside=_inside),
    strip=_strip,
)
