"""The form in which the operator changes a plan on the admin pages."""

from dataclasses import fields, replace
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from litesoc_server.orgs.models import StoredPlan
from litesoc_server.orgs.plan_gates import FEATURE_TITLES
from litesoc_server.orgs.plan_rows import LIMIT_MAX, PAGE_LIMIT_MAX, TITLE_LENGTH_MAX, check_plan, plans_in_force
from litesoc_server.orgs.plans import RETENTION_DAYS_MAX, Feature, Plan, PlanName

_NO_LIMIT = "Empty = no limit."


class PlanForm(forms.ModelForm):  # type: ignore[type-arg] # generic in the stubs only
    """Shows a plan as it is in force, the defaults among it."""

    title = forms.CharField(max_length=TITLE_LENGTH_MAX, help_text="As people read it.")
    monthly_events_limit = forms.IntegerField(
        label="Events a month", required=False, min_value=1, max_value=LIMIT_MAX, help_text=_NO_LIMIT
    )
    rate_limit_per_minute = forms.IntegerField(
        label="Events a minute", required=False, min_value=1, max_value=LIMIT_MAX, help_text=_NO_LIMIT
    )
    retention_days = forms.IntegerField(label="Retention, days", min_value=1, max_value=RETENTION_DAYS_MAX)
    origins_limit = forms.IntegerField(
        label="Authorised origins", required=False, min_value=1, max_value=LIMIT_MAX, help_text=_NO_LIMIT
    )
    alerts_page_limit = forms.IntegerField(label="Alerts on an API page", min_value=1, max_value=PAGE_LIMIT_MAX)
    features = forms.MultipleChoiceField(
        choices=[(feature.value, FEATURE_TITLES[feature]) for feature in Feature],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:  # noqa: D106 # Django's own
        model = StoredPlan
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 # as Django has it
        super().__init__(*args, **kwargs)
        now = self._now()
        for field in fields(Plan):
            if field.name in self.fields:
                self.initial[field.name] = getattr(now, field.name)

    @property
    def plan(self) -> Plan:
        """The plan that the form asks for. Ask when it is valid."""
        values: dict[str, Any] = {
            field.name: self.cleaned_data.get(field.name) for field in fields(Plan) if field.name in self.fields
        }
        values["features"] = frozenset(Feature(name) for name in values["features"] or ())
        return replace(self._now(), **values)

    def clean(self) -> None:
        """Refuse what no plan can be."""
        super().clean()
        if not self.errors:
            try:
                check_plan(self.plan)
            except ValidationError as error:
                self.add_error(None, error)

    def _now(self) -> Plan:
        return plans_in_force()[PlanName(self.instance.name)]
