"""What ingest appends to the stream: one accepted request, its body untouched, with everything only ingest knows."""

from enum import StrEnum

import msgspec

from litesoc_server.events.ids import OrgId


class Environment(StrEnum):
    """Which of an organisation's two separate worlds an event belongs to; decided by the key that sent it."""

    LIVE = "live"
    TEST = "test"


class Envelope(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One accepted request: 1 to 100 events, or a webhook's records. New fields go to the end and have defaults."""

    org_id: OrgId
    key_id: str  # the API key's row id, never the key; of feedback that a member gave "user:<id>"
    environment: Environment
    source: str  # "collect", "feedback" or the id of a webhook source
    received_at_ms: int  # our clock, Unix milliseconds
    event_id_base: bytes  # 16 bytes; item i has the id events.ids.event_id_at(base, i)
    server_ip: str | None  # the address that connected to us (personal data: may be an end user's in browser use)
    may_backdate: bool  # the key has the scope "backfill", so items may carry their own timestamp
    rejected: tuple[int, ...]  # positions of the items that ingest refused; they are answered, never stored
    body: bytes  # the request body as received: one event object, {"events": [...]}, or a webhook's (personal data)
    is_repeat: bool = False  # these event ids may have been appended before: the pipeline asks the store for them first
    only_index: int | None = None  # a replayed dead letter: of the whole body, only this position
    delivery_id: str | None = None  # a webhook vendor's id of this delivery, where records have none: see event_id_of


ENVELOPE_ENCODER = msgspec.msgpack.Encoder()
ENVELOPE_DECODER = msgspec.msgpack.Decoder(Envelope)
