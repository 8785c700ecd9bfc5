"""Links to pages that may not be there."""

from collections.abc import Mapping

from django.urls import NoReverseMatch

from litesoc_server.web.member import Member


def url_if_there(member: Member, page: str, query: Mapping[str, str] | None = None, **arguments: object) -> str:
    """Return the address of a page, or "" when this server has no such page."""
    try:
        return member.url(page, query, **arguments)
    except NoReverseMatch:
        return ""
