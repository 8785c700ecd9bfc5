"""How each kind of channel is shown: its icon, its group in the gallery, and what it does in a sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from litesoc_server.notify.channels.base import ChannelKind
from litesoc_server.notify.channels.registry import KINDS

CHATS, ON_CALL, PERSONAL, MACHINES = "Chat", "On call", "People", "Your own programs and more"


@dataclass(frozen=True)
class Shown:
    """One kind in the gallery."""

    kind: ChannelKind
    icon: str
    group: str
    text: str


_LOOKS: Mapping[str, tuple[str, str, str]] = {
    "email": ("mail", PERSONAL, "Mails in HTML and text; each incident is one thread."),
    "ntfy": ("device", PERSONAL, "Push messages to phones, through ntfy.sh or a server of your own."),
    "slack_bot": ("chat", CHATS, "A channel of your workspace, through an app of yours; each incident is one thread."),
    "slack": ("chat", CHATS, "A channel of your workspace, through an incoming webhook; updates stand alone."),
    "teams": ("chat", CHATS, "A channel or chat, through a workflow."),
    "discord": ("chat", CHATS, "A channel of your server, through a webhook."),
    "telegram": ("chat", CHATS, "A group or person, through a bot."),
    "pagerduty": ("siren", ON_CALL, "Incidents that open and resolve with the alert."),
    "opsgenie": ("siren", ON_CALL, "Alerts that open and close with ours."),
    "webhook": ("webhook", MACHINES, "Signed JSON to an address of yours, as the Standard Webhooks specification says."),
    "apprise": ("plug", MACHINES, "Google Chat, Mattermost, Pushover, Twilio and 20 more, by an Apprise address."),
}
_GROUPS = (PERSONAL, CHATS, ON_CALL, MACHINES)


def shown_kind(kind_id: str) -> Shown | None:
    """Return how a kind is shown; None for one that there is not (any more)."""
    kind = KINDS.get(kind_id)
    return None if kind is None else Shown(kind, *_LOOKS.get(kind_id, ("plug", MACHINES, "")))


def gallery() -> Sequence[tuple[str, Sequence[Shown]]]:
    """Return every kind, by group."""
    every = [shown for kind_id in KINDS if (shown := shown_kind(kind_id)) is not None]
    groups = [(group, [one for one in every if one.group == group]) for group in _GROUPS]
    return [(group, kinds) for group, kinds in groups if kinds]


def kind_title(kind_id: str) -> str:
    """Return what people call a kind; one that there is not any more by its id."""
    kind = KINDS.get(kind_id)
    return kind_id if kind is None else kind.title


def kind_icon(kind_id: str) -> str:
    """Return the icon of a kind."""
    return _LOOKS[kind_id][0] if kind_id in _LOOKS else "plug"
