"""Organisations in the admin pages."""

from django.contrib import admin

from litesoc_server.orgs.models import Membership, Organization, PolicyChange, StoredPolicy, Suppression


class ReadOnly:
    """Takes the permissions to add, change and delete from an admin class."""

    def has_add_permission(self, *_: object) -> bool:
        """Return False."""
        return False

    def has_change_permission(self, *_: object) -> bool:
        """Return False."""
        return False

    def has_delete_permission(self, *_: object) -> bool:
        """Return False."""
        return False


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg] # generic in the stubs only
    """Who belongs to an organisation."""

    model = Membership
    extra = 0
    autocomplete_fields = ["user"]


@admin.register(Organization)
class OrganizationAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # generic in the stubs only
    """Organisations with their plan and limits."""

    list_display = ["name", "slug", "plan", "is_suspended", "created_at"]
    list_filter = ["plan", "is_suspended"]
    search_fields = ["name", "slug"]
    readonly_fields = ["id", "created_at"]
    prepopulated_fields = {"slug": ["name"]}
    inlines = [MembershipInline]
    fieldsets = [
        (None, {"fields": ["name", "slug", "is_suspended"]}),
        (
            "Plan and limits",
            {"fields": ["plan", "monthly_events_override", "rate_per_minute_override", "retention_days_override"]},
        ),
        (None, {"fields": ["id", "created_at"]}),
    ]


@admin.register(StoredPolicy)
class StoredPolicyAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg] # generic in the stubs only
    """What organisations decided about detection: to read only, because every change is validated and recorded."""

    list_display = ["org", "version", "updated_at"]
    search_fields = ["org__name"]
    list_select_related = ["org"]
    fields = ["org", "version", "overrides", "updated_at"]
    readonly_fields = ["updated_at"]


@admin.register(PolicyChange)
class PolicyChangeAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg] # generic in the stubs only
    """The history of policies."""

    list_display = ["org", "version", "by", "note", "at"]
    list_filter = ["org"]
    list_select_related = ["org"]
    ordering = ["-at"]


@admin.register(Suppression)
class SuppressionAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg] # generic in the stubs only
    """Suppressions with how often they were hit."""

    list_display = ["reason", "org", "owner", "detector", "actor_id", "address", "state", "hit_count", "expires_at"]
    list_filter = ["org"]
    search_fields = ["reason", "owner", "actor_id", "address"]
    list_select_related = ["org"]
