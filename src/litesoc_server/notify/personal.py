"""The channels that owners have without asking: critical alerts reach somebody on every plan, from the first day."""

import uuid

from django.conf import settings

from litesoc_server.notify.channel_changes import add_own_channel
from litesoc_server.notify.channels.registry import EMAIL, KINDS
from litesoc_server.orgs.models import Membership, Role


def give_owners_channels(org_id: uuid.UUID) -> None:
    """Let each owner hear of critical alerts by e-mail who has not said otherwise, where mail can be sent.

    Whoever wants none of it switches the route off: the row stays, so this does not make it again.
    """
    if not settings.IS_MAIL_POSSIBLE or EMAIL not in KINDS:
        return
    owners = Membership.objects.filter(org_id=org_id, role=Role.OWNER, user__is_active=True, channel__isnull=True)
    for membership in owners.select_related("org", "user"):
        add_own_channel(membership)
