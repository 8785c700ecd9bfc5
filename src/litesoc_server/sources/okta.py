"""Okta: event hooks, which carry events of the System Log.

Sources: https://developer.okta.com/docs/concepts/event-hooks/ (request body `data.events`, the one-time verification with
`x-okta-verification-challenge`, the Authorization header), https://developer.okta.com/docs/reference/api/event-types/
(names; event hooks carry only those tagged event-hook-eligible, the others come where the System Log itself is posted
here; read in https://github.com/okta/okta-developer-docs/blob/master/packages/@okta/vuepress-site/.vuepress/public/docs/okta-event-types.csv),
https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/ (an event's fields).
Event hooks are not signed: a secret of your own in a header is what proves them.

In Identity Engine `user.authentication.auth_via_mfa` tells of the first factor, too. That `debugData.factor` then is
PASSWORD_AS_FACTOR is on no page of Okta's, but in logs that its customers have published.
"""

import msgspec

from litesoc_server.sources.base import Delivery, Handshake, Ignored, SourceItem, WebhookSource
from litesoc_server.sources.records import object_at
from litesoc_server.sources.vendor_item import NOT_A_RECORD, Fields, Vendor, list_in, objects_in, text_in, translator

_VENDOR = Vendor("okta")

CHALLENGE_HEADER = "x-okta-verification-challenge"
_CHALLENGE_LENGTH_MAX = 512  # Okta's have 64

_NAMES = {
    "user.session.start": "auth.login_success",
    "user.session.end": "auth.logout",
    "user.session.clear": "auth.session_revoked",
    "user.authentication.universal_logout": "auth.session_revoked",
    "user.session.expire": "auth.session_expired",
    "user.session.impersonation.initiate": "admin.user_impersonation",
    "user.authentication.auth_via_mfa": "auth.mfa_challenge_success",
    "user.mfa.okta_verify.deny_push": "auth.mfa_denied",
    "user.mfa.factor.activate": "auth.mfa_enabled",
    "user.mfa.factor.deactivate": "auth.mfa_disabled",
    "user.mfa.factor.reset_all": "auth.mfa_disabled",
    "user.mfa.factor.suspend": "auth.mfa_method_removed",
    "user.mfa.factor.unsuspend": "auth.mfa_method_added",
    "user.mfa.attempt_bypass": "security.suspicious_activity",
    "user.account.update_password": "auth.password_changed",
    "user.account.reset_password": "auth.password_reset",
    "user.account.update_primary_email": "user.email_changed",
    "user.account.update_secondary_email": "user.email_changed",
    "user.account.update_profile": "user.profile_updated",
    "user.account.lock": "security.account_locked",
    "user.account.lock.limit": "security.account_locked",
    "user.account.unlock": "security.account_unlocked",
    "user.account.unlock_by_admin": "security.account_unlocked",
    "user.account.privilege.grant": "authz.role_changed",
    "user.account.privilege.revoke": "authz.role_changed",
    "group.privilege.grant": "authz.role_changed",
    "group.privilege.revoke": "authz.role_changed",
    "group.user_membership.add": "authz.permission_granted",
    "group.user_membership.remove": "authz.permission_revoked",
    "application.user_membership.add": "authz.permission_granted",
    "application.user_membership.remove": "authz.permission_revoked",
    "user.account.report_suspicious_activity_by_enduser": "security.suspicious_activity",
    "security.threat.detected": "security.suspicious_activity",
    "security.attack.start": "security.suspicious_activity",
    "security.breached_credential.detected": "security.suspicious_activity",
    "security.request.blocked": "security.ip_blocked",
    "user.lifecycle.create": "admin.user_created",
    "user.lifecycle.suspend": "admin.user_suspended",
    "user.lifecycle.deactivate": "admin.user_suspended",
    "user.lifecycle.delete.initiated": "admin.user_deleted",
    "user.authentication.sso": "authz.access_granted",
    "application.policy.sign_on.deny_access": "authz.access_denied",
    "app.generic.unauth_app_access_attempt": "authz.access_denied",
    "system.api_token.request_outside_allowed_range": "authz.access_denied",
    "system.oauth2.token.request_outside_allowed_range": "authz.access_denied",
    "system.api_token.create": "admin.api_key_created",
    "system.api_token.revoke": "admin.api_key_revoked",
    "system.org.rate_limit.violation": "security.rate_limit_exceeded",
    **dict.fromkeys(
        (
            *("policy.lifecycle.update", "policy.lifecycle.deactivate", "policy.lifecycle.delete"),
            *("policy.rule.add", "policy.rule.update", "policy.rule.deactivate", "policy.rule.delete"),
            *("security.authenticator.lifecycle.deactivate", "security.authenticator.lifecycle.update"),
            *("security.attack_protection.settings.update", "security.threat.configuration.update"),
            *("zone.create", "zone.update", "zone.deactivate", "zone.delete"),
        ),
        "admin.settings_changed",
    ),
}
# What the same type means when its outcome is a failure. Other types that failed keep Okta's name: nothing was changed.
_FAILED_NAMES = {
    "user.session.start": "auth.login_failed",
    "user.authentication.auth_via_mfa": "auth.mfa_challenge_failed",
    "user.authentication.sso": "authz.access_denied",
    "policy.evaluate_sign_on": "authz.access_denied",
}
_FIRST_FACTOR = "PASSWORD_AS_FACTOR"  # the first factor, though the type says "mfa"
# These tell of a refusal or an attack by themselves, whatever outcome they bear.
_WHATEVER_OUTCOME = frozenset(
    {
        "user.mfa.okta_verify.deny_push",
        "user.mfa.attempt_bypass",
        "security.request.blocked",
        "system.api_token.request_outside_allowed_range",
        "system.oauth2.token.request_outside_allowed_range",
        "security.threat.detected",
        "application.policy.sign_on.deny_access",
        "app.generic.unauth_app_access_attempt",
        "user.account.lock",
        "user.account.lock.limit",
        "system.org.rate_limit.violation",
    }
)
_FAILURES = frozenset({"FAILURE", "DENY", "ABANDONED", "RATE_LIMIT"})
_UNKNOWN = "unknown"  # what Okta writes where it knows nobody


