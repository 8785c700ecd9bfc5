"""`/detection/policy`: what the detectors go by, what it was before, and changes of it."""

from typing import Any, Literal

from ninja import Query, Router, Schema
from pydantic import ConfigDict, Field

from litesoc_server.api.caller import ApiRequest, Caller, KeyAuth
from litesoc_server.api.v1.metas import list_meta, one_meta
from litesoc_server.api.v1.schemas import CHANGE_ERRORS, READ_ERRORS, Limit, ListMeta, Meta, Offset, Pagination
from litesoc_server.ingest.keys import Scope
from litesoc_server.orgs.access import organization_of, policy_history
from litesoc_server.orgs.models import Organization, PolicyChange
from litesoc_server.orgs.policy_changes import NOTE_LENGTH_MAX, change_policy
from litesoc_server.orgs.policy_view import SettingInForce, policy_view
from litesoc_server.orgs.principals import NAME_LENGTH_MAX, Who
from litesoc_server.pipeline.normalise.text import clean_text
from litesoc_server.wire.moments import iso_utc

router = Router(tags=["detection"])
HISTORY_PAGE_LIMIT = 100  # rows
HISTORY_PAGE_DEFAULT = 20
VERSION_MAX = 2**31 - 1


class SettingOut(Schema):
    """One setting as it is in force."""

    name: str = Field(examples=["brute_force_address_failures_count"])
    detector: str | None = Field(description="The one that it belongs to; null: several.", examples=["brute_force_address"])
    value: Any = Field(examples=[8])
    default: Any = Field(examples=[5])
    is_overridden: bool
    description: str = Field(examples=["Failed logins from one address."])
    must_be: str = Field(examples=["a whole number from 1 to 100,000"])
    value_schema: dict[str, Any] = Field(
        description="The same as JSON Schema.", examples=[{"type": "integer", "minimum": 1, "maximum": 100000}]
    )


class UnfitSetting(Schema):
    """Something stored by another release that does not fit this one: it is not in force."""

    name: str
    problem: str


class PolicyOut(Schema):
    """The policy as it is in force."""

    version: int = Field(description="What a change has to be made for.", examples=[2])
    settings: list[SettingOut]
    not_in_force: list[UnfitSetting]


class PolicyAnswer(Schema):
    """The policy."""

    success: Literal[True] = True
    data: PolicyOut
    meta: Meta


class PolicyPatch(Schema):
    """A change: all of it comes into force, or nothing."""

    model_config = ConfigDict(extra="forbid", strict=True)

    version: int = Field(ge=1, le=VERSION_MAX, description="The version that it is made for, as read before.", examples=[2])
    settings: dict[str, Any] = Field(
        description="By name; null puts one back to its default, a list or object replaces the former as a whole.",
        examples=[{"brute_force_address_failures_count": 8, "history_count": None}],
    )
    note: str | None = Field(default=None, max_length=NOTE_LENGTH_MAX, description="Why; kept in the history.")
    changed_by: str | None = Field(
        default=None, max_length=NAME_LENGTH_MAX, description="Who decided; else the name of the key."
    )


class SettingChange(Schema):
    """What was different."""

    setting: str
    before: Any = Field(description="The value in force before.", examples=[5])
    after: Any = Field(examples=[8])


class PolicyChangeOut(Schema):
    """One change."""

    version: int = Field(description="The policy's after it.")
    changes: list[SettingChange]
    note: str | None
    changed_by: str
    principal: str = Field(description="Who it was by the server's own knowledge.", examples=["operator"])
    changed_at: str = Field(json_schema_extra={"format": "date-time"})


class PolicyHistory(Schema):
    """A page of the history, newest first."""

    success: Literal[True] = True
    data: list[PolicyChangeOut]
    pagination: Pagination
    meta: ListMeta


class HistoryQuery(Schema):
    """What to list."""

    limit: Limit = HISTORY_PAGE_DEFAULT
    offset: Offset = 0


@router.get(
    "/detection/policy",
    auth=KeyAuth(Scope.READ),
    response={200: PolicyAnswer, **READ_ERRORS},
    summary="Read the detection policy",
    operation_id="getDetectionPolicy",
)
def read_policy(request: ApiRequest) -> PolicyAnswer:
    """Every setting with its value, its default and what it may be."""
    return _answer(request.caller, organization_of(request.caller.record.org_id))


@router.patch(
    "/detection/policy",
    auth=KeyAuth(Scope.MANAGE, is_live_only=True),
    response={200: PolicyAnswer, **CHANGE_ERRORS},
    summary="Change the detection policy",
    operation_id="changeDetectionPolicy",
)
def patch_policy(request: ApiRequest, patch: PolicyPatch) -> PolicyAnswer:
    """Change some settings. In force within 5 seconds; 409 when somebody else has changed the policy meanwhile."""
    caller = request.caller
    org = organization_of(caller.record.org_id)
    change_policy(
        org, patch.settings, who=who_calls(caller, patch.changed_by), expected_version=patch.version, note=patch.note
    )
    return _answer(caller, org)


@router.get(
    "/detection/policy/history",
    auth=KeyAuth(Scope.READ),
    response={200: PolicyHistory, **READ_ERRORS},
    summary="List the changes of the detection policy",
    operation_id="listDetectionPolicyChanges",
)
def read_history(request: ApiRequest, query: Query[HistoryQuery]) -> PolicyHistory:
    """Newest first: who changed what, when and why. The newest 1,000 changes are kept."""
    caller = request.caller
    limit, offset = min(query.limit, HISTORY_PAGE_LIMIT), query.offset
    changes = policy_history(organization_of(caller.record.org_id))
    total = changes.count()
    page = list(changes[offset : offset + limit])
    return PolicyHistory(
        data=[_change_out(change) for change in page],
        pagination=Pagination(total=total, limit=limit, offset=offset, has_more=offset + len(page) < total),
        meta=list_meta(caller, max_limit=HISTORY_PAGE_LIMIT),
    )


def who_calls(caller: Caller, name: str | None) -> Who:
    """Return who acts: as they say, or as their key is called."""
    by = clean_text((name or "").strip()) or caller.record.key_name
    return Who(by=by, principal=caller.by.principal, acting=caller.by)


def setting_out(found: SettingInForce) -> SettingOut:
    """Return one setting as clients see it."""
    setting = found.setting
    return SettingOut(
        name=setting.name,
        detector=found.detector,
        value=found.value,
        default=setting.default,
        is_overridden=found.is_overridden,
        description=setting.description,
        must_be=setting.rule,
        value_schema=dict(setting.schema),
    )


def _answer(caller: Caller, org: Organization) -> PolicyAnswer:
    view = policy_view(org)
    return PolicyAnswer(
        data=PolicyOut(
            version=view.version,
            settings=[setting_out(found) for found in view.settings],
            not_in_force=[UnfitSetting(name=problem.setting, problem=problem.text) for problem in view.problems],
        ),
        meta=one_meta(caller),
    )


def _change_out(change: PolicyChange) -> PolicyChangeOut:
    return PolicyChangeOut(
        version=change.version,
        changes=[SettingChange(**one) for one in change.changes],
        note=change.note,
        changed_by=change.by,
        principal=change.principal,
        changed_at=iso_utc(change.at),
    )
