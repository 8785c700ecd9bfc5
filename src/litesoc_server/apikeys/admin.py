"""API keys in the admin pages: seen and revoked here; made in the settings or by `litesoc keys`, which show them once."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from litesoc_server.apikeys.models import ApiKey
from litesoc_server.apikeys.revoke_key import revoke_key
from litesoc_server.orgs.admin import ReadOnly
from litesoc_server.orgs.audit_by import by_of


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg] # generic in the stubs only
    """Keys, without their hashes. Events and histories name them, so they are revoked, never deleted."""

    list_display = ["name", "org", "prefix", "environment", "shown_scopes", "state", "created_at", "last_used_at"]
    list_filter = ["environment", "org"]
    search_fields = ["name", "prefix", "org__name"]
    list_select_related = ["org"]
    actions = ["revoke_selected"]
    fields = ["name", "org", "prefix", "environment", "shown_scopes", "state", "created_by", "created_at", "expires_at"]
    readonly_fields = ["shown_scopes", "state"]

    @admin.display(description="scopes")
    def shown_scopes(self, key: ApiKey) -> str:
        """Return what the key may do."""
        return ", ".join(sorted(key.scopes))

    @admin.action(description="Revoke selected keys")
    def revoke_selected(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        """Revoke keys for good."""
        for key in keys:
            revoke_key(key, by=by_of(request))
        self.message_user(request, f"Revoked {len(keys)} keys; servers stop accepting them within 5 seconds.")
