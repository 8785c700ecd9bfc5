"""`/audit`: what was done in the organisation, by whom, and what was different before."""

from typing import Any, Literal

from ninja import Query, Router, Schema
from pydantic import Field

from litesoc_server.api.caller import ApiRequest, KeyAuth
from litesoc_server.api.v1.alert_query import EndDate, StartDate
from litesoc_server.api.v1.metas import list_meta
from litesoc_server.api.v1.schemas import READ_ERRORS, FilterText, Limit, ListMeta
from litesoc_server.audit.actions import Action
from litesoc_server.audit.listing import Wanted, entries
from litesoc_server.audit.reading import ReadEntry, Value, read_entries
from litesoc_server.ingest.keys import Scope
from litesoc_server.orgs.access import organization_of
from litesoc_server.orgs.plans import Feature
from litesoc_server.wire.moments import iso_utc

router = Router(tags=["audit"])
PAGE_LIMIT = 200  # entries
_SEQ_MAX = 2**63 - 1


class ActorOut(Schema):
    """Who acted."""

    principal: str = Field(description="`user:<id>`, `key:<id>`, `operator`, `system` or `anonymous`.")
    name: str | None = Field(description="An e-mail address or the name of a key.")
    ip_address: str | None
    user_agent: str | None


class TargetOut(Schema):
    """What was acted on."""

    kind: str | None
    id: str | None
    name: str | None


class ChangedOut(Schema):
    """One field that is different."""

    field: str
    before: Any
    after: Any


class EntryOut(Schema):
    """One act."""

    number: int = Field(description="1, 2, 3, … in the organisation's log.")
    timestamp: str = Field(json_schema_extra={"format": "date-time"})
    action: str = Field(description="docs/reference/audit.md lists all.", examples=["alert.resolved"])
    actor: ActorOut
    target: TargetOut
    changes: list[ChangedOut]
    note: str | None
    erased: list[str] = Field(description="What of it was erased at a person's wish: null for that reason.")
    hash: str


class AuditPage(Schema):
    """A page of the log, newest first."""

    success: Literal[True] = True
    data: list[EntryOut]
    next_before: int | None = Field(description="Give it as `before` for the next page; null on the last one.")
    meta: ListMeta


class AuditQuery(Schema):
    """What to list."""

    action: Action | None = None
    actor: FilterText | None = Field(default=None, description="A part of the name, or a principal.")
    target: FilterText | None = Field(default=None, description="A part of the name, or an id.")
    ip_address: FilterText | None = Field(default=None, description="The beginning of the address.")
    start_date: StartDate = None
    end_date: EndDate = None
    before: int | None = Field(default=None, ge=1, le=_SEQ_MAX, description="Only entries with smaller numbers.")
    limit: Limit = 50


@router.get(
    "/audit",
    auth=KeyAuth(Scope.MANAGE, Feature.AUDIT_LOG, is_live_only=True),
    response={200: AuditPage, **READ_ERRORS},
    summary="List the audit log",
    operation_id="listAudit",
)
def list_audit(request: ApiRequest, query: Query[AuditQuery]) -> AuditPage:
    """Newest first. The log is kept for as long as its organisation says, whatever the retention of events."""
    org = organization_of(request.caller.record.org_id)
    wanted = Wanted(
        actions=() if query.action is None else (query.action.value,),
        who=query.actor,
        target=query.target,
        address=None if query.ip_address is None else query.ip_address.lower(),
        from_at=query.start_date,
        to_at=query.end_date,
    )
    limit = min(query.limit, PAGE_LIMIT)
    found = read_entries(org.id, entries(org.id, wanted, before=query.before)[: limit + 1])
    page = found[:limit]
    return AuditPage(
        data=[_out(entry) for entry in page],
        next_before=page[-1].seq if len(found) > limit else None,
        meta=list_meta(request.caller, max_limit=PAGE_LIMIT),
    )


def _out(entry: ReadEntry) -> EntryOut:
    return EntryOut(
        number=entry.seq,
        timestamp=iso_utc(entry.at),
        action=entry.action,
        actor=ActorOut(
            principal=entry.principal,
            name=_text(entry.name),
            ip_address=_text(entry.address),
            user_agent=_text(entry.user_agent),
        ),
        target=TargetOut(kind=entry.target_kind, id=entry.target_id, name=_text(entry.target)),
        changes=[ChangedOut(field=one.field, before=one.before.value, after=one.after.value) for one in entry.changes],
        note=_text(entry.note),
        erased=list(entry.erased),
        hash=entry.hash,
    )


def _text(value: Value) -> str | None:
    return value.text if value.value is not None else None
