"""Tags that pages are written with: addresses, files, icons, times."""

from datetime import UTC, datetime

from django import template
from django.template.context import Context
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from litesoc_server.orgs.roles import Permission
from litesoc_server.web.assets import asset_path, icon_markup
from litesoc_server.web.member import Member

register = template.Library()
_OVERVIEW_PARTS = 3  # /o/<org>/<environment>/


@register.simple_tag
def asset(name: str) -> str:
    """Return the address of a built file: ``{% asset "app.js" %}``."""
    return static(asset_path(name))


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """Return an icon; with a label it says something, without one it is decoration."""
    markup = mark_safe(icon_markup(name))  # noqa: S308 # from our own build
    role = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
        'stroke-linecap="round" stroke-linejoin="round" {}>{}</svg>',
        role,
        markup,
    )


@register.simple_tag(takes_context=True)
def page_url(context: Context, page: str, **arguments: object) -> str:
    """Return the address of a page of this organisation: ``{% page_url "alert" alert_id=alert.id %}``."""
    return _member(context).url(page, None, **arguments)


@register.simple_tag(takes_context=True)
def actor_url(context: Context, actor_id: str) -> str:
    """Return the address of an actor's page. Ids hold anything, so they travel in the query."""
    return _member(context).url("actor", {"id": actor_id})


@register.simple_tag(takes_context=True)
def address_url(context: Context, address: str) -> str:
    """Return the address of the page of an IP address."""
    return _member(context).url("address", {"ip": address})


@register.filter
def may(member: Member, permission: str) -> bool:
    """Return whether a member may do something: ``{% if member|may:"triage" %}``."""
    return member.may(Permission[permission.upper()])


@register.filter
def thousands(number: int) -> str:
    """Return a number with its thousands apart: 12,345."""
    return f"{number:,}"


@register.filter
def code_words(text: str) -> SafeString:
    """Return a text in which what stands in backticks is code."""
    parts = text.split("`")
    pieces = ((format_html("<code>{}</code>", part) if number % 2 else part,) for number, part in enumerate(parts))
    return format_html_join("", "{}", pieces)


@register.filter
def is_below(path: str, address: str) -> bool:
    """Return whether ``path`` is the page at ``address`` or one below it; the overview's address is above all others."""
    is_overview = len(address.strip("/").split("/")) == _OVERVIEW_PARTS
    return path == address if is_overview else path.startswith(address)


@register.filter
def at_ms(milliseconds: int) -> datetime:
    """Return Unix milliseconds as a moment."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


@register.simple_tag
def when(moment: datetime | int | None, show: str = "relative") -> SafeString:
    """Return a time (a datetime or Unix ms) that scripts show in the reader's zone.

    ``show`` is "relative", "short", "minute", "full" or "date".
    """
    if moment is None:
        return SafeString("—")
    at = (at_ms(moment) if isinstance(moment, int) else moment).astimezone(UTC)
    exact = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return format_html('<time datetime="{}" data-show="{}">{} UTC</time>', exact, show, f"{at:%Y-%m-%d %H:%M:%S}")


def _member(context: Context) -> Member:
    member = context["member"]
    assert isinstance(member, Member)
    return member
