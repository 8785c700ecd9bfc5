"""`/forwarders`: where events and alerts are passed on to, how far each has come, and a test of it."""

import contextlib
from collections.abc import Iterator

from django.utils import timezone
from ninja import Router

from litesoc_server import backend
from litesoc_server.accounts.sealing import KeysUnusable, SecretUnreadable
from litesoc_server.api.audit_by import by_of
from litesoc_server.api.caller import ApiRequest, KeyAuth
from litesoc_server.api.errors import not_found
from litesoc_server.api.v1.forwarder_schema import (
    ForwarderAnswer,
    ForwarderChangeIn,
    ForwarderGoneAnswer,
    ForwarderIn,
    ForwarderList,
    ForwarderOut,
    ForwarderTestAnswer,
    ForwarderTestOut,
    RejectedList,
    RejectedOut,
)
from litesoc_server.api.v1.metas import one_meta
from litesoc_server.api.v1.schemas import CHANGE_ERRORS, READ_ERRORS
from litesoc_server.events.event import Severity
from litesoc_server.events.ids import OrgId
from litesoc_server.forwarding.access import (
    get_forwarder,
    lag_of,
    removed_forwarder,
    state_of,
    visible_forwarders,
    visible_rejected,
)
from litesoc_server.forwarding.batches import store_now_s
from litesoc_server.forwarding.changes import (
    add_forwarder,
    change_forwarder,
    remove_forwarder,
    restore_forwarder,
    send_test,
)
from litesoc_server.forwarding.forwarder_settings import ForwarderRefused, shown_settings
from litesoc_server.forwarding.kinds import SendFailed
from litesoc_server.forwarding.models import Forwarder, RejectedRecord, What
from litesoc_server.ingest.keys import Scope
from litesoc_server.ingest.responses import ErrorCode, Refused
from litesoc_server.orgs.access import organization_of
from litesoc_server.orgs.models import Organization
from litesoc_server.wire.moments import iso_utc, iso_utc_or_none

router = Router(tags=["forwarding"])


@router.get(
    "/forwarders",
    auth=KeyAuth(Scope.MANAGE),
    response={200: ForwarderList, **READ_ERRORS},
    summary="List forwarders",
    operation_id="listForwarders",
)
def list_forwarders(request: ApiRequest) -> ForwarderList:
    """By name."""
    found = visible_forwarders(_org(request), request.caller.record.environment)
    return ForwarderList(data=[_out(forwarder) for forwarder in found], meta=one_meta(request.caller))


@router.post(
    "/forwarders",
    auth=KeyAuth(Scope.MANAGE),
    response={200: ForwarderAnswer, **CHANGE_ERRORS},
    summary="Pass events and alerts on",
    operation_id="addForwarder",
)
def add(request: ApiRequest, wanted: ForwarderIn) -> ForwarderAnswer:
    """From now on; what came before is in the export of events."""
    org, record = _org(request), request.caller.record
    with _refusals():
        forwarder = add_forwarder(
            org,
            record.environment,
            kind=wanted.kind,
            name=wanted.name,
            settings=wanted.settings,
            what=wanted.what,
            severities=wanted.severities,
            categories=wanted.categories,
            store_now_s=store_now_s(backend.current().reader, record.org_id),
            by=by_of(request),
        )
    return _answer(request, forwarder)


@router.get(
    "/forwarders/{forwarder_id}",
    auth=KeyAuth(Scope.MANAGE),
    response={200: ForwarderAnswer, **READ_ERRORS},
    summary="Read one forwarder",
    operation_id="getForwarder",
)
def read(request: ApiRequest, forwarder_id: str) -> ForwarderAnswer:
    """How far it has come, and what is wrong where something is."""
    return _answer(request, _found(request, forwarder_id))


@router.patch(
    "/forwarders/{forwarder_id}",
    auth=KeyAuth(Scope.MANAGE),
    response={200: ForwarderAnswer, **CHANGE_ERRORS},
    summary="Change or pause a forwarder",
    operation_id="changeForwarder",
)
def change(request: ApiRequest, forwarder_id: str, wanted: ForwarderChangeIn) -> ForwarderAnswer:
    """Change what is given."""
    with _refusals():
        forwarder = change_forwarder(_found(request, forwarder_id), by=by_of(request), **wanted.dict(exclude_unset=True))
    return _answer(request, forwarder)


