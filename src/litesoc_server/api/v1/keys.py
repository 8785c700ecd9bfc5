"""`/keys`: API keys, made, changed, rotated and revoked by a key that may manage.

A key hands out no scopes that it lacks itself, and a test key sees and touches test keys only. The secret of a key stands in
the answer that makes it and nowhere else.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from django.db import transaction
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from litesoc_server.api.audit_by import by_of
from litesoc_server.api.caller import ApiRequest, Caller, KeyAuth
from litesoc_server.api.v1.metas import one_meta
from litesoc_server.api.v1.schemas import CHANGE_ERRORS, READ_ERRORS, Meta, Moment
from litesoc_server.apikeys.access import get_key
from litesoc_server.apikeys.allow_lists import set_key_allow_list
from litesoc_server.apikeys.change_key import KeyValues, change_key, values_of
from litesoc_server.apikeys.issue_key import IssuedKey, issue_key
from litesoc_server.apikeys.models import ApiKey, KeyState
from litesoc_server.apikeys.revoke_key import revoke_key
from litesoc_server.apikeys.rotate_key import OVERLAP_MAX, rotate_key
from litesoc_server.apikeys.selectors import keys_of
from litesoc_server.apikeys.values import RATE_LIMIT_MAX, KeyForbidden
from litesoc_server.events.envelope import Environment
from litesoc_server.ingest.allow_list import TEXT_LENGTH_MAX
from litesoc_server.ingest.keys import Scope
from litesoc_server.ingest.responses import ErrorCode, Refused
from litesoc_server.orgs.access import organization_of
from litesoc_server.sources.timestamps import parse_rfc3339_ms
from litesoc_server.wire.moments import iso_utc, iso_utc_or_none

router = Router(tags=["keys"])
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXPIRY_MAX_MS = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp()) * 1000

ScopeText = Literal["ingest", "read", "manage", "backfill"]
EnvironmentText = Literal["live", "test"]
RateLimit = Annotated[int, Field(ge=1, le=RATE_LIMIT_MAX)]
_RATE = "Events of this key per minute, within the organisation's limit; null: only that one."
_ALLOW_LIST = "Addresses that it may be used from, beside the organisation's list: one address or range a line, # comments."


class KeyIn(Schema):
    """A key to make."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(description="What it is for.", examples=["shop, production"])
    scopes: list[ScopeText] = Field(min_length=1, description="None that the calling key lacks.", examples=[["ingest"]])
    environment: EnvironmentText | None = Field(default=None, description="Of its events; else that of the calling key.")
    expires_at: Moment | None = Field(default=None, examples=["2027-06-01T00:00:00Z"])
    rate_limit_per_minute: RateLimit | None = Field(default=None, description=_RATE)


class KeyChangeIn(Schema):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str | None = None
    scopes: list[ScopeText] | None = Field(default=None, min_length=1)
    expires_at: Moment | None = Field(default=None, description="null: never.")
    rate_limit_per_minute: RateLimit | None = Field(default=None, description=_RATE)
    allow_list: str | None = Field(
        default=None, max_length=TEXT_LENGTH_MAX, description=f"{_ALLOW_LIST} Empty: from anywhere."
    )
    insist: bool = Field(default=False, description="Take an allow-list that leaves out addresses in use.")


class RotationIn(Schema):
    """How long the old key works on."""

    model_config = ConfigDict(extra="forbid", strict=True)

    overlap_s: int = Field(
        ge=0, le=int(OVERLAP_MAX.total_seconds()), description="Seconds; 0: it ends at once.", examples=[86400]
    )


class KeyOut(Schema):
    """One key. The key itself is not stored."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    name: str
    begins_with: str = Field(examples=["lsoc_live_4fk2"])
    scopes: list[str]
    environment: EnvironmentText
    state: KeyState
    created_at: Moment
    expires_at: Moment | None
    revoked_at: Moment | None
    last_used_at: Moment | None = Field(description="To the minute.")
    last_used_from: str | None = Field(description="The address of the client.")
    rate_limit_per_minute: int | None
    allow_list: str
    replaces: str | None = Field(description="The key that it was rotated from.")


class NewKeyOut(KeyOut):
    """A key that was made just now."""

    api_key: str = Field(description="The key itself, in this answer only.")


class KeyAnswer(Schema):
    """One key."""

    success: Literal[True] = True
    data: KeyOut
    meta: Meta


class NewKeyAnswer(Schema):
    """A new key."""

    success: Literal[True] = True
    data: NewKeyOut
    meta: Meta


class KeyList(Schema):
    """All keys of the calling key's environment, newest first, also those that ended."""

    success: Literal[True] = True
    data: list[KeyOut]
    meta: Meta


LISTED_MAX = 500


@router.get(
    "/keys",
    auth=KeyAuth(Scope.MANAGE),
    response={200: KeyList, **READ_ERRORS},
    summary="List API keys",
    operation_id="listKeys",
)
def list_keys(request: ApiRequest) -> KeyList:
    """Newest first, at most 500."""
    caller = request.caller
    found = keys_of(organization_of(caller.record.org_id), caller.record.environment)[:LISTED_MAX]
    return KeyList(data=[KeyOut(**_fields(key)) for key in found], meta=one_meta(caller))


