"""When an event happened: by the sender's clock where that may count, else by ours."""

from enum import StrEnum

import msgspec

from litesoc_server.sources.timestamps import AHEAD_MAX_MS, BACKDATE_MAX_MS, parse_rfc3339_ms


class IgnoredBecause(StrEnum):
    """Why a sender's timestamp was not used; stands in the event's metadata."""

    NO_BACKFILL_SCOPE = "no_backfill_scope"
    NOT_RFC3339 = "not_rfc3339"
    TOO_OLD = "too_old"
    TOO_FAR_AHEAD = "too_far_ahead"


class OccurredAt(msgspec.Struct, frozen=True, gc=False):
    """Event time, and why it is not the sender's, if it is not."""

    at_ms: int  # Unix ms
    ignored_because: IgnoredBecause | None = None


def occurred_at(timestamp: str, *, received_at_ms: int, may_backdate: bool) -> OccurredAt:
    """Decide the event time of an event whose sender gave ``timestamp``. Never raises.

    The sender's clock counts only with the scope backfill, from BACKDATE_MAX_MS before to AHEAD_MAX_MS after we received the
    event; otherwise the event happened when we received it, and the reason is given.
    """
    if not may_backdate:
        return OccurredAt(received_at_ms, IgnoredBecause.NO_BACKFILL_SCOPE)
    at_ms = parse_rfc3339_ms(timestamp.strip())
    if at_ms is None:
        return OccurredAt(received_at_ms, IgnoredBecause.NOT_RFC3339)
    if at_ms < received_at_ms - BACKDATE_MAX_MS:
        return OccurredAt(received_at_ms, IgnoredBecause.TOO_OLD)
    if at_ms > received_at_ms + AHEAD_MAX_MS:
        return OccurredAt(received_at_ms, IgnoredBecause.TOO_FAR_AHEAD)
    return OccurredAt(at_ms)