@router.delete(
    "/forwarders/{forwarder_id}",
    auth=KeyAuth(Scope.MANAGE),
    response={200: ForwarderGoneAnswer, **CHANGE_ERRORS},
    summary="Remove a forwarder",
    operation_id="removeForwarder",
)
def remove(request: ApiRequest, forwarder_id: str) -> ForwarderGoneAnswer:
    """Send nothing more. Within an hour it can be brought back."""
    remove_forwarder(_found(request, forwarder_id), by=by_of(request))
    return ForwarderGoneAnswer(meta=one_meta(request.caller))


@router.post(
    "/forwarders/{forwarder_id}/restore",
    auth=KeyAuth(Scope.MANAGE),
    response={200: ForwarderAnswer, **CHANGE_ERRORS},
    summary="Bring a removed forwarder back",
    operation_id="restoreForwarder",
)
def restore(request: ApiRequest, forwarder_id: str) -> ForwarderAnswer:
    """Let it go on where it stood, within an hour after it was removed."""
    try:
        removed = removed_forwarder(_org(request), request.caller.record.environment, forwarder_id)
    except Forwarder.DoesNotExist as error:
        raise not_found() from error
    with _refusals():
        return _answer(request, restore_forwarder(removed, by=by_of(request)))


@router.get(
    "/forwarders/{forwarder_id}/rejected",
    auth=KeyAuth(Scope.MANAGE),
    response={200: RejectedList, **READ_ERRORS},
    summary="List what a forwarder's receiver rejected",
    operation_id="listRejectedRecords",
)
def list_rejected(request: ApiRequest, forwarder_id: str) -> RejectedList:
    """Return the events and changes of alerts that were passed over: to each alone the answer was 400, 413 or 422."""
    found = visible_rejected(_found(request, forwarder_id))
    return RejectedList(data=[_rejected_out(one) for one in found], meta=one_meta(request.caller))


@router.post(
    "/forwarders/{forwarder_id}/test",
    auth=KeyAuth(Scope.MANAGE),
    response={200: ForwarderTestAnswer, **CHANGE_ERRORS},
    summary="Send a test event",
    operation_id="testForwarder",
)
def test(request: ApiRequest, forwarder_id: str) -> ForwarderTestAnswer:
    """Send one event of our own now, and say what became of it."""
    forwarder = _found(request, forwarder_id)
    try:
        with _refusals():
            done = ForwarderTestOut(is_sent=True, event_id=send_test(forwarder), error="")
    except SendFailed as error:
        done = ForwarderTestOut(is_sent=False, event_id=None, error=str(error))
    return ForwarderTestAnswer(data=done, meta=one_meta(request.caller))


def _org(request: ApiRequest) -> Organization:
    return organization_of(OrgId(request.caller.record.org_id))


def _found(request: ApiRequest, forwarder_id: str) -> Forwarder:
    try:
        return get_forwarder(_org(request), request.caller.record.environment, forwarder_id)
    except Forwarder.DoesNotExist as error:
        raise not_found() from error


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except ForwarderRefused as refused:
        raise Refused(ErrorCode.VALIDATION_FAILED, f"{refused.field}: {refused.text}") from refused
    except (SecretUnreadable, KeysUnusable) as error:
        message = "the settings cannot be decrypted: enter them again"
        raise Refused(ErrorCode.VALIDATION_FAILED, message) from error


def _rejected_out(one: RejectedRecord) -> RejectedOut:
    return RejectedOut(
        record_id=one.record_id,
        event_id=None if one.is_alert else one.subject_id,
        alert_id=one.subject_id if one.is_alert else None,
        reason=one.reason,
        at=iso_utc(one.at),
    )


def _answer(request: ApiRequest, forwarder: Forwarder) -> ForwarderAnswer:
    return ForwarderAnswer(data=_out(forwarder), meta=one_meta(request.caller))


def _out(forwarder: Forwarder) -> ForwarderOut:
    now = timezone.now()
    try:
        settings = shown_settings(forwarder)
    except (SecretUnreadable, KeysUnusable):
        settings = {}  # the state says so when it sends
    return ForwarderOut(
        id=str(forwarder.id),
        kind=forwarder.kind,
        name=forwarder.name,
        what=What(forwarder.what),
        severities=[Severity(one) for one in forwarder.severities],
        categories=forwarder.categories,
        settings=settings,
        state=state_of(forwarder, now),
        lag_seconds=max(0, int(lag_of(forwarder, now).total_seconds())),
        sent_count=forwarder.sent_count,
        last_sent_at=iso_utc_or_none(forwarder.last_sent_at),
        rejected_count=forwarder.rejected_count,
        failures_count=forwarder.failures_count,
        last_error=forwarder.last_error,
        last_error_at=iso_utc_or_none(forwarder.last_error_at),
        retry_at=iso_utc_or_none(forwarder.retry_at),
        created_at=iso_utc(forwarder.created_at),
    )
