"""Tags that forms are written with."""

from typing import Any

from django import template
from django.forms import BoundField

register = template.Library()


@register.inclusion_tag("web/parts/field.html")
def form_field(field: BoundField, label: str = "", help_text: str = "", **attributes: str) -> dict[str, Any]:
    """Show a field with its label, help and errors: ``{% form_field form.email "E-mail address" autofocus="" %}``.

    Libraries' placeholders and help texts are left out: a label says it once, and stays while one types.
    """
    field.label = label or field.label
    field.help_text = help_text
    names = {name.replace("_", "-"): value for name, value in attributes.items()}
    return {"field": field, "widget": field.as_widget(attrs={"placeholder": False, **names})}


@register.inclusion_tag("web/parts/choice.html")
def form_choice(field: BoundField, label: str, help_text: str = "") -> dict[str, Any]:
    """Show a box to tick with its label to the right."""
    field.help_text = help_text
    return {"field": field, "label": label}
