"""Addresses of the settings, below those of an organisation."""

from django.urls import path

from litesoc_server.web.views import (
    settings_delete,
    settings_key,
    settings_member,
    settings_members,
    settings_person,
    settings_privacy,
    settings_security,
)
from litesoc_server.web.views.settings import settings
from litesoc_server.web.views.settings_audit import settings_audit, settings_audit_entry, settings_audit_retention
from litesoc_server.web.views.settings_audit_export import settings_audit_export
from litesoc_server.web.views.settings_empty_test import settings_empty_test
from litesoc_server.web.views.settings_general import settings_general, settings_general_rename
from litesoc_server.web.views.settings_keys import settings_key_new, settings_keys
from litesoc_server.web.views.settings_leave import settings_leave
from litesoc_server.web.views.settings_usage import settings_usage

settings_urls = [
    path("", settings, name="settings"),
    path("audit/", settings_audit, name="settings_audit"),
    path("audit/<int:seq>/", settings_audit_entry, name="settings_audit_entry"),
    path("audit/export.csv", settings_audit_export, {"file_format": "csv"}, name="settings_audit_export"),
    path("audit/export.jsonl", settings_audit_export, {"file_format": "jsonl"}, name="settings_audit_export"),
    path("audit/retention", settings_audit_retention, name="settings_audit_retention"),
    path("general/", settings_general, name="settings_general"),
    path("privacy/", settings_privacy.settings_privacy, name="settings_privacy"),
    path("privacy/retention", settings_privacy.settings_privacy_retention, name="settings_privacy_retention"),
    path("privacy/person/", settings_person.settings_person, name="settings_person"),
    path("privacy/person/export.json", settings_person.settings_person_export, name="settings_person_export"),
    path("privacy/person/erase", settings_person.settings_person_erase, name="settings_person_erase"),
    path("privacy/rules", settings_privacy.settings_privacy_rules, name="settings_privacy_rules"),
    path("privacy/empty-test", settings_empty_test, name="settings_empty_test"),
    path("usage/", settings_usage, name="settings_usage"),
    path("general/rename", settings_general_rename, name="settings_general_rename"),
    path("general/delete", settings_delete.settings_delete, name="settings_delete"),
    path("general/delete/cancel", settings_delete.settings_delete_cancel, name="settings_delete_cancel"),
    path("members/", settings_members.settings_members, name="settings_members"),
    path("members/invitations", settings_members.settings_invite, name="settings_invite"),
    path(
        "members/invitations/<uuid:invitation_id>/resend",
        settings_members.settings_invitation_resend,
        name="settings_invitation_resend",
    ),
    path(
        "members/invitations/<uuid:invitation_id>/withdraw",
        settings_members.settings_invitation_withdraw,
        name="settings_invitation_withdraw",
    ),
    path("members/leave", settings_leave, name="settings_leave"),
    path("members/<uuid:user_id>/", settings_member.settings_member, name="settings_member"),
    path("members/<uuid:user_id>/remove", settings_member.settings_member_remove, name="settings_member_remove"),
    path("members/<uuid:user_id>/role", settings_member.settings_member_role, name="settings_member_role"),
    path("members/<uuid:user_id>/transfer", settings_member.settings_member_transfer, name="settings_member_transfer"),
    path("keys/", settings_keys, name="settings_keys"),
    path("keys/new", settings_key_new, name="settings_key_new"),
    path("keys/<uuid:key_id>/", settings_key.settings_key, name="settings_key"),
    path("keys/<uuid:key_id>/allow-list", settings_key.settings_key_allow_list, name="settings_key_allow_list"),
    path("keys/<uuid:key_id>/change", settings_key.settings_key_change, name="settings_key_change"),
    path("keys/<uuid:key_id>/revoke", settings_key.settings_key_revoke, name="settings_key_revoke"),
    path("keys/<uuid:key_id>/rotate", settings_key.settings_key_rotate, name="settings_key_rotate"),
    path("security/", settings_security.settings_security, name="settings_security"),
    path("security/allow-list", settings_security.settings_allow_list, name="settings_allow_list"),
    path("security/origins", settings_security.settings_origins, name="settings_origins"),
]
