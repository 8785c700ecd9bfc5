"""A source's state as the API and the command line show it."""

from typing import Any

from litesoc_server.inbound.selectors import SourceState
from litesoc_server.inbound.set_up_steps import path_of
from litesoc_server.wire.moments import iso_utc_or_none

_TIMES = ("secret_set_at", "last_event_at", "last_received_at", "last_refused_at")


def shown_state(state: SourceState) -> dict[str, Any]:
    """Return the members of the API's `Source`."""
    row, source = state.connection, state.source
    times = {name: None if row is None else iso_utc_or_none(getattr(row, name)) for name in _TIMES}
    return {
        "id": source.id,
        "title": source.title,
        "path": path_of(source),
        "docs_url": source.docs_url,
        "status": state.status.value,
        "is_enabled": row is None or row.is_enabled,
        "keeps_unknown": row is not None and row.keeps_unknown,
        "can_be_signed": source.can_be_signed,
        "has_secret": row is not None and row.has_secret,
        **times,
        "received": state.received,
        "queued": state.queued,
        "kept_unknown": state.kept_unknown,
        "ignored": state.ignored,
        "refused": state.refused,
    }
