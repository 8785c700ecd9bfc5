"""People in the admin pages: what the operator does to their accounts is in the audit logs of where they belong."""

from collections.abc import Mapping

from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.db import transaction
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse

from litesoc_server.accounts.models import User
from litesoc_server.accounts.services import confirm_email
from litesoc_server.audit.actions import Action
from litesoc_server.orgs.account_acts import record_account_act
from litesoc_server.orgs.audit_by import by_of

_RIGHTS = ("is_staff", "is_superuser")


class NewUserForm(AdminUserCreationForm):  # type: ignore[type-arg] # generic in the stubs only
    """Asks for an e-mail address and a password."""

    class Meta:
        model = User
        fields = ("email",)


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
        before = User.objects.get(pk=obj.pk) if change else None
        super().save_model(request, obj, form, change)
        if not change or "email" in form.changed_data:
            confirm_email(obj)
        for action, changes in _acts(before, obj).items():
            record_account_act(obj, action, by=by_of(request), changes=changes)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002 # Django's own signature
        """Give somebody another password, and record that."""
        with transaction.atomic():
            before = User.objects.filter(pk=id).first()
            answer = super().user_change_password(request, id, form_url)
            after = User.objects.filter(pk=id).first()
            if before is not None and after is not None and before.password != after.password:
                record_account_act(after, Action.PASSWORD_RESET, by=by_of(request))
        return answer

    def has_delete_permission(self, *_: object) -> bool:
        """Return False: histories name people. An account that is not wanted any more is switched off."""
        return False


def _acts(before: User | None, after: User) -> Mapping[Action, Mapping[str, tuple[object, object]]]:
    """Return what was done to an account, with the difference; ``before`` is None for a new one."""
    if before is None:
        return {Action.ACCOUNT_CREATED: {}}
    acts: dict[Action, Mapping[str, tuple[object, object]]] = {}
    if before.email != after.email:
        acts[Action.EMAIL_CHANGED] = {"email": (before.email, after.email)}
    if before.is_active != after.is_active:
        acts[Action.ACCOUNT_ENABLED if after.is_active else Action.ACCOUNT_DISABLED] = {}
    rights = {name: (getattr(before, name), getattr(after, name)) for name in _RIGHTS}
    if changed := {name: values for name, values in rights.items() if values[0] != values[1]}:
        acts[Action.ACCOUNT_RIGHTS_CHANGED] = changed
    return acts
