"""Microsoft Entra ID: sign-in and audit logs, as diagnostic settings stream them, and Microsoft Graph's `signIn` objects.

Sources: https://learn.microsoft.com/en-us/entra/identity/monitoring-health/concept-diagnostic-settings-logs-options
(categories), https://learn.microsoft.com/en-us/graph/api/resources/signin (fields),
https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes (AADSTS codes, but for 500121:
https://www.welkasworld.com/post/dealing-with-sign-in-error-code-500121-authentication-failed-during-strong-authentication-request).
https://learn.microsoft.com/en-us/entra/identity/monitoring-health/howto-stream-logs-to-event-hub (the event hub; what takes
events out of it is left to the customer, and no page tells of a Logic App that posts them). Event Hubs hold `{"records":
[...]}`, Graph answers with `{"value": [...]}`. The texts that tell a declined second factor from one that nobody answered
are on no page of Microsoft's, but in logs that customers have published.
"""

from litesoc_server.sources.base import Ignored, SourceItem, WebhookSource
from litesoc_server.sources.entra_activities import name_of_activity
from litesoc_server.sources.records import object_at
from litesoc_server.sources.vendor_item import (
    NOT_A_RECORD,
    NOT_SECURITY,
    Fields,
    Vendor,
    objects_in,
    text_in,
    translator,
    with_offset,
)

_VENDOR = Vendor("entra")

_SIGN_INS = frozenset(
    {
        *("SignInLogs", "NonInteractiveUserSignInLogs", "ServicePrincipalSignInLogs", "ManagedIdentitySignInLogs"),
        *("ADFSSignInLogs", "MicrosoftServicePrincipalSignInLogs"),
    }
)
_WITHOUT_A_PERSON = frozenset(
    {"ServicePrincipalSignInLogs", "ManagedIdentitySignInLogs", "MicrosoftServicePrincipalSignInLogs"}
)
# Another page is shown ("keep me signed in", no session yet, several accounts, consent, device to be joined); it goes on.
_INTERRUPTS = frozenset(
    {"50058", "50097", "50125", "50127", "50129", "50140", "50168", "50199", "16000", "16001", "51006", "65001"}
)
_MFA_FAILED = "500121"
_NAMES_OF_CODES = {
    "0": "auth.login_success",
    # The sign-in goes on after these: a second factor is asked for or set up.
    **dict.fromkeys(("50072", "50074", "50076", "50078", "50079", "50158"), "auth.mfa_challenge"),
    # A session or grant has run out or was revoked: nothing was typed in.
    **dict.fromkeys(("50089", "50132", "50133", "50173"), "auth.session_expired"),
    # Who they are was shown, and a policy, a missing assignment, the device or a risk keeps them out.
    **dict.fromkeys(
        (
            *("50005", "50105", "50131", "53000", "53001", "53002", "53003", "53004", "53010", "53011"),
            *("500212", "500213", "530034", "530035"),
        ),
        "authz.access_denied",
    ),
}
# Where nobody was asked for anything: a client used a token it had, or one that had run out.
_UNATTENDED = {"auth.login_success": "auth.token_refreshed", "auth.mfa_challenge": "auth.mfa_challenge"}


def _entry(record: Fields) -> SourceItem | Ignored:
    category = text_in(record, "category")
    if category == "AuditLogs":
        return _of_audit(record)
    if category in _SIGN_INS:
        return _of_sign_in(record, object_at(record, "properties"), category or "")
    if "userPrincipalName" in record and "createdDateTime" in record:  # of Microsoft Graph, without an envelope
        return _of_sign_in(record, record, "SignInLogs")
    if category is not None and "operationName" in record:
        return _of_other(record, category)
    return NOT_A_RECORD


def _of_sign_in(record: Fields, sign_in: Fields, category: str) -> SourceItem | Ignored:
    code = text_in(sign_in, "status", "errorCode") or text_in(record, "resultType") or "0"
    if code in _INTERRUPTS:
        return NOT_SECURITY
    is_machine = category in _WITHOUT_A_PERSON
    principal = text_in(sign_in, "userPrincipalName")
    return _VENDOR.item(
        _sign_in_name(category, code, sign_in),
        vendor_event=category,
        provider_id=text_in(sign_in, "id") or text_in(record, "correlationId"),
        actor_id=text_in(sign_in, "servicePrincipalId") if is_machine else text_in(sign_in, "userId") or principal,
        actor_email=None if is_machine else principal,
        actor_name=text_in(sign_in, "servicePrincipalName") if is_machine else text_in(sign_in, "userDisplayName"),
        user_ip=text_in(sign_in, "ipAddress") or text_in(record, "callerIpAddress"),
        user_agent=text_in(sign_in, "userAgent"),
        timestamp=with_offset(text_in(sign_in, "createdDateTime") or text_in(record, "time")),
        session_id=text_in(sign_in, "sessionId") or text_in(sign_in, "correlationId"),
        device_id=text_in(sign_in, "deviceDetail", "deviceId"),
        notes={
            "error": None if code == "0" else code,
            "reason": None if code == "0" else text_in(sign_in, "status", "failureReason"),
            "app": text_in(sign_in, "appDisplayName") or text_in(sign_in, "appId"),
            "client": text_in(sign_in, "clientAppUsed"),
            "conditional_access": text_in(sign_in, "conditionalAccessStatus"),
            "requirement": text_in(sign_in, "authenticationRequirement"),
            "risk_level": text_in(sign_in, "riskLevelDuringSignIn"),
            "risk_state": text_in(sign_in, "riskState"),
            "tenant": text_in(record, "tenantId"),
            "os": text_in(sign_in, "deviceDetail", "operatingSystem"),
            "browser": text_in(sign_in, "deviceDetail", "browser"),
        },
    )


