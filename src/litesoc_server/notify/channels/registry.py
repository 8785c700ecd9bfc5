"""Every kind of channel. A new one is a file and a line here."""

from collections.abc import Mapping

from litesoc_server.notify.channels.apprise import APPRISE
from litesoc_server.notify.channels.base import ChannelKind
from litesoc_server.notify.channels.discord import DISCORD
from litesoc_server.notify.channels.mail import MAIL
from litesoc_server.notify.channels.ntfy import NTFY
from litesoc_server.notify.channels.opsgenie import OPSGENIE
from litesoc_server.notify.channels.pagerduty import PAGERDUTY
from litesoc_server.notify.channels.slack import SLACK
from litesoc_server.notify.channels.slack_bot import SLACK_BOT
from litesoc_server.notify.channels.teams import TEAMS
from litesoc_server.notify.channels.telegram import TELEGRAM
from litesoc_server.notify.channels.webhook import WEBHOOK

_ALL: tuple[ChannelKind, ...] = (
    *(MAIL, SLACK_BOT, SLACK, DISCORD, TEAMS, TELEGRAM),
    *(PAGERDUTY, OPSGENIE, NTFY, WEBHOOK, APPRISE),
)
KINDS: Mapping[str, ChannelKind] = {kind.id: kind for kind in _ALL}

EMAIL = MAIL.id  # id of the kind that reaches members; its field EMAIL_FIELD is filled from their accounts
EMAIL_FIELD = "to"
# What acts on each message by itself. Others are for people: of very many messages that wait they get a summary.
FOR_MACHINES = frozenset({WEBHOOK.id, PAGERDUTY.id, OPSGENIE.id})
# What tells us what it calls a message, so that later ones of the same alert can answer it (Sent.message_id).
ANSWERING = frozenset({SLACK_BOT.id, TELEGRAM.id})
