"""What the palette offers."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing to choose: a link, or a button that the page has elsewhere, too."""

    title: str  # may be an id from outside
    icon: str
    detail: str = ""
    url: str = ""  # "" for a button
    action: str = ""  # of a button: "theme:<choice>", "shortcuts" or "sign-out"
    words: str = ""  # further words that find it

    @property
    def kind(self) -> str:
        """What the button does."""
        return self.action.partition(":")[0]

    @property
    def choice(self) -> str:
        """What the button chooses, if it chooses among several."""
        return self.action.partition(":")[2]


@dataclass(frozen=True)
class Group:
    """Entries of one kind."""

    title: str
    entries: list[Entry]