def _sign_in_name(category: str, code: str, sign_in: Fields) -> str:
    if category in _WITHOUT_A_PERSON:
        return "entra.machine_sign_in" if code == "0" else "entra.machine_sign_in_failed"
    if code == _MFA_FAILED:
        return _failed_mfa_name(sign_in)
    name = _NAMES_OF_CODES.get(code, "auth.login_failed")
    return _UNATTENDED.get(name, "entra.token_refused") if category == "NonInteractiveUserSignInLogs" else name


def _failed_mfa_name(sign_in: Fields) -> str:
    steps = [text_in(step, "authenticationStepResultDetail") for step in objects_in(sign_in, "authenticationDetails")]
    told = " ".join(filter(None, [text_in(sign_in, "status", "additionalDetails"), *steps])).lower()
    if "user declined" in told:
        return "auth.mfa_denied"
    return "auth.mfa_timed_out" if "did not respond" in told else "auth.mfa_challenge_failed"


def _of_audit(record: Fields) -> SourceItem | Ignored:
    audit = object_at(record, "properties")
    activity = text_in(audit, "activityDisplayName") or text_in(record, "operationName") or "unknown"
    who = object_at(audit, "initiatedBy", "user")
    principal = text_in(who, "userPrincipalName")
    target = next(iter(objects_in(audit, "targetResources")), {})
    has_failed = (text_in(audit, "result") or text_in(record, "resultSignature") or "").lower() == "failure"
    known = None if has_failed else name_of_activity(activity)
    return _VENDOR.item(
        known,
        vendor_event=activity,
        provider_id=text_in(audit, "id"),
        actor_id=text_in(who, "id") or principal or text_in(audit, "initiatedBy", "app", "servicePrincipalId"),
        actor_email=principal,
        actor_name=text_in(who, "displayName") or text_in(audit, "initiatedBy", "app", "displayName"),
        user_ip=text_in(who, "ipAddress") or text_in(record, "callerIpAddress"),
        timestamp=with_offset(text_in(audit, "activityDateTime") or text_in(record, "time")),
        notes={
            "category": text_in(audit, "category"),
            "result": text_in(audit, "result"),
            "reason": text_in(audit, "resultReason"),
            "target_type": text_in(target, "type"),
            "target_id": text_in(target, "id"),
            "target": text_in(target, "userPrincipalName") or text_in(target, "displayName"),
            "tenant": text_in(record, "tenantId"),
        },
    )


def _of_other(record: Fields, category: str) -> SourceItem | Ignored:
    """Return an event of a category that is none of the above, e.g. RiskyUsers, by its bare facts."""
    return _VENDOR.item(
        None,
        vendor_event=category,
        provider_id=text_in(record, "properties", "id") or text_in(record, "correlationId"),
        actor_id=text_in(record, "properties", "userId"),
        actor_email=text_in(record, "properties", "userPrincipalName"),
        user_ip=text_in(record, "callerIpAddress"),
        timestamp=with_offset(text_in(record, "time")),
        notes={"operation": text_in(record, "operationName"), "tenant": text_in(record, "tenantId")},
    )


SOURCE = WebhookSource(
    id="entra",
    title="Microsoft Entra ID",
    summary="Sign-ins, failures, second factors and directory changes from the logs of Microsoft Entra ID.",
    docs_url="https://learn.microsoft.com/en-us/entra/identity/monitoring-health/howto-stream-logs-to-event-hub",
    setup=(
        "In the Microsoft Entra admin center open Monitoring & health > Diagnostic settings and add a setting.",
        "Choose SignInLogs, NonInteractiveUserSignInLogs and AuditLogs, and Stream to an event hub.",
        "Make a Logic App (or an Azure Function) with the trigger When events are available in Event Hub.",
        "Its one action is HTTP: POST {address} with the event's content as the body.",
    ),
    translate=translator(_entry, list_fields=("records", "value")),
)
