"""Every kind of channel. A new one is a file and a line here."""

from collections.abc import Mapping

from litesoc_server.notify.channels.base import ChannelKind
from litesoc_server.notify.channels.webhook import WEBHOOK

_ALL: tuple[ChannelKind, ...] = (WEBHOOK,)
KINDS: Mapping[str, ChannelKind] = {kind.id: kind for kind in _ALL}

EMAIL = "email"  # id of the kind that reaches members; its field EMAIL_FIELD is filled from their accounts
EMAIL_FIELD = "to"
# What acts on each message by itself. Others are for people: of very many messages that wait they get a summary.
FOR_MACHINES = frozenset({WEBHOOK.id, "pagerduty", "opsgenie"})
