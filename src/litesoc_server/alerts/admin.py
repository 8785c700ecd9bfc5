"""Alerts in the admin pages: to read only, because every change goes through the life cycle."""

from django.contrib import admin

from litesoc_server.alerts.models import Alert, AlertTransition
from litesoc_server.orgs.admin import ReadOnly


class TransitionInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg] # generic in the stubs only
    """What people did to an alert."""

    model = AlertTransition
    fields = ["at", "action", "from_status", "to_status", "resolution_type", "subject", "by", "note"]
    extra = 0


@admin.register(Alert)
class AlertAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg] # generic in the stubs only
    """Alerts with why they fired."""

    list_display = ["title", "severity", "status", "alert_type", "org", "environment", "count", "last_seen_at"]
    list_filter = ["status", "severity", "alert_type", "environment", "org"]
    search_fields = ["title", "actor_id", "source_ip"]
    list_select_related = ["org"]
    date_hierarchy = "created_at"
    inlines = [TransitionInline]
    readonly_fields = ["why", "ruled_out", "suggested_actions", "evidence"]
    fields = [
        "title",
        "description",
        "severity",
        "status",
        "assignee",
        "alert_type",
        "org",
        "environment",
        "actor_id",
        "source_ip",
        "count",
        "first_seen_at",
        "last_seen_at",
        "why",
        "ruled_out",
        "suggested_actions",
        "evidence",
        "resolution_type",
        "resolved_by",
        "resolved_at",
        "internal_notes",
        "created_at",
        "updated_at",
    ]

    @admin.display(description="why it fired")
    def why(self, alert: Alert) -> str:
        """Return the reasons, one a line."""
        return "\n".join(alert.incident.reasons)

    @admin.display
    def ruled_out(self, alert: Alert) -> str:
        """Return the benign causes that were checked, one a line."""
        return "\n".join(alert.incident.ruled_out)

    @admin.display
    def suggested_actions(self, alert: Alert) -> str:
        """Return what to do, one a line."""
        return "\n".join(alert.incident.actions)

    @admin.display
    def evidence(self, alert: Alert) -> str:
        """Return the ids of the newest events, one a line."""
        return "\n".join(alert.incident.event_ids)
