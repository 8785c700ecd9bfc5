"""`/privacy/actors` and `/privacy/erasures`: one person's data, found, exported and erased."""

import uuid

from django.http import StreamingHttpResponse
from ninja import Query, Router, Schema
from pydantic import ConfigDict, Field

from litesoc_server import backend
from litesoc_server.api.audit_by import by_of
from litesoc_server.api.caller import ApiRequest, KeyAuth
from litesoc_server.api.v1.metas import one_meta
from litesoc_server.api.v1.schemas import CHANGE_ERRORS, READ_ERRORS, FilterText, Meta, Moment
from litesoc_server.events.ids import OrgId
from litesoc_server.ingest.keys import Scope
from litesoc_server.ingest.responses import ErrorCode, Refused
from litesoc_server.orgs.access import organization_of
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.principals import Who
from litesoc_server.privacy.erasures import ask_to_erase, erasures_of, record_export
from litesoc_server.privacy.export import export_actor, in_thread
from litesoc_server.privacy.find import ActorRefused, Held, checked_actor, held_of
from litesoc_server.privacy.models import Erasure
from litesoc_server.store.actors import ActorNames
from litesoc_server.wire.moments import iso_utc, iso_utc_or_none

router = Router(tags=["privacy"])

ERASURES_MAX = 100  # the newest


class NamesOut(Schema):
    """How events name the actor. Only what no event of another actor carries belongs to it."""

    ids: list[str] = Field(description="Ids; those that are e-mail addresses in lower case.")
    emails: list[str]
    display_names: list[str]
    addresses: list[str] = Field(description="IP addresses from which only this actor's events came.")
    others: list[str] = Field(description="Ids of actors that share an e-mail address with this one.")


class HeldOut(Schema):
    """What one place holds."""

    place: str = Field(description="As docs/reference/privacy.md lists them.")
    environment: str | None = Field(description="null: the place does not tell.")
    count: int
    first_at: Moment | None
    last_at: Moment | None


class ActorDataOut(Schema):
    """What is held of one actor."""

    asked_for: str
    names: NamesOut
    held: list[HeldOut]


class ActorDataAnswer(Schema):
    """What is held of one actor."""

    data: ActorDataOut
    meta: Meta


class ActorExportOut(Schema):
    """All that names one actor, as one document."""

    format: str = Field(description="litesoc-actor-1")
    organization: dict[str, str]
    exported_at: Moment
    asked_for: str
    names: NamesOut
    held: list[HeldOut]
    events: list[dict[str, object]]
    records: list[dict[str, object]] = Field(description="Rows of other places, whole: `place` and `row`.")
    audit_log: list[dict[str, object]]
    dead_letters: list[dict[str, str]]


class ErasureIn(Schema):
    """Whom to erase."""

    model_config = ConfigDict(extra="forbid", strict=True)

    actor: str = Field(description="Id or e-mail address, as events carry it.")
    confirm: str = Field(description="The same once more. It cannot be undone.")


class ErasureOut(Schema):
    """One erasure."""

    id: uuid.UUID
    actor: str | None = Field(description="null once the actor is named nowhere any more.")
    reference: str = Field(description="Stands for the actor: a keyed digest of the id.")
    step: str = Field(description="waiting, counting, removing, settling, scrubbing, done")
    asked_at: Moment
    asked_by: str
    finished_at: Moment | None
    counts: dict[str, int] = Field(description="How many there were, by place.")


class ErasureAnswer(Schema):
    """One erasure."""

    data: ErasureOut
    meta: Meta


class ErasuresAnswer(Schema):
    """Erasures, the newest first."""

    data: list[ErasureOut]
    meta: Meta


class WhoseData(Schema):
    """Whose data."""

    actor: FilterText = Field(description="Id or e-mail address, as events carry it.")


@router.get(
    "/privacy/actors",
    auth=KeyAuth(Scope.MANAGE, is_live_only=True),
    response={200: ActorDataAnswer, **READ_ERRORS},
    summary="Find one person's data",
    operation_id="findActorData",
)
def find(request: ApiRequest, whose: Query[WhoseData]) -> ActorDataAnswer:
    """Say how much is held of one actor, in both environments, and where."""
    org = _org(request)
    actor_id, names, held = _look_up(org, whose.actor)
    data = ActorDataOut(asked_for=actor_id, names=_names(names), held=[_held(one) for one in held])
    return ActorDataAnswer(data=data, meta=one_meta(request.caller))


