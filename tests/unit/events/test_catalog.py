"""The catalog against the contract, whose tables (3.1, 3.2) are written out here once more on purpose."""

from litesoc_server.events.catalog import CATALOG, KNOWN_CATEGORIES, RESERVED_PREFIX, severity_of
from litesoc_server.events.event import Severity


def names(text: str) -> set[str]:
    return set(text.split())


SEED = names(
    """
    auth.login_success auth.login_failed auth.logout auth.password_reset auth.mfa_enabled auth.mfa_disabled
    authz.access_denied authz.role_changed authz.permission_granted
    admin.user_created admin.user_deleted admin.privilege_escalation admin.settings_changed admin.api_key_created
    data.export data.bulk_delete data.sensitive_access
    security.suspicious_activity security.rate_limit_exceeded security.ip_blocked
    """
)
ADDED_LATER = names(
    """
    auth.session_expired auth.token_refreshed authz.permission_revoked admin.user_suspended admin.api_key_revoked
    security.brute_force_detected admin.user_impersonation
    """
)
EXTENDED = {
    "auth": "password_changed password_reset_requested password_reset_completed mfa_challenge_success mfa_challenge_failed "
    "session_created session_revoked failed mfa_challenge mfa_challenge_sent",
    "user": "created updated deleted email_changed email_verified phone_changed phone_verified profile_updated "
    "avatar_changed login_failed login.failed",
    "authz": "role_assigned role_removed access_granted",
    "admin": "invite_sent invite_accepted member_removed plugin_activated plugin_deactivated",
    "data": "import bulk_update download upload shared unshared",
    "security": "ip_unblocked account_locked account_unlocked impossible_travel geo_anomaly",
    "api": "key_used rate_limited error webhook_sent webhook_failed",
    "billing": "subscription_created subscription_updated subscription_cancelled payment_succeeded payment_failed "
    "invoice_created invoice_paid",
}
FEEDBACK = names("litesoc.login_confirmed litesoc.login_denied")
OURS = names("auth.mfa_denied auth.mfa_timed_out auth.mfa_method_added auth.mfa_method_removed") | FEEDBACK
CRITICAL = names(
    """
    authz.access_denied authz.role_changed admin.privilege_escalation data.bulk_delete data.sensitive_access
    security.suspicious_activity security.brute_force_detected security.impossible_travel
    """
)
WARNING = names(
    """
    auth.login_failed auth.mfa_disabled authz.permission_revoked admin.user_deleted admin.user_suspended
    admin.api_key_revoked
    security.rate_limit_exceeded security.ip_blocked admin.user_impersonation
    auth.mfa_challenge_failed auth.failed security.account_locked security.geo_anomaly billing.payment_failed
    api.rate_limited user.deleted
    auth.mfa_denied auth.mfa_timed_out auth.mfa_method_removed litesoc.login_denied
    """
)


def test_the_standard_names_are_the_first_twenty_and_seven_more() -> None:
    assert {row.name for row in CATALOG.values() if row.is_seed} == SEED
    assert {row.name for row in CATALOG.values() if row.is_standard} == SEED | ADDED_LATER
    assert (len(SEED), len(ADDED_LATER)) == (20, 7)


def test_the_extended_names_are_those_of_the_contract() -> None:
    named = {f"{category}.{action}" for category, actions in EXTENDED.items() for action in actions.split()}
    assert {row.name for row in CATALOG.values() if not row.is_standard} == named | OURS


def test_severities_are_those_of_the_contract() -> None:
    by_severity = {severity: {row.name for row in CATALOG.values() if row.severity is severity} for severity in Severity}
    assert by_severity[Severity.CRITICAL] == CRITICAL
    assert by_severity[Severity.WARNING] == WARNING


def test_instant_events_are_the_six_of_the_seed_and_brute_force() -> None:
    instant = {row.name for row in CATALOG.values() if row.is_instant}
    assert instant == CRITICAL - {"security.impossible_travel"}


def test_rows_are_keyed_by_name_described_in_a_sentence_and_in_a_known_category() -> None:
    for name, row in CATALOG.items():
        assert row.name == name == name.lower()
        assert row.category in KNOWN_CATEGORIES or name.startswith(RESERVED_PREFIX)
        assert row.description.endswith(".")
    assert set(EXTENDED) == KNOWN_CATEGORIES


def test_an_unknown_name_is_info() -> None:
    assert severity_of("shop.refund") is Severity.INFO
    assert severity_of("auth.login_failed") is Severity.WARNING
