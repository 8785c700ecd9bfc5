"""Pages to go to and things to do. They are few, so every word that was typed is looked for in each."""

from collections.abc import Iterator

from django.urls import reverse

from litesoc_server.events.envelope import Environment
from litesoc_server.orgs.access import memberships_of
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.search.event_fields import EVENT_FIELDS
from litesoc_server.search.format import format_term
from litesoc_server.search.query import Exactly, Term
from litesoc_server.web.member import Member
from litesoc_server.web.navigation import destinations_for, settings_pages_for
from litesoc_server.web.palette.entry import Entry

# Pages outside the navigation: name of the address, title, icon, further words.
_MORE_PAGES = (
    ("suppressions", "Suppressions", "block", "mute exceptions"),
    ("detections_general", "Detection settings", "settings", "allow list trusted addresses networks countries storms"),
    ("policy_changes", "History of detection settings", "history", "changes undo policy"),
    (
        "notification_routes",
        "Routing of notifications",
        "notifications",
        "who hears routes quiet hours escalation digest mute",
    ),
    ("notification_deliveries", "Deliveries of notifications", "notifications", "log sent failed replay webhook"),
    ("notification_mine", "My e-mail notifications", "mail", "own personal alerts mute"),
    ("setup", "Setup guide", "setup", "api key snippet sdk first event checklist"),
)
_OWN_PAGES = (
    ("profile", "Your profile", "person", "account password passkey second factor mfa totp sessions"),
    ("docs", "HTTP API", "external", "documentation openapi swagger"),
)
_ACTIONS = (
    Entry(title="Light appearance", icon="theme", action="theme:light", words="theme bright"),
    Entry(title="Dark appearance", icon="theme", action="theme:dark", words="theme night"),
    Entry(title="Appearance as the system", icon="theme", action="theme:auto", words="theme auto"),
    Entry(title="Keyboard shortcuts", icon="keyboard", action="shortcuts", words="help keys"),
    Entry(title="Sign out", icon="sign-out", action="sign-out", words="log out logout leave"),
)


def pages(member: Member) -> Iterator[Entry]:
    """Yield the pages that ``member`` may see."""
    for destination in destinations_for(member):
        keys = f"g {destination.shortcut}"
        yield Entry(title=destination.title, icon=destination.icon, detail=keys, url=member.url(destination.page))
    for one in settings_pages_for(member):
        words = f"settings {one.words}"
        yield Entry(title=f"{one.title} settings", icon="settings", url=member.url(one.page), words=words)
    for page, title, icon, words in _MORE_PAGES:
        yield Entry(title=title, icon=icon, url=member.url(page), words=words)
    for page, title, icon, words in _OWN_PAGES:
        yield Entry(title=title, icon=icon, url=reverse(page), words=words)


def actions(member: Member) -> Iterator[Entry]:
    """Yield what can be done from anywhere."""
    for environment in Environment:
        if environment is not member.environment:
            title = f"Show {environment.value} events"
            yield Entry(title=title, icon="refresh", url=_overview(member.org.slug, environment), words="environment switch")
    for membership in memberships_of(member.user):
        if membership.org != member.org:
            url = _overview(membership.org.slug, Environment.LIVE)
            yield Entry(title=membership.org.name, icon="right", detail="organisation", url=url, words="switch organisation")
    yield from _ACTIONS


def detectors(member: Member) -> Iterator[Entry]:
    """Yield every detector."""
    for detector in DETECTORS:
        url = member.url("detector", detector=detector.id)
        yield Entry(title=detector.title, icon="detections", detail=detector.id, url=url)


def search(member: Member, text: str) -> Entry:
    """Return the search for the text anywhere in events."""
    words = format_term(Term(None, (Exactly(text),)), EVENT_FIELDS)
    return Entry(title=f"Events with {words}", icon="search", url=member.url("events", {"q": words}))


def matching(entries: Iterator[Entry], text: str) -> list[Entry]:
    """Return those in which every word of ``text`` begins a word, those whose title begins with it first."""
    words = text.casefold().split()
    found = [entry for entry in entries if all(_has_word(entry, word) for word in words)]
    return sorted(found, key=lambda entry: not entry.title.casefold().startswith(text.casefold()))


def _has_word(entry: Entry, start: str) -> bool:
    text = f"{entry.title} {entry.detail} {entry.words}".casefold().replace("_", " ")
    return f" {start.replace('_', ' ')}" in f" {text}"


def _overview(org_slug: str, environment: Environment) -> str:
    return reverse("overview", kwargs={"org": org_slug, "environment": environment.value})
