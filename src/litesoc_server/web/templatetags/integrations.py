"""What the Integrations pages are written with."""

from django import template

register = template.Library()
_ALMOST_NONE = 0.001


@register.filter
def percent(share: float) -> str:
    """Return a share of 0 to 1 as people read it: 0 %, < 0.1 %, 12.3 %."""
    if 0 < share < _ALMOST_NONE:
        return "< 0.1 %"
    return f"{share * 100:.1f}".removesuffix(".0") + " %"
