"""Every source by its id: what the pipeline calls to read an envelope's body."""

from collections.abc import Callable

from litesoc_server.events.catalog import FEEDBACK_SOURCE
from litesoc_server.events.errors import InvalidMessage
from litesoc_server.sources import collect, feedback
from litesoc_server.sources.base import SourceItem

COLLECT = "collect"

_TRANSLATE: dict[str, Callable[[bytes], list[SourceItem]]] = {
    COLLECT: collect.translate,
    FEEDBACK_SOURCE: feedback.translate,
}


def translate(source: str, body: bytes) -> list[SourceItem]:
    """Return the items of ``body`` as ``source`` means them; item i is at position i of the request.

    Positions that ingest refused hold a stand-in that nobody may look at. Raises InvalidMessage when the source is
    unknown or the body cannot be read; ingest lets neither happen.
    """
    read = _TRANSLATE.get(source)
    if read is None:
        raise InvalidMessage("the source is not known to this version")
    try:
        return read(body)
    except collect.BodyRefused as refused:
        msg = f"the body cannot be read: {refused.message}"
        raise InvalidMessage(msg) from refused
