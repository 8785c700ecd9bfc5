"""People in the admin pages."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.forms import ModelForm
from django.http import HttpRequest

from litesoc_server.accounts.models import User
from litesoc_server.accounts.services import confirm_email


class NewUserForm(AdminUserCreationForm):  # type: ignore[type-arg] # generic in the stubs only
    """Asks for an e-mail address and a password."""

    class Meta:
        model = User
        fields = ("email",)


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg] # generic in the stubs only
    """People who sign in."""

    add_form = NewUserForm
    ordering = ["email"]
    list_display = ["email", "name", "is_active", "is_staff", "is_superuser", "last_login"]
    list_filter = ["is_active", "is_superuser"]
    search_fields = ["email", "name"]
    readonly_fields = ["last_login", "created_at"]
    filter_horizontal = []
    fieldsets = [
        (None, {"fields": ["email", "password", "name"]}),
        ("May", {"fields": ["is_active", "is_staff", "is_superuser"]}),
        ("When", {"fields": ["last_login", "created_at"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "usable_password", "password1", "password2"]})]

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:  # type: ignore[type-arg] # noqa: FBT001 # Django's own signature; generic in the stubs only
        """Save somebody; the operator vouches for their address."""
        super().save_model(request, obj, form, change)
        if not change or "email" in form.changed_data:
            confirm_email(obj)
