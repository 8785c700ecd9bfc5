"""Known event names as data: what each means, how severe it is, and whether it alerts at once.

Names, tiers and instant marks: the hosted service's public client libraries and API page. Where these disagree about a
severity the API page decides; what it leaves open is a warning if the clients call it medium, else info.
"""

from enum import StrEnum

import msgspec

from litesoc_server.events.event import Severity


class Tier(StrEnum):
    """How official a known name is."""

    SEED = "seed"  # one of the 20 names of the first API page; also standard
    STANDARD = "standard"  # one of the 27 that the client libraries list as standard
    EXTENDED = "extended"  # a name that client libraries or official examples send beside them


class EventType(msgspec.Struct, frozen=True):
    """One known event name."""

    name: str
    tier: Tier
    severity: Severity
    description: str  # one line, a full sentence
    is_instant: bool = False  # alerts at once, on every plan

    @property
    def category(self) -> str:
        """The part of the name before the first dot."""
        return category_of(self.name)

    @property
    def is_seed(self) -> bool:
        """Whether it is one of the first 20."""
        return self.tier is Tier.SEED

    @property
    def is_standard(self) -> bool:
        """Whether it is one of the 27 standard names (the first 20 are)."""
        return self.tier is not Tier.EXTENDED


def category_of(name: str) -> str:
    """Return the part of ``name`` before the first dot; the whole name when there is none."""
    return name.partition(".")[0]


# What people say about a login; published by the control plane under a source of its own. Names that begin like these are
# ours: as anybody else's they are stored as names of their own, see pipeline.normalise.aliases.
LOGIN_CONFIRMED = "litesoc.login_confirmed"
LOGIN_DENIED = "litesoc.login_denied"
RESERVED_PREFIX = "litesoc."
FEEDBACK_SOURCE = "feedback"

_INFO, _WARNING, _CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL

_STANDARD = (
    EventType("auth.login_success", Tier.SEED, _INFO, "Someone signed in."),
    EventType("auth.login_failed", Tier.SEED, _WARNING, "Someone tried to sign in and was turned away."),
    EventType("auth.logout", Tier.SEED, _INFO, "Someone signed out."),
    EventType("auth.password_reset", Tier.SEED, _INFO, "A password was changed, or its reset was asked for."),
    EventType("auth.mfa_enabled", Tier.SEED, _INFO, "A second factor was switched on."),
    EventType("auth.mfa_disabled", Tier.SEED, _WARNING, "A second factor was switched off."),
    EventType("auth.session_expired", Tier.STANDARD, _INFO, "A session ended by time-out."),
    EventType("auth.token_refreshed", Tier.STANDARD, _INFO, "A session was prolonged with a refresh token."),
    EventType("authz.access_denied", Tier.SEED, _CRITICAL, "Someone reached for what they may not use.", is_instant=True),
    EventType("authz.role_changed", Tier.SEED, _CRITICAL, "Someone's role was changed.", is_instant=True),
    EventType("authz.permission_granted", Tier.SEED, _INFO, "Someone was given a permission."),
    EventType("authz.permission_revoked", Tier.STANDARD, _WARNING, "Someone lost a permission."),
    EventType("admin.user_created", Tier.SEED, _INFO, "An account was created, by an administrator or by signing up."),
    EventType("admin.user_deleted", Tier.SEED, _WARNING, "An account was deleted."),
    EventType("admin.user_suspended", Tier.STANDARD, _WARNING, "An account was suspended."),
    EventType("admin.user_impersonation", Tier.STANDARD, _WARNING, "An administrator acted as another user."),
    EventType("admin.privilege_escalation", Tier.SEED, _CRITICAL, "Someone gained administrative rights.", is_instant=True),
    EventType("admin.settings_changed", Tier.SEED, _INFO, "A setting of the application was changed."),
    EventType("admin.api_key_created", Tier.SEED, _INFO, "An API key was issued."),
    EventType("admin.api_key_revoked", Tier.STANDARD, _WARNING, "An API key was revoked."),
    EventType("data.export", Tier.SEED, _INFO, "Data was exported."),
    EventType("data.bulk_delete", Tier.SEED, _CRITICAL, "Many records were deleted at once.", is_instant=True),
    EventType("data.sensitive_access", Tier.SEED, _CRITICAL, "Sensitive data was read.", is_instant=True),
    EventType(
        "security.suspicious_activity", Tier.SEED, _CRITICAL, "The application itself noticed an attack.", is_instant=True
    ),
    EventType("security.rate_limit_exceeded", Tier.SEED, _WARNING, "A rate limit of the application was hit."),
    EventType("security.ip_blocked", Tier.SEED, _WARNING, "The application blocked an address."),
    EventType(
        "security.brute_force_detected",
        Tier.STANDARD,
        _CRITICAL,
        "The application itself noticed a brute-force attack.",
        is_instant=True,
    ),
)


