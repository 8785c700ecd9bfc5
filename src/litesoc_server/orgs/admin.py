"""Organisations in the admin pages."""

from django.contrib import admin

from litesoc_server.orgs.models import Membership, Organization


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
