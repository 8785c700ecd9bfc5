"""What a kind of channel is: what it asks for, how it checks that, and how one message leaves through it.

A kind holds no state and knows no database: the deliverer (notify/deliver.py) decides when it is called, and again.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from litesoc_server.destinations.fields import Field, Settings
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.notify.message import Message


class Sent(msgspec.Struct, frozen=True):
    """What was sent, and what came back: for the delivery log. Neither part holds a secret."""

    request: str  # method, address without secrets, headers and body as text
    status: int | None = None  # of HTTP, or SMTP's code
    answer: str = ""  # the beginning of it
    message_id: str = ""  # as the other side calls what was sent, where later messages can answer it; 64 characters at most


class DeliveryFailed(Exception):
    """It did not get there.

    ``is_permanent``: trying again is of no use (a refused address). ``is_refused``: the other side does not take what is in
    it; after a few times that is permanent, too. ``is_gone``: the other side says that nothing shall come again (HTTP 410),
    so the channel is switched off. ``retry_after_s``: as the other side asks for.
    """

    def __init__(
        self,
        reason: str,
        *,
        sent: Sent | None = None,
        is_permanent: bool = False,
        is_refused: bool = False,
        is_gone: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason  # one sentence for people, with the fix where there is one
        self.sent = sent
        self.is_permanent = is_permanent
        self.is_refused = is_refused
        self.is_gone = is_gone
        self.retry_after_s = retry_after_s


class ChannelKind(Protocol):
    """One way to reach people or machines."""

    @property
    def id(self) -> str:
        """As stored and as in the API: small letters."""
        ...

    @property
    def title(self) -> str:
        """As people know it."""
        ...

    @property
    def fields(self) -> Sequence[Field]:
        """What it asks for, in the order of its form."""
        ...

    def check(self, settings: Settings, policy: EgressPolicy) -> None:
        """Raise SettingRefused for what cannot work. Looks names up; sends nothing."""
        ...

    def send(self, message: Message, delivery_id: str, settings: Settings, policy: EgressPolicy) -> Sent:
        """Deliver ``message`` and return what was sent. Raises DeliveryFailed and nothing else.

        ``delivery_id`` is the same at each attempt of one delivery, so that the other side can tell a repetition. Blocks for
        15 s at most, and for as long as the system needs to look names up: 10 s for each name server that is silent, unless
        resolv.conf says otherwise.
        """
        ...
