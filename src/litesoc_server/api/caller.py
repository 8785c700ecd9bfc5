"""Who calls the API: from the key in the request to what it may do, in the order of contract 2.10."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from django.conf import settings
from django.http import HttpRequest
from ninja.security import APIKeyHeader

from litesoc_server import backend
from litesoc_server.accounts.request_client import address_of, user_agent_of
from litesoc_server.audit.by import By
from litesoc_server.events.envelope import Environment
from litesoc_server.ingest.admission import key_refusal, rate_refusal, require_admission, require_scope
from litesoc_server.ingest.keys import KeyRecord, KeysUnavailable, Scope
from litesoc_server.ingest.limits import RateDecision
from litesoc_server.ingest.responses import ErrorCode, Refused, account_headers, unavailable
from litesoc_server.orgs import plan_gates
from litesoc_server.orgs.plans import Feature
from litesoc_server.orgs.principals import KEY_PREFIX
from litesoc_server.pipeline.policy import DAY_MS

KEY_HEADER = "X-API-Key"
PLAN_PAGE = "/admin/orgs/organization/"  # where the operator changes an organisation's plan
_BEARER = "bearer "
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """One authenticated request's key and sight."""

    record: KeyRecord
    headers: tuple[tuple[str, str], ...]  # of the answer, whatever it is (contract 2.7)
    not_before_ms: int | None  # oldest visible moment, Unix ms; None = unlimited retention
    address: str | None  # the client's
    user_agent: str | None  # what the client says it is

    @property
    def by(self) -> By:
        """Who acts, as the audit log records it: the key, and where from."""
        return By(
            principal=f"{KEY_PREFIX}{self.record.key_id}",
            name=self.record.key_name,
            address=self.address,
            user_agent=self.user_agent,
        )

    @property
    def not_before(self) -> datetime | None:
        """The oldest visible moment."""
        return None if self.not_before_ms is None else _EPOCH + timedelta(milliseconds=self.not_before_ms)

    @property
    def is_redacted(self) -> bool:
        """Whether places and networks are withheld."""
        return Feature.NETWORK_INTELLIGENCE not in self.record.features


class ApiRequest(HttpRequest):
    """A request to the API. ``caller`` is set as soon as it is known, also where the request is refused then."""

    caller: Caller


def caller_of(request: HttpRequest) -> Caller | None:
    """Return who calls; None before or without authentication."""
    return cast("Caller | None", getattr(request, "caller", None))


class KeyAuth(APIKeyHeader):
    """Lets a request through when its key is good, its organisation active and within its rate, and the scope is there."""

    param_name = KEY_HEADER

    def __init__(self, scope: Scope, feature: Feature | None = None, *, is_live_only: bool = False) -> None:
        super().__init__()
        self._scope = scope
        self._feature = feature
        self._is_live_only = is_live_only  # it is about what holds for live events

    def _get_key(self, request: HttpRequest) -> str | None:
        key = request.headers.get(KEY_HEADER)
        authorization = request.headers.get("Authorization", "")
        if not key and authorization.lower().startswith(_BEARER):
            key = authorization[len(_BEARER) :]
        return None if key is None else key.strip()

    def authenticate(self, request: HttpRequest, key: str | None) -> Caller:
        """Return who calls. Raises Refused with the first thing that stands against it."""
        record = _find((key or "").encode("latin-1", "replace"))
        parts = backend.current()
        rate = parts.rate_limiter.hit(record, 1)
        caller = _caller(request, record, rate)
        cast("ApiRequest", request).caller = caller
        if not rate.is_allowed:
            backend.current().refusals.note(record.org_id, ErrorCode.RATE_LIMIT_EXCEEDED)
            raise rate_refusal(rate)
        address = address_of(request)
        require_admission(record, address=address, origin=request.headers.get("Origin"), host=_host_of(request))
        require_scope(record, self._scope)
        parts.key_use.note(record.key_id, address, parts.clock.now_ms())
        if self._is_live_only and record.environment is not Environment.LIVE:
            raise Refused(ErrorCode.FORBIDDEN, "A test key has no part in what holds for live events: use a live key")
        if self._feature is not None:
            require_feature(cast("ApiRequest", request), self._feature)
        return caller


def require_feature(request: ApiRequest, feature: Feature) -> None:
    """Return if the caller's plan includes ``feature``. Raises Refused."""
    try:
        plan_gates.require_feature(request.caller.record.features, feature)
    except plan_gates.PlanRestricted as error:
        raise plan_refusal(request, error) from error


def _host_of(request: HttpRequest) -> str:
    """Return what the request was sent to, as it says; never Django's get_host, which raises for names it does not know."""
    return request.headers.get("Host", "")


def _find(key: bytes) -> KeyRecord:
    if not key:
        raise key_refusal(key)
    try:
        record = backend.current().key_directory.lookup_blocking(key)
    except KeysUnavailable as error:
        raise unavailable("the key directory is") from error
    if record is None:
        raise key_refusal(key)
    return record


def _caller(request: HttpRequest, record: KeyRecord, rate: RateDecision) -> Caller:
    parts = backend.current()
    now_ms = parts.clock.now_ms()
    headers = account_headers(record, quota=parts.quota_meter.reserve(record, 0), rate=rate, now_ms=now_ms)
    return Caller(
        record=record,
        headers=tuple(headers),
        not_before_ms=None if record.retention_days is None else now_ms - record.retention_days * DAY_MS,
        address=address_of(request),
        user_agent=user_agent_of(request),
    )


def plan_refusal(request: HttpRequest, error: plan_gates.PlanRestricted) -> Refused:
    """Return the 403 for what the plan does not include, with where a larger one is to be had."""
    url = f"{settings.PUBLIC_URL or request.build_absolute_uri('/').rstrip('/')}{PLAN_PAGE}"
    refused = Refused(ErrorCode.PLAN_RESTRICTED, str(error), upgrade_url=url, upgrade_link=url)
    if error.required is not None:
        refused.hints["required_plan"] = error.required
    return refused