def _inside(record: Fields) -> list[object]:
    """Return the events of a hook's body; a System Log event stands for itself."""
    return list_in(record, "data", "events") or [record]


def _entry(record: Fields) -> SourceItem | Ignored:
    kind = text_in(record, "eventType")
    if kind is None:
        return NOT_A_RECORD
    result = text_in(record, "outcome", "result")
    factor = text_in(record, "debugContext", "debugData", "factor")
    actor = object_at(record, "actor")
    alternate = _known(text_in(actor, "alternateId"))
    target = next(iter(objects_in(record, "target")), {})
    return _VENDOR.item(
        _name_of(kind, result, factor),
        vendor_event=kind,
        provider_id=text_in(record, "uuid"),
        # Somebody who is not known has no id, but the name that was tried.
        actor_id=_known(text_in(actor, "id")) or alternate,
        actor_email=alternate,
        actor_name=_known(text_in(actor, "displayName")),
        user_ip=text_in(record, "client", "ipAddress"),
        user_agent=text_in(record, "client", "userAgent", "rawUserAgent"),
        timestamp=text_in(record, "published"),
        session_id=_known(text_in(record, "authenticationContext", "externalSessionId")),
        notes={
            "outcome": result,
            "reason": text_in(record, "outcome", "reason"),
            "message": text_in(record, "displayMessage"),
            "factor": factor,
            "actor_type": text_in(actor, "type"),
            "target_type": text_in(target, "type"),
            "target_id": text_in(target, "id"),
            "target": text_in(target, "alternateId"),
            "threat_suspected": text_in(record, "debugContext", "debugData", "threatSuspected"),
        },
    )


def _name_of(kind: str, result: str | None, factor: str | None) -> str | None:
    if kind == "user.authentication.auth_via_mfa" and factor == _FIRST_FACTOR:
        return "auth.login_failed" if result in _FAILURES else None  # a right one lets nobody in yet
    if result in _FAILURES and kind not in _WHATEVER_OUTCOME:
        return _FAILED_NAMES.get(kind)
    return _NAMES.get(kind)


def _known(text: str | None) -> str | None:
    return None if text == _UNKNOWN else text


def _handshake(delivery: Delivery) -> Handshake | None:
    challenge = delivery.headers.get(CHALLENGE_HEADER)
    if delivery.method != "GET" or not challenge or len(challenge) > _CHALLENGE_LENGTH_MAX:
        return None
    return Handshake(msgspec.json.encode({"verification": challenge}))


SOURCE = WebhookSource(
    id="okta",
    title="Okta",
    summary="Sign-ins, second factors, locked accounts and changes of administrators from an Okta event hook.",
    docs_url="https://developer.okta.com/docs/guides/event-hook-implementation/",
    setup=(
        "In the Okta Admin Console open Workflow > Event Hooks and choose Create Event Hook.",
        "URL: {address}",
        "Authentication field: Authorization. Authentication secret: Bearer {key}",
        "Subscribe to events: user sign-in, sign-out, MFA, lifecycle, account and privilege events.",
        "Save and choose Verify: this server answers Okta's question by itself.",
    ),
    translate=translator(_entry, inside=_inside),
    handshake=_handshake,
)
