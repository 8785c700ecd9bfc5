"""One neutral message, before any channel dresses it: what happened, to whom, from where, why, and what to do."""

from datetime import datetime
from enum import StrEnum

import msgspec

from litesoc_server.events.detection import AlertSeverity


class Occasion(StrEnum):
    """Why something is said. The values are event types of outgoing webhooks (contract 8.3)."""

    ALERT_CREATED = "alert.created"
    ALERT_UPDATED = "alert.updated"  # it became more severe, or another detector joined in
    ALERT_ESCALATED = "alert.escalated"  # nobody acknowledged it in time
    ALERT_ACKNOWLEDGED = "alert.acknowledged"  # somebody looks after it: for machines, such as who pages people
    ALERT_CLOSED = "alert.closed"  # resolved or marked safe: ends the thread, closes the page of whoever is on call
    ALERT_REOPENED = "alert.reopened"  # that was taken back: whoever is on call is paged again
    DIGEST = "digest"
    TEST = "test"
    CHANNEL_DISABLED = "channel.disabled"  # to owners: a channel of theirs failed for too long


class Figure(msgspec.Struct, frozen=True):
    """One number of a digest, beside the one of the time before it."""

    label: str
    value: int
    before: int | None = None


class Bar(msgspec.Struct, frozen=True):
    """One column of a digest's small chart."""

    label: str  # an hour or a day
    value: int


class Line(msgspec.Struct, frozen=True):
    """One alert in a digest."""

    title: str  # may hold personal data
    severity: AlertSeverity
    url: str


class Answering(msgspec.Struct, frozen=True):
    """How a message follows the first one of its thread. It differs by channel, so it is no part of what is kept."""

    to: str  # the first message, as the other side calls it
    is_prominent: bool  # to be seen also by who does not follow the thread


class Message(msgspec.Struct, frozen=True):
    """What every channel gets to render. Texts are plain: each channel escapes them for its own markup."""

    occasion: Occasion
    title: str  # may hold personal data, as all texts below
    at: datetime  # aware, UTC: when it last happened
    org_name: str
    environment: str  # "live" or "test", of a digest also "live and test"
    severity: AlertSeverity | None = None
    summary: str = ""  # one or two sentences with numbers
    who: str = ""  # the actor, "" if there is none
    where: str = ""  # address, place and network in words, "" if unknown
    why: tuple[str, ...] = ()  # reasons, each with the number and its threshold
    actions: tuple[str, ...] = ()  # suggested next steps
    url: str = ""  # the alert's page; "" while LITESOC_PUBLIC_URL is not set
    thread: str = ""  # the same for all messages of one incident, 1 to 64 characters of [A-Za-z0-9_-]
    alert_json: bytes = b""  # the whole alert as GET /alerts/{id} shows it, for machines
    figures: tuple[Figure, ...] = ()  # of a digest
    bars: tuple[Bar, ...] = ()  # of a digest
    lines: tuple[Line, ...] = ()  # of a digest: its weightiest alerts
    answering: Answering | None = None  # where the channel told something of the thread before; see notify.threads
