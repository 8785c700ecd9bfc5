"""What every page shows around its content."""

from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from litesoc_server import __version__
from litesoc_server.orgs.access import memberships_of
from litesoc_server.orgs.quota_warnings import quota_state
from litesoc_server.web.member import Member
from litesoc_server.web.navigation import destinations_for, settings_pages_for
from litesoc_server.web.setup_guide.progress import has_alerts
from litesoc_server.web.time_range import PRESETS

THEME_COOKIE = "litesoc_theme"
_THEMES = ("light", "dark")


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return the theme, and for a member where they are and where they may go."""
    around: dict[str, Any] = {
        "theme": theme_of(request),
        "version": __version__,
        "is_mail_possible": settings.IS_MAIL_POSSIBLE,
    }
    member = getattr(request, "member", None)
    if isinstance(member, Member):
        around |= {
            "member": member,
            "destinations": destinations_for(member),
            "settings_pages": settings_pages_for(member),
            "memberships": memberships_of(member.user),
            "is_set_up": partial(has_alerts, member),  # asked only by what shows it
            "range_presets": PRESETS,
            "quota_warning": quota_state(member.org, limit=member.plan.monthly_events_limit, now_ms=member.now_ms),
        }
    return around


def theme_of(request: HttpRequest) -> str:
    """Return the theme that somebody chose, "" when it goes by their system."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return theme if theme in _THEMES else ""
