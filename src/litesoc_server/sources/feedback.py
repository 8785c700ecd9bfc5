"""What people say about a login, "this was me" or "this was not me": written by the control plane, read by the pipeline.

It travels and is stored like any event, so a rebuilt state has heard of it too. Nobody outside can send it: the source
stands in the envelope, which is ours.
"""

import msgspec

from litesoc_server.events.catalog import LOGIN_CONFIRMED, LOGIN_DENIED
from litesoc_server.events.errors import InvalidMessage
from litesoc_server.events.event import Event
from litesoc_server.sources.base import SourceItem
from litesoc_server.sources.timestamps import rfc3339

NAMES = frozenset({LOGIN_CONFIRMED, LOGIN_DENIED})


class About(msgspec.Struct, frozen=True):
    """The metadata of the event: which login, and who says so."""

    event_id: str  # of the login
    by: str
    alert_id: str | None = None  # that was marked safe
    note: str | None = None


class _Body(msgspec.Struct, frozen=True):
    """One verdict, with what a detector needs to know of the login."""

    name: str
    occurred_at: str  # the login's, RFC 3339
    about: About
    actor_id: str | None = None  # personal data
    actor_email: str | None = None  # personal data
    user_ip: str | None = None  # personal data
    user_agent: str | None = None
    session_id: str | None = None  # personal data
    device_id: str | None = None  # personal data


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_Body)


def feedback_body(login: Event, name: str, about: About) -> bytes:
    """Return the body of an envelope that says ``name`` (LOGIN_CONFIRMED or LOGIN_DENIED) of ``login``."""
    device = login.device
    return _ENCODER.encode(
        _Body(
            name=name,
            occurred_at=rfc3339(login.occurred_at_ms),
            about=about,
            actor_id=None if login.actor is None else login.actor.id,
            actor_email=None if login.actor is None else login.actor.email,
            user_ip=login.user_ip,
            user_agent=None if device is None else device.user_agent,
            session_id=login.session_id,
            device_id=None if device is None else device.id,
        )
    )


def translate(body: bytes) -> list[SourceItem]:
    """Return the one item of ``body``. Raises InvalidMessage."""
    try:
        read = _DECODER.decode(body)
    except msgspec.MsgspecError as error:
        raise InvalidMessage("the feedback cannot be read") from error
    if read.name not in NAMES:
        raise InvalidMessage("the feedback has an unknown name")
    return [
        SourceItem(
            name=read.name,
            actor_id=read.actor_id,
            actor_email=read.actor_email,
            actor_name=None,
            user_ip=read.user_ip,
            user_agent=read.user_agent,
            timestamp=read.occurred_at,
            metadata=msgspec.Raw(_ENCODER.encode(read.about)),
            session_id=read.session_id,
            device_id=read.device_id,
        )
    ]
