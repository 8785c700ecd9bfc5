"""GitHub: events of an enterprise's or organisation's audit log, and webhooks of an organisation.

Sources: https://github.com/github/docs/blob/main/src/audit-logs/data/shared/entries.json (every action, from which GitHub
makes its pages; of `org.sso_response` it says that somebody tried and not how it ended, and here it counts as let in),
https://docs.github.com/en/enterprise-cloud@latest/admin/monitoring-activity-in-your-enterprise/reviewing-audit-logs-for-your-enterprise/streaming-the-audit-log-for-your-enterprise
(the log is streamed as JSON, to Splunk's HTTP event collector among others, which puts each record into `event`),
https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries (X-Hub-Signature-256),
https://github.com/octokit/webhooks/tree/main/payload-schemas/api.github.com (what is in which webhook). `actor_ip` is there
only where the enterprise discloses addresses. `hashed_token` and the like are never kept.
"""

from litesoc_server.sources import signatures
from litesoc_server.sources.base import Headers, Ignored, SecretOrigin, SourceItem, WebhookSource
from litesoc_server.sources.records import is_object, object_at
from litesoc_server.sources.vendor_item import (
    NOT_A_RECORD,
    NOT_SECURITY,
    Fields,
    Vendor,
    blanker,
    moment,
    text_in,
    translator,
)

_VENDOR = Vendor("github")

SIGNATURE_HEADER = "x-hub-signature-256"

