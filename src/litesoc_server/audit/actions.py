"""The grammar of the audit log: every action that is recorded, with the words that people read.

A name is what was acted on, a dot, and what was done to it, in the past tense. Names are in clear in the chain and in
exports: one that was ever released is never renamed or used for something else.
"""

from enum import StrEnum
from typing import Self


class Category(StrEnum):
    """Under which heading an action is found."""

    ORGANIZATION = "organization"
    MEMBERS = "members"
    SECURITY = "security"
    SIGN_IN = "sign_in"
    ALERTS = "alerts"
    DETECTION = "detection"
    PRIVACY = "privacy"
    SYSTEM = "system"

    @property
    def label(self) -> str:
        """The heading."""
        return _CATEGORY_LABELS[self]


_CATEGORY_LABELS = {
    Category.ORGANIZATION: "Organisation",
    Category.MEMBERS: "Members",
    Category.SECURITY: "Security",
    Category.SIGN_IN: "Signing in",
    Category.ALERTS: "Alerts",
    Category.DETECTION: "Detection",
    Category.PRIVACY: "Privacy and exports",
    Category.SYSTEM: "System",
}


class Action(StrEnum):
    """What was done: its name, its category, and how people call it."""

    category: Category
    label: str

    def __new__(cls, name: str, category: Category, label: str) -> Self:
        """Make the member whose value is ``name``."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.category = category
        member.label = label
        return member

    # Names marked with a contract's section are the ones that clients of the hosted service know (contract 8.7).
    ORGANIZATION_CREATED = "organization.created", Category.ORGANIZATION, "Organisation created"
    SETTINGS_UPDATED = "settings.updated", Category.ORGANIZATION, "Settings changed"  # 8.7
    PLAN_CHANGED = "billing.plan_changed", Category.ORGANIZATION, "Plan changed"  # 8.7
    LIMITS_CHANGED = "limits.changed", Category.ORGANIZATION, "Limits changed"
    ORIGINS_UPDATED = "origins.updated", Category.ORGANIZATION, "Authorised origins changed"  # 8.7
    ORGANIZATION_SUSPENDED = "organization.suspended", Category.ORGANIZATION, "Organisation suspended"
    ORGANIZATION_RESUMED = "organization.resumed", Category.ORGANIZATION, "Suspension lifted"
    OWNERSHIP_TRANSFERRED = "organization.ownership_transferred", Category.ORGANIZATION, "Ownership transferred"
    DELETION_SCHEDULED = "organization.deletion_scheduled", Category.ORGANIZATION, "Deletion scheduled"
    DELETION_CANCELLED = "organization.deletion_cancelled", Category.ORGANIZATION, "Deletion cancelled"
    ORGANIZATION_DELETED = "organization.deleted", Category.ORGANIZATION, "Organisation deleted"
    KEY_CREATED = "api_key.created", Category.ORGANIZATION, "API key created"  # 8.7
    KEY_UPDATED = "api_key.updated", Category.ORGANIZATION, "API key changed"
    KEY_REGENERATED = "api_key.regenerated", Category.ORGANIZATION, "API key rotated"  # 8.7
    KEY_REVOKED = "api_key.revoked", Category.ORGANIZATION, "API key revoked"  # 8.7
    SOURCE_ADDED = "source.added", Category.ORGANIZATION, "Source set up"
    SOURCE_UPDATED = "source.updated", Category.ORGANIZATION, "Source changed"
    SOURCE_REMOVED = "source.removed", Category.ORGANIZATION, "Source removed"
    SOURCE_SECRET_SET = "source.secret_set", Category.ORGANIZATION, "Signing secret of a source set"
    SOURCE_SECRET_ROTATED = "source.secret_rotated", Category.ORGANIZATION, "Signing secret of a source rotated"
    SOURCE_SECRET_REMOVED = "source.secret_removed", Category.ORGANIZATION, "Signing secret of a source removed"
    WEBHOOK_UPDATED = "webhook.updated", Category.ORGANIZATION, "Webhook changed"  # 8.7
    CHANNEL_ADDED = "channel.added", Category.ORGANIZATION, "Channel added"
    CHANNEL_CHANGED = "channel.changed", Category.ORGANIZATION, "Channel changed"
    CHANNEL_REMOVED = "channel.removed", Category.ORGANIZATION, "Channel removed"
    CHANNEL_RESTORED = "channel.restored", Category.ORGANIZATION, "Channel brought back"
    CHANNEL_DISABLED = "channel.disabled", Category.ORGANIZATION, "Channel switched off after failures"
    DELIVERIES_REPLAYED = "deliveries.replayed", Category.ORGANIZATION, "Deliveries sent again"
    ROUTE_ADDED = "route.added", Category.ORGANIZATION, "Route added"
    ROUTE_CHANGED = "route.changed", Category.ORGANIZATION, "Route changed"
    ROUTE_REMOVED = "route.removed", Category.ORGANIZATION, "Route removed"
    ESCALATION_ADDED = "escalation.added", Category.ORGANIZATION, "Escalation added"
    ESCALATION_CHANGED = "escalation.changed", Category.ORGANIZATION, "Escalation changed"
    ESCALATION_REMOVED = "escalation.removed", Category.ORGANIZATION, "Escalation removed"
    FORWARDER_ADDED = "forwarder.added", Category.ORGANIZATION, "Forwarder added"
    FORWARDER_CHANGED = "forwarder.changed", Category.ORGANIZATION, "Forwarder changed"
    FORWARDER_REMOVED = "forwarder.removed", Category.ORGANIZATION, "Forwarder removed"
    FORWARDER_RESTORED = "forwarder.restored", Category.ORGANIZATION, "Forwarder brought back"
    SERVER_RENAMED = "server.renamed", Category.ORGANIZATION, "Server renamed"
    SERVER_REMOVED = "server.removed", Category.ORGANIZATION, "Server removed"
    AGENT_UPDATE_TRIGGERED = "agent.update_triggered", Category.ORGANIZATION, "Agent update started"  # 8.7

    MEMBER_INVITED = "member.invited", Category.MEMBERS, "Member invited"  # 8.7
    INVITATION_RESENT = "invitation.resent", Category.MEMBERS, "Invitation sent again"
    INVITATION_REVOKED = "invitation.revoked", Category.MEMBERS, "Invitation withdrawn"
    MEMBER_JOINED = "member.joined", Category.MEMBERS, "Member joined"
    MEMBER_ROLE_CHANGED = "member.role_changed", Category.MEMBERS, "Role changed"  # 8.7
    MEMBER_REMOVED = "member.removed", Category.MEMBERS, "Member removed"  # 8.7
    MEMBER_LEFT = "member.left", Category.MEMBERS, "Member left"

    ALLOW_LIST_UPDATED = "ip_whitelist.updated", Category.SECURITY, "IP allow-list changed"  # 8.7
    SSO_ENABLED = "sso.enabled", Category.SECURITY, "Single sign-on switched on"  # 8.7
    SSO_UPDATED = "sso.updated", Category.SECURITY, "Single sign-on changed"
    SSO_DISABLED = "sso.disabled", Category.SECURITY, "Single sign-on switched off"  # 8.7
    RETENTION_CHANGED = "retention.changed", Category.SECURITY, "Retention changed"  # 8.7
    SECURITY_UPDATED = "security.updated", Category.SECURITY, "Security settings changed"

    LOGIN = "auth.login", Category.SIGN_IN, "Signed in"  # 8.7
    LOGIN_FAILED = "auth.login_failed", Category.SIGN_IN, "Sign-in failed"
    LOCKED_OUT = "auth.locked_out", Category.SIGN_IN, "Account locked after failed sign-ins"
    LOGOUT = "auth.logout", Category.SIGN_IN, "Signed out"
    SESSION_ENDED = "auth.session_ended", Category.SIGN_IN, "Session ended"
    PASSWORD_CHANGED = "auth.password_changed", Category.SIGN_IN, "Password changed"
    PASSWORD_RESET_REQUESTED = "auth.password_reset_requested", Category.SIGN_IN, "Password reset asked for"
    PASSWORD_RESET = "auth.password_reset", Category.SIGN_IN, "Password reset"
    EMAIL_CHANGED = "auth.email_changed", Category.SIGN_IN, "E-mail address changed"
    MFA_ADDED = "auth.mfa_added", Category.SIGN_IN, "Second factor added"
    MFA_REMOVED = "auth.mfa_removed", Category.SIGN_IN, "Second factor removed"
    MFA_FAILED = "auth.mfa_failed", Category.SIGN_IN, "Second factor failed"
    RECOVERY_CODES_RENEWED = "auth.recovery_codes_renewed", Category.SIGN_IN, "Recovery codes made"
    ACCOUNT_CREATED = "account.created", Category.SIGN_IN, "Account created"
    ACCOUNT_DISABLED = "account.disabled", Category.SIGN_IN, "Account switched off"
    ACCOUNT_ENABLED = "account.enabled", Category.SIGN_IN, "Account switched on"
    ACCOUNT_RIGHTS_CHANGED = "account.rights_changed", Category.SIGN_IN, "Rights on this server changed"

    ALERT_ACKNOWLEDGED = "alert.acknowledged", Category.ALERTS, "Alert acknowledged"  # 8.7
    ALERT_RESOLVED = "alert.resolved", Category.ALERTS, "Alert resolved"  # 8.7
    ALERT_DISMISSED = "alert.dismissed", Category.ALERTS, "Alert marked safe"  # 8.7
    ALERT_REOPENED = "alert.reopened", Category.ALERTS, "Alert reopened"
    ALERT_ASSIGNED = "alert.assigned", Category.ALERTS, "Alert assigned"
    ALERT_UNDONE = "alert.undone", Category.ALERTS, "Decision on an alert undone"
    LOGIN_CONFIRMED = "alert.login_confirmed", Category.ALERTS, "Login confirmed"
    LOGIN_DENIED = "alert.login_denied", Category.ALERTS, "Login denied"

    POLICY_UPDATED = "policy.updated", Category.DETECTION, "Detection policy changed"
    SUPPRESSION_CREATED = "suppression.created", Category.DETECTION, "Suppression created"
    SUPPRESSION_CHANGED = "suppression.changed", Category.DETECTION, "Suppression changed"
    SUPPRESSION_ENDED = "suppression.ended", Category.DETECTION, "Suppression ended"

    PRIVACY_UPDATED = "privacy.updated", Category.PRIVACY, "Privacy settings changed"
    ACTOR_EXPORTED = "privacy.actor_exported", Category.PRIVACY, "Data of one actor exported"
    ACTOR_ERASURE_ASKED = "privacy.actor_erasure_asked", Category.PRIVACY, "Erasure of an actor asked for"
    ACTOR_ERASED = "privacy.actor_erased", Category.PRIVACY, "Actor erased"
    PERSON_ERASED = "audit_log.person_erased", Category.PRIVACY, "Person erased from the audit log"
    TEST_EVENTS_DELETION_ASKED = (
        "test_events.deletion_asked",
        Category.PRIVACY,
        "Asked to empty the test environment",
    )
    TEST_EVENTS_DELETED = "test_events.deleted", Category.PRIVACY, "Test environment emptied"
    DATA_EXPORTED = "data.exported", Category.PRIVACY, "Data exported"
    AUDIT_LOG_EXPORTED = "audit_log.exported", Category.PRIVACY, "Audit log exported"  # 8.7

    AUDIT_KEY_ROTATED = "audit_log.key_rotated", Category.SYSTEM, "Signing key of the audit log rotated"
    QUOTA_WARNED = "quota.warned", Category.SYSTEM, "Warned of the monthly quota"
    SECRETS_ROTATED = "secrets.rotated", Category.SYSTEM, "Encryption key of secrets rotated"
    BACKUP_CREATED = "backup.created", Category.SYSTEM, "Backup made"
    BACKUP_RESTORED = "backup.restored", Category.SYSTEM, "Backup restored"


def actions_in(category: Category) -> tuple[Action, ...]:
    """Return the actions of one category, in their order here."""
    return tuple(action for action in Action if action.category is category)
