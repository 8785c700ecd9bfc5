"""Tags of the pages Detections and Suppressions: small bars, numbers, addresses of lists."""

from collections.abc import Sequence

from django import template
from django.template.context import Context
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from litesoc_server.web.detections.catalogue import Filter
from litesoc_server.web.detections.setting_words import TITLES
from litesoc_server.web.detections.suppression_rows import SuppressionRow
from litesoc_server.web.member import Member

register = template.Library()
_BAR_WIDTH, _GAP, _HEIGHT, _LARGE_HEIGHT = 8, 3, 24, 40  # in the drawing's own units


@register.simple_tag
def sparkline(values: Sequence[int], *, large: bool = False) -> SafeString:
    """Return bars, the largest as high as the drawing; decoration, so the number has to stand beside it."""
    height = _LARGE_HEIGHT if large else _HEIGHT
    most = max(*values, 1)
    bars = format_html_join(
        "",
        '<rect x="{}" y="{}" width="{}" height="{}" rx="1"{}/>',
        (_bar(index, value, most, height) for index, value in enumerate(values)),
    )
    width = len(values) * (_BAR_WIDTH + _GAP) - _GAP
    kind = SafeString("bars large") if large else SafeString("bars")
    return format_html(
        '<svg class="{}" viewBox="0 0 {} {}" aria-hidden="true" focusable="false">{}</svg>', kind, width, height, bars
    )


@register.simple_tag(takes_context=True)
def catalogue_url(context: Context, wanted: Filter | None, query: str) -> str:
    """Return the address of the catalogue narrowed to a state, keeping what was typed."""
    narrowed = {"state": wanted.value if wanted else "", "q": query}
    return _member(context).url("detections", {name: text for name, text in narrowed.items() if text})


@register.simple_tag(takes_context=True)
def again_url(context: Context, row: SuppressionRow) -> str:
    """Return the address of the form that suppresses the same again."""
    return _member(context).url("suppression_new", row.same_again)


@register.simple_tag(takes_context=True)
def detector_link(context: Context, detector: str) -> SafeString:
    """Return a link to a detector by its title; one that this release does not have is named by its id."""
    if detector not in TITLES:
        return format_html("<bdi>{}</bdi>", detector)
    return format_html('<a href="{}">{}</a>', _member(context).url("detector", detector=detector), TITLES[detector])


def _bar(index: int, value: int, most: int, height: int) -> tuple[object, ...]:
    tall = max(round(value * height / most), 2 if value else 1)
    return index * (_BAR_WIDTH + _GAP), height - tall, _BAR_WIDTH, tall, SafeString("" if value else ' class="none"')


def _member(context: Context) -> Member:
    member = context["member"]
    assert isinstance(member, Member)
    return member
