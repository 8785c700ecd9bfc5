"""Every published event name through HTTP: stored name, severity, and the notes of a change (contract 3.1 to 3.3, 5)."""

from typing import Any

import pytest

from live_server import LiveServer
from tenants import Tenant, TenantApi, create_tenants

Json = dict[str, Any]

# Contract 3.1: name -> recommended severity. The instant ones raise alerts, which test_conformance_alerts.py looks at.
STANDARD = {
    "auth.login_success": "info",
    "auth.login_failed": "warning",
    "auth.logout": "info",
    "auth.password_reset": "info",
    "auth.mfa_enabled": "info",
    "auth.mfa_disabled": "warning",
    "auth.session_expired": "info",
    "auth.token_refreshed": "info",
    "authz.access_denied": "critical",
    "authz.role_changed": "critical",
    "authz.permission_granted": "info",
    "authz.permission_revoked": "warning",
    "admin.user_created": "info",
    "admin.user_deleted": "warning",
    "admin.user_suspended": "warning",
    "admin.privilege_escalation": "critical",
    "admin.settings_changed": "info",
    "admin.api_key_created": "info",
    "admin.api_key_revoked": "warning",
    "data.export": "info",
    "data.bulk_delete": "critical",
    "data.sensitive_access": "critical",
    "security.suspicious_activity": "critical",
    "security.rate_limit_exceeded": "warning",
    "security.ip_blocked": "warning",
    "security.brute_force_detected": "critical",
    "admin.user_impersonation": "warning",
}

# Contract 3.2: extended names that are stored as they are.
EXTENDED = {
    **dict.fromkeys(
        [
            *("auth.password_reset_requested", "auth.password_reset_completed", "auth.mfa_challenge_success"),
            *("auth.session_created", "auth.session_revoked", "auth.mfa_challenge", "auth.mfa_challenge_sent"),
            *("user.updated", "user.email_changed", "user.email_verified", "user.phone_changed", "user.phone_verified"),
            *("user.profile_updated", "user.avatar_changed", "authz.access_granted"),
            *("admin.invite_sent", "admin.invite_accepted", "admin.member_removed"),
            *("admin.plugin_activated", "admin.plugin_deactivated"),
            *("data.import", "data.bulk_update", "data.download", "data.upload", "data.shared", "data.unshared"),
            *("security.ip_unblocked", "security.account_unlocked"),
            *("api.key_used", "api.error", "api.webhook_sent", "api.webhook_failed"),
            *("billing.subscription_created", "billing.subscription_updated", "billing.subscription_cancelled"),
            *("billing.payment_succeeded", "billing.invoice_created", "billing.invoice_paid"),
        ],
        "info",
    ),
    **dict.fromkeys(
        [
            *("auth.mfa_challenge_failed", "security.account_locked"),
            *("security.geo_anomaly", "billing.payment_failed"),
        ],
        "warning",
    ),
    "security.impossible_travel": "critical",
}

