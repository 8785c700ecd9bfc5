"""Finding what an address on these pages names, within the member's organisation and environment."""

import uuid

from django.http import Http404

from litesoc_server.forwarding.access import get_forwarder
from litesoc_server.forwarding.models import Forwarder
from litesoc_server.web.member import Member


def find_forwarder(member: Member, forwarder_id: uuid.UUID) -> Forwarder:
    """Return a forwarder. Raises Http404."""
    try:
        return get_forwarder(member.org, member.environment, forwarder_id)
    except Forwarder.DoesNotExist as error:
        raise Http404 from error
