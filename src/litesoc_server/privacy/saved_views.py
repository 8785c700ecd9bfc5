"""Saved views that look for one actor: their searches are written as in an address, so that they are read first."""

from urllib.parse import parse_qsl

from litesoc_server.events.mentions import Mentions
from litesoc_server.orgs.models import Organization, SavedView


def views_naming(org: Organization, mentions: Mentions) -> list[SavedView]:
    """Return the views whose name or search names the person."""
    return [view for view in SavedView.objects.filter(org=org) if _names(view, mentions)]


def _names(view: SavedView, mentions: Mentions) -> bool:
    texts = [view.name, *(value for _, value in parse_qsl(view.parameters))]
    return any(mentions.is_in(text) for text in texts)