@router.post(
    "/keys",
    auth=KeyAuth(Scope.MANAGE),
    response={200: NewKeyAnswer, **CHANGE_ERRORS},
    summary="Make an API key",
    operation_id="createKey",
)
def create(request: ApiRequest, wanted: KeyIn) -> NewKeyAnswer:
    """Make a key that works at once. A test key makes test keys only."""
    caller = request.caller
    environment = caller.record.environment if wanted.environment is None else Environment(wanted.environment)
    if caller.record.environment is Environment.TEST and environment is not Environment.TEST:
        raise KeyForbidden("A test key makes test keys only.")
    issued = issue_key(
        org=organization_of(caller.record.org_id),
        name=wanted.name,
        scopes=frozenset(Scope(scope) for scope in wanted.scopes),
        environment=environment,
        expires_at=_moment(wanted.expires_at),
        rate_limit_per_minute=wanted.rate_limit_per_minute,
        by=by_of(request),
        within=caller.record.scopes,
    )
    return _new(caller, issued)


@router.patch(
    "/keys/{key_id}",
    auth=KeyAuth(Scope.MANAGE),
    response={200: KeyAnswer, **CHANGE_ERRORS},
    summary="Change an API key",
    operation_id="changeKey",
)
def change(request: ApiRequest, key_id: str, wanted: KeyChangeIn) -> KeyAnswer:
    """In force within 5 seconds."""
    caller, by = request.caller, by_of(request)
    key = _key(caller, key_id)
    sent, now = wanted.model_fields_set, values_of(key)
    values = KeyValues(
        name=now.name if wanted.name is None else wanted.name,
        scopes=now.scopes if wanted.scopes is None else frozenset(Scope(scope) for scope in wanted.scopes),
        expires_at=_moment(wanted.expires_at) if "expires_at" in sent else now.expires_at,
        rate_limit_per_minute=(
            wanted.rate_limit_per_minute if "rate_limit_per_minute" in sent else now.rate_limit_per_minute
        ),
    )
    with transaction.atomic():
        if wanted.allow_list is not None:
            set_key_allow_list(key, wanted.allow_list, by=by, is_insisted=wanted.insist)
        change_key(key, values, by=by, within=caller.record.scopes)
    return KeyAnswer(data=KeyOut(**_fields(key)), meta=one_meta(caller))


@router.post(
    "/keys/{key_id}/rotate",
    auth=KeyAuth(Scope.MANAGE),
    response={200: NewKeyAnswer, **CHANGE_ERRORS},
    summary="Replace an API key",
    operation_id="rotateKey",
)
def rotate(request: ApiRequest, key_id: str, wanted: RotationIn) -> NewKeyAnswer:
    """Make a new key that may do the same; the old one works on for as long as is said."""
    caller = request.caller
    issued = rotate_key(
        _key(caller, key_id),
        overlap=timedelta(seconds=wanted.overlap_s),
        by=by_of(request),
        within=caller.record.scopes,
    )
    return _new(caller, issued)


@router.delete(
    "/keys/{key_id}",
    auth=KeyAuth(Scope.MANAGE),
    response={200: KeyAnswer, **CHANGE_ERRORS},
    summary="Revoke an API key",
    operation_id="revokeKey",
)
def revoke(request: ApiRequest, key_id: str) -> KeyAnswer:
    """Stop it within 5 seconds, for good; it stays in the list. Revoking it again changes nothing."""
    caller = request.caller
    key = _key(caller, key_id)
    revoke_key(key, by=by_of(request))
    return KeyAnswer(data=KeyOut(**_fields(key)), meta=one_meta(caller))


def _key(caller: Caller, key_id: str) -> ApiKey:
    """Return the key. Raises ApiKey.DoesNotExist; a live key is none of a test key's business."""
    key = get_key(organization_of(caller.record.org_id), key_id)
    if caller.record.environment is Environment.TEST and key.environment != Environment.TEST.value:
        raise ApiKey.DoesNotExist
    return key


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    at_ms = parse_rfc3339_ms(text.strip())
    if at_ms is None or at_ms > _EXPIRY_MAX_MS:
        raise Refused(ErrorCode.VALIDATION_FAILED, 'expires_at must be RFC 3339 with an offset, e.g. "2027-06-01T00:00:00Z"')
    return _EPOCH + timedelta(milliseconds=max(at_ms, 0))


def _new(caller: Caller, issued: IssuedKey) -> NewKeyAnswer:
    return NewKeyAnswer(data=NewKeyOut(**_fields(issued.record), api_key=issued.secret), meta=one_meta(caller))


def _fields(key: ApiKey) -> dict[str, Any]:
    return {
        "id": str(key.id),
        "name": key.name,
        "begins_with": key.prefix,
        "scopes": sorted(key.scopes),
        "environment": key.environment,
        "state": key.state,
        "created_at": iso_utc(key.created_at),
        "expires_at": iso_utc_or_none(key.expires_at),
        "revoked_at": iso_utc_or_none(key.revoked_at),
        "last_used_at": iso_utc_or_none(key.last_used_at),
        "last_used_from": key.last_used_from,
        "rate_limit_per_minute": key.rate_limit_per_minute,
        "allow_list": key.allow_list,
        "replaces": None if key.replaces_id is None else str(key.replaces_id),
    }
