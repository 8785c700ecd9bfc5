"""What the side bar leads to. A page is named here when it exists, so that no link is dead."""

from collections.abc import Sequence
from dataclasses import dataclass

from litesoc_server.orgs.roles import Permission
from litesoc_server.web.member import Member


@dataclass(frozen=True)
class Destination:
    """One page that people go to."""

    page: str  # name of its address in web.urls
    title: str
    icon: str
    shortcut: str  # pressed after "g"
    permission: Permission = Permission.VIEW


@dataclass(frozen=True)
class SettingsPage:
    """One page of the settings."""

    page: str  # name of its address in web.urls
    title: str
    words: str  # by which the palette finds it, beside the title
    permission: Permission = Permission.VIEW


DESTINATIONS: Sequence[Destination] = (
    Destination("overview", "Overview", "overview", "o"),
    Destination("events", "Events", "events", "e"),
    Destination("alerts", "Alerts", "alerts", "a"),
    Destination("actors", "Actors", "actors", "c"),
    Destination("addresses", "Addresses", "addresses", "i"),
    Destination("servers", "Servers", "servers", "r"),
    Destination("detections", "Detections", "detections", "d"),
    Destination("notifications", "Notifications", "notifications", "n"),
    Destination("integrations", "Integrations", "integrations", "t"),
    Destination("settings", "Settings", "settings", "s"),
)
SETTINGS_PAGES: Sequence[SettingsPage] = (
    SettingsPage("settings_general", "General", "organisation name id address owners"),
    SettingsPage("settings_members", "Members", "people team roles invitations invite permissions leave"),
    SettingsPage(
        "settings_keys", "API keys", "tokens secrets scopes rotate revoke test live", permission=Permission.MANAGE_KEYS
    ),
    SettingsPage(
        "settings_security",
        "Security",
        "ip allow-list whitelist addresses origins cors browsers",
        permission=Permission.MANAGE_SECURITY,
    ),
    SettingsPage("settings_usage", "Usage and plan", "quota limit events month billing features forecast rate"),
    SettingsPage("settings_audit", "Audit log", "audit log history who did what verified", Permission.VIEW_AUDIT),
    SettingsPage(
        "settings_privacy",
        "Retention and privacy",
        "retention days delete redact addresses personal data person actor erase forget export gdpr",
    ),
)


def destinations_for(member: Member) -> list[Destination]:
    """Return where ``member`` may go."""
    return [destination for destination in DESTINATIONS if member.may(destination.permission)]


def settings_pages_for(member: Member) -> list[SettingsPage]:
    """Return the pages of the settings that ``member`` may see."""
    return [page for page in SETTINGS_PAGES if member.may(page.permission)]
