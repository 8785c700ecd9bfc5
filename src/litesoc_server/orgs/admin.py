"""Organisations in the admin pages."""

from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse

from litesoc_server.accounts.models import User
from litesoc_server.orgs.audit_by import by_of
from litesoc_server.orgs.models import Membership, Organization, PolicyChange, StoredPlan, StoredPolicy, Suppression
from litesoc_server.orgs.organization_changes import save_for_operator
from litesoc_server.orgs.people_admin import PersonAdmin
from litesoc_server.orgs.plan_form import PlanForm
from litesoc_server.orgs.plan_rows import make_rows, set_plan

admin.site.register(User, PersonAdmin)
admin.site.unregister(Group)  # nobody here is in one: rights come from roles, and from being superuser


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


class MembershipInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg] # generic in the stubs only
    """Who belongs to an organisation: to read only, because a change keeps to rules (`litesoc members`) and is recorded."""

    model = Membership


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

    def has_delete_permission(self, *_: object) -> bool:
        """Return False: what other places hold of an organisation would stay. `litesoc orgs delete` removes all of it."""
        return False

    def save_model(self, request: HttpRequest, obj: Organization, form: object, change: bool) -> None:  # noqa: FBT001 # Django's own signature
        """Save an organisation, and record what the operator did to it."""
        del form, change
        save_for_operator(obj, by=by_of(request))


@admin.register(StoredPlan)
class PlanAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # generic in the stubs only
    """The plans: the operator changes their limits and features, not which there are."""

    form = PlanForm
    list_display = ["__str__", "changed_at"]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        """List every plan, also those that nobody has changed."""
        make_rows()
        return super().changelist_view(request, extra_context)

    def save_model(self, request: HttpRequest, obj: StoredPlan, form: PlanForm, change: bool) -> None:  # noqa: FBT001 # Django's own signature
        """Keep what differs from the defaults."""
        del obj, change
        set_plan(form.plan, by=by_of(request))

    def has_add_permission(self, *_: object) -> bool:
        """Return False: clients know these three and no others."""
        return False

    def has_delete_permission(self, *_: object) -> bool:
        """Return False."""
        return False


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
