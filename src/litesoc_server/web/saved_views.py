"""The saved views of a list, as tabs above it."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from django.http import QueryDict

from litesoc_server.orgs.models import ListedPage, SavedView
from litesoc_server.orgs.roles import Permission
from litesoc_server.orgs.saved_views import saved_views_for
from litesoc_server.web.member import Member

# What says where in a list somebody is, and not what they search for.
_PLACES = frozenset({"before", "after", "since", "rows", "page"})


@dataclass(frozen=True)
class ViewTab:
    """One saved view."""

    view: SavedView
    address: str
    is_chosen: bool
    is_changeable: bool


@dataclass(frozen=True)
class SavedViews:
    """What the tabs of a page show."""

    page: ListedPage
    all_address: str
    parameters: str  # of the search that is shown, to be saved
    tabs: Sequence[ViewTab]

    @property
    def chosen(self) -> ViewTab | None:
        """The tab that is shown, None for a search that is not saved."""
        return next((tab for tab in self.tabs if tab.is_chosen), None)


def saved_views_of(member: Member, page: ListedPage, query: QueryDict) -> SavedViews:
    """Return the tabs of ``page`` as a member sees them, who looks at what ``query`` asks for."""
    shown = search_in(query.urlencode())
    address = member.url(page.value)
    tidies_up = member.may(Permission.MANAGE_ORG)
    tabs = [
        ViewTab(
            view=view,
            address=f"{address}?{view.parameters}",
            is_chosen=view.parameters == shown,
            is_changeable=view.owner_id == member.user.pk or tidies_up,
        )
        for view in saved_views_for(member.org, member.user, page)
    ]
    return SavedViews(page=page, all_address=address, parameters=shown, tabs=tabs)


def search_in(parameters: str) -> str:
    """Return what of an address's parameters says what is searched for, always in the same order."""
    pairs = parse_qsl(parameters, keep_blank_values=False)
    return urlencode(sorted((name, value) for name, value in pairs if name not in _PLACES))