_NAMES = {
    "user.login": "auth.login_success",
    "org.sso_response": "auth.login_success",
    "business.sso_response": "auth.login_success",
    "org.recovery_code_used": "auth.login_success",
    "business.recovery_code_used": "auth.login_success",
    "user.failed_login": "auth.login_failed",
    "org.recovery_code_failed": "auth.login_failed",
    "business.recovery_code_failed": "auth.login_failed",
    "user.logout": "auth.logout",
    "org.revoke_sso_session": "auth.session_revoked",
    "business.revoke_sso_session": "auth.session_revoked",
    "user.forgot_password": "auth.password_reset_requested",
    "user.reset_password": "auth.password_reset",
    "user.change_password": "auth.password_changed",
    "user.add_email": "user.email_changed",
    "user.remove_email": "user.email_changed",
    "two_factor_authentication.enabled": "auth.mfa_enabled",
    "two_factor_authentication.disabled": "auth.mfa_disabled",
    "two_factor_authentication.add_factor": "auth.mfa_method_added",
    "passkey.register": "auth.mfa_method_added",
    "security_key.register": "auth.mfa_method_added",
    "two_factor_authentication.remove_factor": "auth.mfa_method_removed",
    "passkey.remove": "auth.mfa_method_removed",
    "security_key.remove": "auth.mfa_method_removed",
    "user.two_factor_requested": "auth.mfa_challenge",
    "user.two_factor_challenge_success": "auth.mfa_challenge_success",
    "user.two_factor_recover": "auth.mfa_challenge_success",
    "user.two_factor_challenge_failure": "auth.mfa_challenge_failed",
    "user.create": "admin.user_created",
    "external_identity.provision": "admin.user_created",
    "user.delete": "admin.user_deleted",
    "user.suspend": "admin.user_suspended",
    "org.block_user": "admin.user_suspended",
    "external_identity.deprovision": "admin.user_suspended",  # it suspends the user
    "org.invite_member": "admin.invite_sent",
    "business.invite_admin": "admin.invite_sent",
    "repository_invitation.create": "admin.invite_sent",
    "org.add_member": "admin.invite_accepted",
    "repository_invitation.accept": "admin.invite_accepted",
    "org.remove_member": "admin.member_removed",
    "org.remove_outside_collaborator": "admin.member_removed",
    "business.remove_member": "admin.member_removed",
    "org.update_member": "authz.role_changed",
    "business.add_admin": "authz.role_changed",
    "business.remove_admin": "authz.role_changed",
    "user.promote": "authz.role_changed",
    "user.demote": "authz.role_changed",
    "team.promote_maintainer": "authz.role_changed",
    "team.demote_maintainer": "authz.role_changed",
    "organization_role.assign": "authz.role_assigned",
    "enterprise_role.assign": "authz.role_assigned",
    "organization_role.revoke": "authz.role_removed",
    "enterprise_role.revoke": "authz.role_removed",
    "repo.add_member": "authz.permission_granted",
    "repo.update_member": "authz.permission_granted",
    "org.add_outside_collaborator": "authz.permission_granted",
    "team.add_member": "authz.permission_granted",
    "team.add_repository": "authz.permission_granted",
    "team.update_repository_permission": "authz.permission_granted",
    "integration_installation.create": "authz.permission_granted",
    "org.oauth_app_access_approved": "authz.permission_granted",
    "repo.remove_member": "authz.permission_revoked",
    "team.remove_member": "authz.permission_revoked",
    "team.remove_repository": "authz.permission_revoked",
    "integration_installation.destroy": "authz.permission_revoked",
    "org.oauth_app_access_denied": "authz.permission_revoked",
    "org.disable_two_factor_requirement": "admin.settings_changed",
    "business.disable_two_factor_requirement": "admin.settings_changed",
    "org.disable_saml": "admin.settings_changed",
    "business.disable_saml": "admin.settings_changed",
    "business.disable_oidc": "admin.settings_changed",
    "org.update_saml_provider_settings": "admin.settings_changed",
    "business.update_saml_provider_settings": "admin.settings_changed",
    "org.disable_oauth_app_restrictions": "admin.settings_changed",
    "org.disable_source_ip_disclosure": "admin.settings_changed",
    "business.disable_source_ip_disclosure": "admin.settings_changed",
    "ip_allow_list.disable": "admin.settings_changed",
    "ip_allow_list.disable_for_installed_apps": "admin.settings_changed",
    "audit_log_streaming.update": "admin.settings_changed",
    "audit_log_streaming.destroy": "admin.settings_changed",
    "repo.access": "admin.settings_changed",  # the visibility of a repository
    "protected_branch.destroy": "admin.settings_changed",
    "protected_branch.policy_override": "admin.settings_changed",
    "repository_ruleset.update": "admin.settings_changed",
    "repository_ruleset.destroy": "admin.settings_changed",
    "secret_scanning.disable": "admin.settings_changed",
    "secret_scanning_push_protection.bypass": "admin.settings_changed",
    "hook.create": "admin.settings_changed",
    "hook.config_changed": "admin.settings_changed",
    "hook.destroy": "admin.settings_changed",
    "public_key.create": "admin.api_key_created",
    "personal_access_token.create": "admin.api_key_created",
    "personal_access_token.credential_regenerated": "admin.api_key_created",
    "personal_access_token.access_granted": "admin.api_key_created",
    "oauth_access.create": "admin.api_key_created",
    "oauth_access.regenerate": "admin.api_key_created",
    "oauth_authorization.create": "admin.api_key_created",
    "org_credential_authorization.grant": "admin.api_key_created",
    "public_key.delete": "admin.api_key_revoked",
    "personal_access_token.destroy": "admin.api_key_revoked",
    "personal_access_token.credential_revoked": "admin.api_key_revoked",
    "personal_access_token.access_revoked": "admin.api_key_revoked",
    "oauth_access.destroy": "admin.api_key_revoked",
    "oauth_access.revoke": "admin.api_key_revoked",
    "oauth_authorization.destroy": "admin.api_key_revoked",
    "org_credential_authorization.deauthorize": "admin.api_key_revoked",
    "org_credential_authorization.revoke": "admin.api_key_revoked",
    "org.audit_log_export": "data.export",
    "business.audit_log_export": "data.export",
    "user.audit_log_export": "data.export",
    "repo.download_zip": "data.download",
}
# What a webhook calls "action" has no word before it. What it is about tells which one it is: `member` is in those about
# teams (membership) and about repositories (member), `key` is a deploy key, `rule` protects a branch.
_WEBHOOK_NAMES = {
    ("organization", "member_added"): "admin.invite_accepted",
    ("organization", "member_invited"): "admin.invite_sent",
    ("organization", "member_removed"): "admin.member_removed",
    ("member", "added"): "authz.permission_granted",
    ("member", "edited"): "authz.permission_granted",
    ("member", "removed"): "authz.permission_revoked",
    ("team", "added_to_repository"): "authz.permission_granted",
    ("team", "removed_from_repository"): "authz.permission_revoked",
    ("key", "created"): "admin.api_key_created",
    ("key", "deleted"): "admin.api_key_revoked",
    ("rule", "edited"): "admin.settings_changed",
    ("rule", "deleted"): "admin.settings_changed",
    ("repository", "publicized"): "admin.settings_changed",
    ("repository", "privatized"): "admin.settings_changed",
}


