"""`/sources`: the sources of the key's environment, how each stands, and what is set for it."""

from collections.abc import Mapping
from typing import Annotated, Literal

from ninja import Path, Router, Schema
from pydantic import ConfigDict, Field

from litesoc_server.api.audit_by import by_of
from litesoc_server.api.caller import ApiRequest, KeyAuth
from litesoc_server.api.errors import not_found
from litesoc_server.api.v1.metas import one_meta
from litesoc_server.api.v1.schemas import CHANGE_ERRORS, READ_ERRORS, Meta, Moment
from litesoc_server.inbound.change_connection import (
    OVERLAP,
    SECRET_LENGTH_MAX,
    SourceRefused,
    change_connection,
    remove_connection,
    remove_secret,
    set_secret,
)
from litesoc_server.inbound.selectors import COUNTED_DAYS, SourceState, SourceStatus, source_state, source_states
from litesoc_server.inbound.shown import shown_state
from litesoc_server.ingest.keys import Scope
from litesoc_server.ingest.responses import ErrorCode, Refused
from litesoc_server.orgs.access import organization_of
from litesoc_server.orgs.models import Organization

router = Router(tags=["sources"])

_SourceId = Annotated[str, Path(max_length=40, description="Id of a source, as the list has it.")]
_HOURS = int(OVERLAP.total_seconds() // 3600)


class SourceIn(Schema):
    """What is to be changed; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", strict=True)

    is_enabled: bool | None = Field(default=None, description="Whether deliveries are taken.")
    keeps_unknown: bool | None = Field(
        default=None, description="Keep records of unknown types as `<source>.<type>` instead of ignoring them."
    )


class SecretIn(Schema):
    """The secret that signs deliveries."""

    model_config = ConfigDict(extra="forbid", strict=True)

    secret: str | None = Field(
        default=None,
        max_length=SECRET_LENGTH_MAX,
        description="As the vendor shows it. Leave it out where the vendor takes one of ours: one is drawn and answered.",
    )


class SourceOut(Schema):
    """One source."""

    id: str
    title: str
    path: str = Field(description="Where deliveries go, below the server's address.")
    docs_url: str
    status: SourceStatus
    is_enabled: bool
    keeps_unknown: bool
    can_be_signed: bool = Field(description="Whether the vendor signs what it sends.")
    has_secret: bool = Field(description="Whether deliveries must be signed.")
    secret_set_at: Moment | None
    last_event_at: Moment | None
    last_received_at: Moment | None
    last_refused_at: Moment | None
    received: int = Field(description=f"Records delivered in {COUNTED_DAYS} days, today included; so are the counts below.")
    queued: int = Field(description="Records that became events.")
    kept_unknown: int = Field(description="Those of them whose type, or event name, is not a known one.")
    ignored: Mapping[str, int] = Field(description="Records that became none, by reason.")
    refused: Mapping[str, int] = Field(description="Deliveries that were refused, by reason.")


class SourceAnswer(Schema):
    """One source."""

    success: Literal[True] = True
    data: SourceOut
    meta: Meta


class SourcesAnswer(Schema):
    """All sources there are."""

    success: Literal[True] = True
    data: list[SourceOut]
    meta: Meta


class SecretOut(SourceOut):
    """One source, and its secret for the only time."""

    secret: str


class SecretAnswer(Schema):
    """The secret, for the only time."""

    success: Literal[True] = True
    data: SecretOut
    meta: Meta


@router.get(
    "/sources",
    auth=KeyAuth(Scope.READ),
    response={200: SourcesAnswer, **READ_ERRORS},
    summary="List sources",
    operation_id="listSources",
)
def list_sources(request: ApiRequest) -> SourcesAnswer:
    """Answer every source there is, set up or not, for the key's environment."""
    states = source_states(_org(request), request.caller.record.environment)
    return SourcesAnswer(data=[SourceOut(**shown_state(state)) for state in states], meta=one_meta(request.caller))


@router.get(
    "/sources/{source_id}",
    auth=KeyAuth(Scope.READ),
    response={200: SourceAnswer, **READ_ERRORS},
    summary="Get one source",
    operation_id="getSource",
)
def get_source(request: ApiRequest, source_id: _SourceId) -> SourceAnswer:
    """Answer how it stands."""
    return _answer(request, source_id)


@router.patch(
    "/sources/{source_id}",
    auth=KeyAuth(Scope.MANAGE),
    response={200: SourceAnswer, **CHANGE_ERRORS},
    summary="Set up or change a source",
    operation_id="changeSource",
)
def change_source(request: ApiRequest, source_id: _SourceId, wanted: SourceIn) -> SourceAnswer:
    """In force within 5 seconds."""
    _require_known(request, source_id)
    try:
        change_connection(
            _org(request),
            request.caller.record.environment,
            source_id,
            by=by_of(request),
            keeps_unknown=wanted.keeps_unknown,
            is_enabled=wanted.is_enabled,
        )
    except SourceRefused as refused:
        raise _refusal(refused) from refused
    return _answer(request, source_id)


@router.delete(
    "/sources/{source_id}",
    auth=KeyAuth(Scope.MANAGE),
    response={200: SourceAnswer, **CHANGE_ERRORS},
    summary="Forget a source's settings",
    operation_id="removeSource",
)
def remove_source(request: ApiRequest, source_id: _SourceId) -> SourceAnswer:
    """Its settings, secret and counts go, its events stay. A delivery with a good key sets it up again."""
    _require_known(request, source_id)
    remove_connection(_org(request), request.caller.record.environment, source_id, by=by_of(request))
    return _answer(request, source_id)


@router.post(
    "/sources/{source_id}/secret",
    auth=KeyAuth(Scope.MANAGE),
    response={200: SecretAnswer, **CHANGE_ERRORS},
    summary="Set or rotate the signing secret",
    description=f"The secret before goes on to count for {_HOURS} hours.",
    operation_id="setSourceSecret",
)
def set_source_secret(request: ApiRequest, source_id: _SourceId, wanted: SecretIn) -> SecretAnswer:
    """Answer the secret, for the only time."""
    _require_known(request, source_id)
    try:
        _, secret = set_secret(_org(request), request.caller.record.environment, source_id, wanted.secret, by=by_of(request))
    except SourceRefused as refused:
        raise _refusal(refused) from refused
    data = SecretOut(**shown_state(_require_known(request, source_id)), secret=secret)
    return SecretAnswer(data=data, meta=one_meta(request.caller))


@router.delete(
    "/sources/{source_id}/secret",
    auth=KeyAuth(Scope.MANAGE),
    response={200: SourceAnswer, **CHANGE_ERRORS},
    summary="Take unsigned deliveries again",
    operation_id="removeSourceSecret",
)
def remove_source_secret(request: ApiRequest, source_id: _SourceId) -> SourceAnswer:
    """From then on the API key is all that proves a delivery."""
    _require_known(request, source_id)
    remove_secret(_org(request), request.caller.record.environment, source_id, by=by_of(request))
    return _answer(request, source_id)


def _refusal(refused: SourceRefused) -> Refused:
    return Refused(ErrorCode.VALIDATION_FAILED, f"{refused.field}: {refused}")


def _org(request: ApiRequest) -> Organization:
    return organization_of(request.caller.record.org_id)


def _require_known(request: ApiRequest, source_id: str) -> SourceState:
    state = source_state(_org(request), request.caller.record.environment, source_id)
    if state is None:
        raise not_found()
    return state


def _answer(request: ApiRequest, source_id: str) -> SourceAnswer:
    return SourceAnswer(data=SourceOut(**shown_state(_require_known(request, source_id))), meta=one_meta(request.caller))
