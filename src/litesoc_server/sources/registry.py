"""Every source by its id: what the pipeline calls to read an envelope's body, and the webhook sources there are."""

from collections.abc import Callable, Mapping

from litesoc_server.events.catalog import FEEDBACK_SOURCE
from litesoc_server.events.errors import InvalidMessage
from litesoc_server.sources import (
    auth0,
    clerk,
    cloudtrail,
    collect,
    entra,
    feedback,
    firebase,
    github,
    keycloak,
    ocsf,
    okta,
    otlp,
    supabase,
    workos,
)
from litesoc_server.sources.base import BodyRefused, ConnectedSource, Ignored, SourceItem, WebhookSource

COLLECT = "collect"

_TRANSLATE: dict[str, Callable[[bytes], list[SourceItem]]] = {
    COLLECT: collect.translate,
    FEEDBACK_SOURCE: feedback.translate,
    otlp.SOURCE.id: otlp.translate,
}

# In the order in which people see them. One line for each.
WEBHOOK_SOURCES: dict[str, WebhookSource] = {
    source.id: source
    for source in (
        auth0.SOURCE,
        supabase.SOURCE,
        clerk.SOURCE,
        okta.SOURCE,
        entra.SOURCE,
        keycloak.SOURCE,
        workos.SOURCE,
        firebase.SOURCE,
        github.SOURCE,
        cloudtrail.SOURCE,
        ocsf.SOURCE,
    )
}


def connected_sources() -> Mapping[str, ConnectedSource]:
    """Return every source that people set up, by id, in the order in which they see them."""
    return {**WEBHOOK_SOURCES, otlp.SOURCE.id: otlp.SOURCE}


def translate(source: str, body: bytes) -> list[SourceItem]:
    """Return the items of ``body`` as ``source`` means them; item i is at position i of the request.

    Positions that ingest refused or ignored hold an item that nobody may look at; the envelope names them. Raises
    InvalidMessage when the source is unknown or the body cannot be read; ingest lets neither happen.
    """
    read = _TRANSLATE.get(source)
    webhook = WEBHOOK_SOURCES.get(source)
    try:
        if read is not None:
            return read(body)
        if webhook is not None:
            return [_item(entry) for entry in webhook.translate(body)]
    except BodyRefused as refused:
        msg = f"the body cannot be read: {refused.message}"
        raise InvalidMessage(msg) from refused
    raise InvalidMessage("the source is not known to this version")


def _item(entry: SourceItem | Ignored) -> SourceItem:
    if isinstance(entry, SourceItem):
        return entry
    return collect.REFUSED_ITEM if entry.kept is None else entry.kept