def _inside(record: Fields) -> list[object]:
    """Return the record inside of what Splunk's HTTP event collector is sent, else ``record`` itself."""
    inner = record.get("event")
    return [inner] if is_object(inner) and "action" not in record else [record]


def _entry(record: Fields) -> SourceItem | Ignored:
    action = text_in(record, "action")
    if action is None:
        return NOT_SECURITY if "zen" in record else NOT_A_RECORD  # what GitHub posts when a webhook is made
    sender = object_at(record, "sender")
    return _VENDOR.item(
        _NAMES.get(action) or _webhook_name(record, action),
        vendor_event=action,
        provider_id=text_in(record, "_document_id"),
        actor_id=text_in(record, "actor_id") or text_in(sender, "id") or text_in(record, "actor"),
        actor_name=text_in(record, "actor") or text_in(sender, "login"),
        user_ip=text_in(record, "actor_ip") or text_in(record, "actor_location", "ip"),
        user_agent=text_in(record, "user_agent"),
        timestamp=moment(_first_number(record.get("@timestamp"), record.get("created_at"))),
        notes={
            "organization": text_in(record, "org") or text_in(record, "organization", "login"),
            "enterprise": text_in(record, "business"),
            "repository": text_in(record, "repo") or text_in(record, "repository", "full_name"),
            "team": text_in(record, "team") or text_in(record, "team", "slug"),
            "user": _user_of(record),
            "country": text_in(record, "actor_location", "country_code"),
            "access_type": text_in(record, "programmatic_access_type"),
            "token_id": text_in(record, "token_id"),
            "visibility": text_in(record, "visibility"),
            "old_permission": text_in(record, "old_permission"),
            "permission": (
                text_in(record, "permission")
                or text_in(record, "membership", "role")
                or text_in(record, "changes", "permission", "to")
            ),
        },
    )


def _webhook_name(record: Fields, action: str) -> str | None:
    return next((name for (about, done), name in _WEBHOOK_NAMES.items() if done == action and about in record), None)


def _user_of(record: Fields) -> str | None:
    return (
        text_in(record, "user")
        or text_in(record, "membership", "user", "login")
        or text_in(record, "member", "login")
        or text_in(record, "user", "login")
    )


def _first_number(*values: object) -> object:
    """Return the first of ``values`` that is a number; webhooks have times of other things in the same field."""
    return next((one for one in values if isinstance(one, int | float)), None)


def _verify(headers: Headers, body: bytes, secret: str, now_ms: int) -> None:
    del now_ms  # nothing in the signature says when it was made
    signatures.verify_body_hmac(headers, body, secret, name=SIGNATURE_HEADER, prefix="sha256=")


SOURCE = WebhookSource(
    id="github",
    title="GitHub",
    summary="Sign-ins, second factors, members, tokens and keys from a GitHub audit log or an organisation's webhook.",
    docs_url="https://docs.github.com/en/webhooks/using-webhooks/creating-webhooks",
    setup=(
        "For an organisation: Settings > Webhooks > Add webhook.",
        "Payload URL: {address}",
        "Content type: application/json. Secret: the signing secret that the Integrations page draws.",
        (
            "Events: Organizations, Memberships, Teams, Collaborator add, remove, or changed, Repositories, Deploy keys and "
            "Branch protection rules."
        ),
        "For an enterprise: stream the audit log to storage and post its records to the same address, one a line.",
    ),
    translate=translator(_entry, inside=_inside),
    strip=blanker(frozenset({"hashed_token", "token", "secret", "config", "config_was", "key"})),
    verify=_verify,
    secret_origin=SecretOrigin.OURS,
)
