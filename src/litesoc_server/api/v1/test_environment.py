"""`/test-environment`: what was sent with test keys, and removing all of it."""

from ninja import Router, Schema
from pydantic import Field

from litesoc_server.alerts.emptying import alerts_count
from litesoc_server.api.audit_by import by_of
from litesoc_server.api.caller import ApiRequest, KeyAuth
from litesoc_server.api.v1.metas import one_meta
from litesoc_server.api.v1.schemas import CHANGE_ERRORS, READ_ERRORS, Meta, Moment
from litesoc_server.events.envelope import Environment
from litesoc_server.ingest.keys import Scope
from litesoc_server.orgs.access import organization_of
from litesoc_server.orgs.emptying import ask_to_empty
from litesoc_server.orgs.models import Organization
from litesoc_server.wire.moments import iso_utc_or_none

router = Router(tags=["test environment"])


class TestEnvironmentOut(Schema):
    """The test environment of the organisation."""

    emptying_asked_at: Moment | None = Field(description="Since when it is being emptied; null: nothing is going on.")
    alerts_count: int


class TestEnvironmentAnswer(Schema):
    """The test environment."""

    data: TestEnvironmentOut
    meta: Meta


@router.get(
    "/test-environment",
    auth=KeyAuth(Scope.READ),
    response={200: TestEnvironmentAnswer, **READ_ERRORS},
    summary="Look at the test environment",
    operation_id="getTestEnvironment",
)
def read(request: ApiRequest) -> TestEnvironmentAnswer:
    """Say whether it is being emptied, and how many alerts it has."""
    return _answer(request, organization_of(request.caller.record.org_id))


@router.delete(
    "/test-environment",
    auth=KeyAuth(Scope.MANAGE),
    response={200: TestEnvironmentAnswer, **CHANGE_ERRORS},
    summary="Empty the test environment",
    operation_id="emptyTestEnvironment",
)
def empty(request: ApiRequest) -> TestEnvironmentAnswer:
    """Have its events, sums, alerts and comments removed for good within minutes. Live ones stay."""
    org = organization_of(request.caller.record.org_id)
    ask_to_empty(org, by=by_of(request))
    return _answer(request, org)


def _answer(request: ApiRequest, org: Organization) -> TestEnvironmentAnswer:
    data = TestEnvironmentOut(
        emptying_asked_at=iso_utc_or_none(org.emptying_asked_at), alerts_count=alerts_count(org, Environment.TEST)
    )
    return TestEnvironmentAnswer(data=data, meta=one_meta(request.caller))
