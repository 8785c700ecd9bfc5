"""What a source is: how bodies become items, in one shape, and what else a webhook of another vendor needs.

**Adding a webhook source** is one pure file `sources/<id>.py` with a `SOURCE = WebhookSource(...)`, one line in registry.py,
golden cases `tests/golden/sources/<id>/<case>.{in,out}.json` and `docs/integrations/<id>.md`. The endpoint, the settings,
the pages and docs/reference/sources.md follow from that value. The file does no I/O, reads no clock and keeps nothing.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TypeAlias

import msgspec

RECORDS_MAX = 1_000  # of one webhook request; a body of 1 MiB holds fewer records of any vendor


class SourceItem(msgspec.Struct, frozen=True, gc=False):
    """One event as its sender put it, the sender's field variants already folded into one (contract 1.5)."""

    name: str  # event name as sent
    actor_id: str | None  # personal data; numbers are already text
    actor_email: str | None  # personal data
    actor_name: str | None  # display name, personal data
    user_ip: str | None  # as sent: may be malformed, a list, "unknown" or "[REDACTED]" (personal data)
    user_agent: str | None
    timestamp: str | None  # the sender's own clock, as sent; honoured only for envelopes with may_backdate
    metadata: msgspec.Raw  # a JSON object, "{}" when absent; a top-level `target` stands in it as "target"
    session_id: str | None = None  # the sender's id of the session (personal data)
    device_id: str | None = None  # the sender's id of the device (personal data)
    provider_id: str | None = None  # the vendor's id of this record: with ``timestamp`` it makes a redelivery the same event


class Fault(StrEnum):
    """Why a body or an item is refused; the values are error codes of the API."""

    INVALID_JSON = "INVALID_JSON"
    VALIDATION_FAILED = "VALIDATION_FAILED"
    BATCH_TOO_LARGE = "BATCH_TOO_LARGE"


class BodyRefused(Exception):
    """Nothing in this body can be taken. The text names the field and the fix and no values."""

    def __init__(self, fault: Fault, message: str) -> None:
        super().__init__(message)
        self.fault = fault
        self.message = message


class IgnoredBecause(StrEnum):
    """Why a record of a webhook makes no event. Each is counted by its value."""

    UNKNOWN_TYPE = "unknown_type"  # not in the source's table; kept where the organisation wants unknown types
    NOT_SECURITY = "not_security"  # known, and of no use to security: other tables, notices, the vendor's test message
    NOT_A_RECORD = "not_a_record"  # no object, or one without what every record of this vendor has
    NO_EVENT_NAME = "no_event_name"  # an ordinary line among OpenTelemetry logs


class Ignored(msgspec.Struct, frozen=True, gc=False):
    """One record that makes no event."""

    reason: IgnoredBecause
    kept: SourceItem | None = None  # of UNKNOWN_TYPE: the event when unknown types are kept, named `<source id>.<type>`


Translated: TypeAlias = list[SourceItem | Ignored]
Headers: TypeAlias = Mapping[str, str]  # names in lower case; a repeated header's values are joined with ","


class SignatureProblem(StrEnum):
    """What is wrong with a delivery's signature. Each is counted by its value."""

    MISSING = "signature_missing"
    MALFORMED = "signature_malformed"
    STALE = "signature_stale"  # signed too long ago, or in the future: a recorded delivery, or a wrong clock
    WRONG = "signature_wrong"


class SignatureRefused(Exception):
    """The delivery is not proved to come from the vendor. The text names the header and the fix and no values."""

    def __init__(self, problem: SignatureProblem, message: str) -> None:
        super().__init__(message)
        self.problem = problem
        self.message = message


class Delivery(msgspec.Struct, frozen=True):
    """One request to a webhook address, its API key already accepted and taken out of ``query`` and ``headers``."""

    method: str  # "POST" or "GET"
    headers: Headers
    query: Mapping[str, str]  # of a repeated name the first value
    body: bytes  # empty for GET


class Handshake(msgspec.Struct, frozen=True):
    """The answer with status 200 by which a vendor is shown that the address is ours; no event comes of the request."""

    body: bytes
    content_type: str = "application/json"


class SecretOrigin(StrEnum):
    """Who makes up the secret that signs deliveries."""

    VENDOR = "vendor"  # the vendor shows it and people paste it here
    OURS = "ours"  # we draw it, show it once, and people paste it at the vendor's


class Snippet(msgspec.Struct, frozen=True):
    """Text that is copied in one piece into the configuration of what delivers."""

    title: str
    text: str  # with {address} and {key} as in the steps


class ConnectedSource(msgspec.Struct, frozen=True, kw_only=True):
    """A source that people set up on the Integrations page, where they see what came of its deliveries."""

    id: str  # lower-case letters, digits and "_": golden folder and docs anchor
    title: str  # as the vendor writes it
    summary: str  # one sentence for people: what arrives from here
    docs_url: str  # the vendor's page about setting this up
    setup: tuple[str, ...]  # steps for people, plain text; {address} stands for where it delivers to, {key} for an API key
    snippets: tuple[Snippet, ...] = ()
    is_user_ip_sent: bool = True  # whether records carry the end user's address; if not, pages say what that costs

    @property
    def can_be_signed(self) -> bool:
        """Whether deliveries can be required to be signed."""
        return False


class WebhookSource(ConnectedSource, frozen=True, kw_only=True):
    """One vendor whose webhooks are taken at `POST /webhooks/<id>`; its id is also the prefix of unknown types.

    Where no step says where the vendor sends the {key}, it stands in the {address}.
    """

    translate: Callable[[bytes], Translated]
    """Return one entry for each record of the body, by position.

    Deterministic: the door counts with it and the pipeline reads with it, each on what ``strip`` made of the body. Raises
    BodyRefused when the body as a whole cannot be read, and nothing else, whatever the bytes are. A record that cannot be
    understood is an ``Ignored(NOT_A_RECORD)`` and never costs its neighbours. Use sources/records.py: it reads hostile JSON
    within bounds and builds metadata within the limits of /collect. Keep what people need to look into the event; never
    passwords, hashes, tokens or whole records.
    """
    strip: Callable[[bytes], bytes] | None = None
    """Return the body without what may not even lie in the stream for a while; what it returns is appended.

    ``translate(strip(body)) == translate(body)``, and stripping twice is stripping once. Raises BodyRefused as ``translate``
    does. None appends the body as it came.
    """
    verify: Callable[[Headers, bytes, str, int], None] | None = None
    """``verify(headers, body, secret, now_ms)``: return if the body, as received, is signed with ``secret``.

    Raises SignatureRefused. Compares in constant time and holds a signed timestamp within the vendor's tolerance of
    ``now_ms`` (Unix ms). Called once for each secret while a rotation overlaps. None: the vendor signs nothing, and the API
    key is all that proves a delivery.
    """
    secret_origin: SecretOrigin = SecretOrigin.VENDOR  # of no meaning without ``verify``
    secret_problem: Callable[[str], str | None] | None = (
        None  # what is wrong with a pasted secret, with the fix; None is fine
    )
    handshake: Callable[[Delivery], Handshake | None] | None = None
    """Return the answer to the vendor's question whether the address is ours, None for an ordinary delivery.

    Asked before ``verify`` and ``translate``; without it GET is not allowed.
    """
    delivery_header: str | None = (
        None  # lower case: the header that identifies a delivery whose records have no id, e.g. svix-id
    )

    @property
    def can_be_signed(self) -> bool:
        """Whether deliveries can be required to be signed."""
        return self.verify is not None