@router.get(
    "/privacy/actors/export",
    auth=KeyAuth(Scope.MANAGE, is_live_only=True),
    response={200: ActorExportOut, **READ_ERRORS},
    summary="Export one person's data",
    operation_id="exportActorData",
)
def export(request: ApiRequest, whose: Query[WhoseData]) -> StreamingHttpResponse:
    """Return everything that names one actor. It comes as it is read, so an error in between breaks it off."""
    org, parts = _org(request), backend.current()
    actor_id = _checked(whose.actor)
    names = parts.reader.actor_names(org_id=OrgId(str(org.pk)), actor_id=actor_id)
    record_export(org, actor_id, by=by_of(request))
    pieces = export_actor(org, actor_id, names, reader=parts.reader, letters=parts.stream.dead_letters)
    answer = StreamingHttpResponse(in_thread(pieces), content_type="application/json")
    for name, value in (*request.caller.headers, ("Cache-Control", "no-store")):
        answer[name] = value
    return answer


@router.post(
    "/privacy/erasures",
    auth=KeyAuth(Scope.MANAGE, is_live_only=True),
    response={200: ErasureAnswer, **CHANGE_ERRORS},
    summary="Erase one person's data",
    operation_id="eraseActorData",
)
def erase(request: ApiRequest, wanted: ErasureIn) -> ErasureAnswer:
    """Have one actor erased everywhere, in both environments, within some minutes. It cannot be undone."""
    caller = request.caller
    who = Who(by=caller.record.key_name, principal=caller.by.principal, acting=caller.by)
    try:
        erasure = ask_to_erase(_org(request), wanted.actor, typed=wanted.confirm, who=who)
    except ActorRefused as refusal:
        raise Refused(ErrorCode.VALIDATION_FAILED, str(refusal)) from refusal
    return ErasureAnswer(data=_erasure(erasure), meta=one_meta(caller))


@router.get(
    "/privacy/erasures",
    auth=KeyAuth(Scope.MANAGE, is_live_only=True),
    response={200: ErasuresAnswer, **READ_ERRORS},
    summary="Erasures",
    operation_id="listErasures",
)
def list_erasures(request: ApiRequest) -> ErasuresAnswer:
    """Return the newest 100 erasures with how far each has come."""
    found = erasures_of(_org(request))[:ERASURES_MAX]
    return ErasuresAnswer(data=[_erasure(one) for one in found], meta=one_meta(request.caller))


def _org(request: ApiRequest) -> Organization:
    return organization_of(OrgId(request.caller.record.org_id))


def _look_up(org: Organization, actor: str) -> tuple[str, ActorNames, list[Held]]:
    parts, actor_id = backend.current(), _checked(actor)
    names = parts.reader.actor_names(org_id=OrgId(str(org.pk)), actor_id=actor_id)
    return actor_id, names, held_of(org, names, reader=parts.reader, letters=parts.stream.dead_letters)


def _checked(actor: str) -> str:
    try:
        return checked_actor(actor)
    except ActorRefused as refusal:
        raise Refused(ErrorCode.VALIDATION_FAILED, f"actor: {refusal}") from refusal


def _names(names: ActorNames) -> NamesOut:
    return NamesOut(
        ids=list(names.ids),
        emails=list(names.emails),
        display_names=list(names.display_names),
        addresses=list(names.addresses),
        others=list(names.others),
    )


def _held(held: Held) -> HeldOut:
    return HeldOut(
        place=held.place,
        environment=held.environment,
        count=held.count,
        first_at=iso_utc_or_none(held.first_at),
        last_at=iso_utc_or_none(held.last_at),
    )


def _erasure(erasure: Erasure) -> ErasureOut:
    return ErasureOut(
        id=erasure.pk,
        actor=erasure.actor_id,
        reference=erasure.reference,
        step=erasure.step,
        asked_at=iso_utc(erasure.asked_at),
        asked_by=erasure.asked_by,
        finished_at=iso_utc_or_none(erasure.finished_at),
        counts=erasure.counts,
    )