# Contract 5: input -> stored name, with the two deviations of its notes.
ALIASES = {
    "user.login.failed": "auth.login_failed",
    "permission.denied": "authz.access_denied",
    "privilege.escalation": "admin.privilege_escalation",
    "rate_limit.exceeded": "security.rate_limit_exceeded",
    "login.success": "auth.login_success",
    "login.failure": "auth.login_failed",
    "user.signup": "admin.user_created",
    "auth.signup_success": "admin.user_created",
    "password.reset_requested": "auth.password_reset",
    "auth.password_changed": "auth.password_reset",
    "user.login_failed": "auth.login_failed",
    "auth.failed": "auth.login_failed",
    "auth.login": "auth.login_success",
    "auth.oauth.login": "auth.login_success",
    "auth.login.success": "auth.login_success",
    "auth.login.failure": "auth.login_failed",
    "auth.mfa.enabled": "auth.mfa_enabled",
    "auth.mfa.disabled": "auth.mfa_disabled",
    "auth.password_change": "auth.password_reset",
    "authz.role_change": "authz.role_changed",
    "admin.role.changed": "authz.role_changed",
    "authz.access.denied": "authz.access_denied",
    "authz.permission.changed": "authz.role_changed",
    "authz.access.granted": "authz.access_granted",
    "admin.user.created": "admin.user_created",
    "admin.user.deleted": "admin.user_deleted",
    "admin.settings.changed": "admin.settings_changed",
    "data.export.requested": "data.export",
    "data.import.completed": "data.import",
    "security.suspicious.activity": "security.suspicious_activity",
    "security.blocked": "security.ip_blocked",
    "security.rate.limited": "security.rate_limit_exceeded",
    "authz.role_assigned": "authz.role_changed",
    "authz.role_removed": "authz.role_changed",
    "user.created": "admin.user_created",
    "user.deleted": "admin.user_deleted",
    "api.rate_limited": "security.rate_limit_exceeded",
    # the general rule: case, white space, "-", and the joined tail of three and more parts
    "AUTH.LOGIN_FAILED": "auth.login_failed",
    "  auth.logout\n": "auth.logout",
    "auth.login-failed": "auth.login_failed",
    "auth.login failed": "auth.login_failed",
    "User.Login.Failed": "auth.login_failed",
    "auth.mfa.challenge.failed": "auth.mfa_challenge_failed",
    "data.sensitive.access": "data.sensitive_access",
    "security.brute.force.detected": "security.brute_force_detected",
    "billing.invoice.paid": "billing.invoice_paid",
}

# Stored (cleaned) under a name that no table has: flagged. The value is the stored name.
UNRECOGNISED = {
    "auth.telepathy": "auth.telepathy",
    "admin.coffee_made": "admin.coffee_made",
    "custom.category.action": "custom.category.action",
    "checkout.refund": "checkout.refund",
    "no_prefix": "no_prefix",
    "data.deleted": "data.deleted",  # contract 5: one deletion is no bulk deletion
    "Shop Order-Paid": "shop_order_paid",
    "größe.geändert": "größe.geändert",
    "🙂": "🙂",
    "a.b.c.d.e": "a.b.c.d.e",
}
INPUTS = [*STANDARD, *EXTENDED, *ALIASES, *UNRECOGNISED]


@pytest.fixture(scope="module")
def rows(shared_server: LiveServer) -> dict[str, Json]:
    """Send every input once and return what was stored for it."""
    api: TenantApi = create_tenants(shared_server, Tenant(name="names"))[0]
    for start in range(0, len(INPUTS), 100):
        part = INPUTS[start : start + 100]
        answer = api.collect(*({"event": name, "metadata": {"sent": name}} for name in part))
        assert answer.json()["queued"] == len(part)
    api.wait_for_events(len(INPUTS))
    pages = [api.events(limit=100, offset=offset)["data"] for offset in range(0, len(INPUTS), 100)]
    return {row["metadata"]["sent"]: row for page in pages for row in page}


def test_each_input_is_stored_once(rows: dict[str, Json]) -> None:
    assert rows.keys() == set(INPUTS)


@pytest.mark.parametrize("name", [*STANDARD, *EXTENDED])
def test_a_known_name_is_stored_as_it_is(rows: dict[str, Json], name: str) -> None:
    row = rows[name]

    assert (row["event_name"], row["event"]) == (name, name)
    assert row["severity"] == {**STANDARD, **EXTENDED}[name]
    assert row["metadata"] == {"sent": name}


@pytest.mark.parametrize("sent", ALIASES)
def test_an_alias_is_stored_under_the_standard_name(rows: dict[str, Json], sent: str) -> None:
    row = rows[sent]

    assert row["event_name"] == ALIASES[sent]
    assert row["severity"] == {**STANDARD, **EXTENDED}[ALIASES[sent]]
    assert row["metadata"] == {"sent": sent, "original_event": sent}


@pytest.mark.parametrize("sent", UNRECOGNISED)
def test_an_unrecognised_name_is_kept_and_flagged(rows: dict[str, Json], sent: str) -> None:
    row = rows[sent]
    changed = {} if UNRECOGNISED[sent] == sent else {"original_event": sent}

    assert row["event_name"] == UNRECOGNISED[sent]
    assert row["severity"] == "info"
    assert row["metadata"] == {"sent": sent, "unrecognized_format": True, **changed}