def _extended(name: str, description: str, severity: Severity = _INFO) -> EventType:
    return EventType(name, Tier.EXTENDED, severity, description)


_EXTENDED = (
    _extended("auth.password_changed", "A password was changed by its owner."),
    _extended("auth.password_reset_requested", "A password reset was asked for."),
    _extended("auth.password_reset_completed", "A password reset was carried out."),
    _extended("auth.mfa_challenge", "A second factor was asked for."),
    _extended("auth.mfa_challenge_sent", "A code for the second factor was sent."),
    _extended("auth.mfa_challenge_success", "The second factor was right."),
    _extended("auth.mfa_challenge_failed", "The second factor was wrong, refused or too late.", _WARNING),
    _extended("auth.mfa_denied", "A request for the second factor was denied by the owner of the device.", _WARNING),
    _extended("auth.mfa_timed_out", "A request for the second factor was not answered in time.", _WARNING),
    _extended("auth.mfa_method_added", "A second factor was added to an account."),
    _extended("auth.mfa_method_removed", "A second factor was removed from an account.", _WARNING),
    _extended("auth.session_created", "A session began."),
    _extended("auth.session_revoked", "A session was ended by its owner or an administrator."),
    _extended("auth.failed", "Someone tried to sign in and was turned away.", _WARNING),
    _extended("user.created", "An account was created."),
    _extended("user.updated", "An account was changed."),
    _extended("user.deleted", "An account was deleted.", _WARNING),
    _extended("user.email_changed", "The e-mail address of an account was changed."),
    _extended("user.email_verified", "An e-mail address was confirmed."),
    _extended("user.phone_changed", "The phone number of an account was changed."),
    _extended("user.phone_verified", "A phone number was confirmed."),
    _extended("user.profile_updated", "A profile was changed."),
    _extended("user.avatar_changed", "A profile picture was changed."),
    _extended("user.login_failed", "Someone tried to sign in and was turned away."),
    _extended("user.login.failed", "Someone tried to sign in and was turned away."),
    _extended("authz.role_assigned", "Someone was given a role."),
    _extended("authz.role_removed", "Someone lost a role."),
    _extended("authz.access_granted", "Someone was let in to something protected."),
    _extended("admin.invite_sent", "Someone was invited."),
    _extended("admin.invite_accepted", "An invitation was accepted."),
    _extended("admin.member_removed", "A member was removed."),
    _extended("admin.plugin_activated", "A plug-in was switched on."),
    _extended("admin.plugin_deactivated", "A plug-in was switched off."),
    _extended("data.import", "Data was imported."),
    _extended("data.bulk_update", "Many records were changed at once."),
    _extended("data.download", "A file was downloaded."),
    _extended("data.upload", "A file was uploaded."),
    _extended("data.shared", "Something was shared."),
    _extended("data.unshared", "A share was taken back."),
    _extended("security.ip_unblocked", "The application unblocked an address."),
    _extended("security.account_locked", "An account was locked.", _WARNING),
    _extended("security.account_unlocked", "An account was unlocked."),
    _extended("security.impossible_travel", "The application itself noticed impossible travel.", _CRITICAL),
    _extended("security.geo_anomaly", "The application itself noticed an unusual place.", _WARNING),
    _extended("api.key_used", "An API key was used."),
    _extended("api.rate_limited", "An API client hit its rate limit.", _WARNING),
    _extended("api.error", "An API request failed."),
    _extended("api.webhook_sent", "A webhook was delivered."),
    _extended("api.webhook_failed", "A webhook could not be delivered."),
    _extended(LOGIN_CONFIRMED, "Somebody confirmed a login: it was its owner. Ours; nobody can send it."),
    _extended(LOGIN_DENIED, "Somebody denied a login: it was not its owner. Ours; nobody can send it.", _WARNING),
    _extended("billing.subscription_created", "A subscription began."),
    _extended("billing.subscription_updated", "A subscription was changed."),
    _extended("billing.subscription_cancelled", "A subscription was cancelled."),
    _extended("billing.payment_succeeded", "A payment went through."),
    _extended("billing.payment_failed", "A payment failed.", _WARNING),
    _extended("billing.invoice_created", "An invoice was written."),
    _extended("billing.invoice_paid", "An invoice was paid."),
)

CATALOG: dict[str, EventType] = {event_type.name: event_type for event_type in (*_STANDARD, *_EXTENDED)}
KNOWN_CATEGORIES: frozenset[str] = frozenset(
    event_type.category for event_type in CATALOG.values() if not event_type.name.startswith(RESERVED_PREFIX)
)


def severity_of(name: str) -> Severity:
    """Return the severity of an event by its normalised name; info for names that are not in the catalog."""
    known = CATALOG.get(name)
    return known.severity if known is not None else Severity.INFO
