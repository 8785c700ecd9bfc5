"""`/notifications/channels`: where alerts are told, and a test of it."""

from http import HTTPStatus
from typing import Any

from ninja import Router, Status

from litesoc_server.accounts.sealing import KeysUnusable, SecretUnreadable
from litesoc_server.api.caller import ApiRequest
from litesoc_server.api.v1.channel_schema import (
    AttemptAnswer,
    ChannelAnswer,
    ChannelChangeIn,
    ChannelIn,
    ChannelList,
    ChannelOut,
    FieldOut,
    KindList,
    KindOut,
    NewChannelAnswer,
    NewChannelOut,
    ReplayAnswer,
    ReplayIn,
    ReplayOut,
)
from litesoc_server.api.v1.deliveries import DeliveryAnswer, attempt_out, delivery_answer
from litesoc_server.api.v1.member_requests import GoneAnswer
from litesoc_server.api.v1.metas import one_meta
from litesoc_server.api.v1.notification_requests import CHANGES, READS, found, moment, org_of, who_of
from litesoc_server.api.v1.schemas import CHANGE_ERRORS, READ_ERRORS
from litesoc_server.ingest.keys import Scope
from litesoc_server.ingest.responses import ErrorCode, Refused
from litesoc_server.notify.access import get_channel, pending_counts, removed_channel, visible_channels
from litesoc_server.notify.channel_changes import (
    add_channel,
    change_channel,
    remove_channel,
    restore_channel,
    rotate_webhook_secret,
    webhook_public_key,
    webhook_secret,
)
from litesoc_server.notify.channel_settings import shown_settings
from litesoc_server.notify.channels.registry import KINDS
from litesoc_server.notify.channels.webhook import WEBHOOK
from litesoc_server.notify.models import Channel
from litesoc_server.notify.replay import replay_failed
from litesoc_server.notify.send_test import start_test
from litesoc_server.wire.moments import iso_utc, iso_utc_or_none

router = Router(tags=["notifications"])

TEST_WITHIN_S = 5.0  # then who asked reads the delivery: a thread of a request is not to wait for a receiver that hangs


@router.get(
    "/notifications/kinds",
    auth=READS,
    response={200: KindList, **READ_ERRORS},
    summary="List the kinds of channels",
    operation_id="listChannelKinds",
)
def list_kinds(request: ApiRequest) -> KindList:
    """Each with what it asks for."""
    kinds = [
        KindOut(
            id=kind.id,
            title=kind.title,
            fields=[
                FieldOut(
                    name=one.name,
                    label=one.label,
                    help=one.help,
                    is_secret=one.is_secret,
                    is_required=one.is_required,
                )
                for one in kind.fields
            ],
        )
        for kind in KINDS.values()
    ]
    return KindList(data=kinds, meta=one_meta(request.caller))


@router.get(
    "/notifications/channels",
    auth=READS,
    response={200: ChannelList, **READ_ERRORS},
    summary="List channels",
    operation_id="listChannels",
)
def list_channels(request: ApiRequest) -> ChannelList:
    """By name, without those to single members."""
    org = org_of(request)
    pending = pending_counts(org)
    rows = [ChannelOut(**_fields(request, channel, pending.get(channel.pk, 0))) for channel in visible_channels(org)]
    return ChannelList(data=rows, meta=one_meta(request.caller))


@router.post(
    "/notifications/channels",
    auth=CHANGES,
    response={200: NewChannelAnswer, **CHANGE_ERRORS},
    summary="Add a channel",
    operation_id="addChannel",
)
def add(request: ApiRequest, wanted: ChannelIn) -> NewChannelAnswer:
    """Let it hear of live alerts of medium severity and above; its route changes that. A webhook's secret is made here."""
    channel = add_channel(org_of(request), kind=wanted.kind, name=wanted.name, settings=wanted.settings, who=who_of(request))
    return _new(request, channel)


@router.get(
    "/notifications/channels/{channel_id}",
    auth=READS,
    response={200: ChannelAnswer, **READ_ERRORS},
    summary="Read a channel",
    operation_id="getChannel",
)
def read(request: ApiRequest, channel_id: str) -> ChannelAnswer:
    """One channel, and how it is."""
    return _answer(request, found(lambda: get_channel(org_of(request), channel_id)))


@router.patch(
    "/notifications/channels/{channel_id}",
    auth=CHANGES,
    response={200: ChannelAnswer, **CHANGE_ERRORS},
    summary="Change a channel",
    operation_id="changeChannel",
)
def change(request: ApiRequest, channel_id: str, wanted: ChannelChangeIn) -> ChannelAnswer:
    """Switched off, what waits for it is cancelled; it can be sent again."""
    channel = found(lambda: get_channel(org_of(request), channel_id))
    try:
        changed = change_channel(
            channel,
            name=wanted.name,
            settings=wanted.settings,
            unset=wanted.unset,
            is_enabled=wanted.is_enabled,
            who=who_of(request),
        )
    except SecretUnreadable as error:
        message = "the settings cannot be decrypted: remove the channel and add it anew"
        raise Refused(ErrorCode.VALIDATION_FAILED, message) from error
    return _answer(request, changed)


@router.delete(
    "/notifications/channels/{channel_id}",
    auth=CHANGES,
    response={200: GoneAnswer, **CHANGE_ERRORS},
    summary="Remove a channel",
    operation_id="removeChannel",
)
def remove(request: ApiRequest, channel_id: str) -> GoneAnswer:
    """With its routes, escalations and log. Within an hour it can be brought back."""
    remove_channel(found(lambda: get_channel(org_of(request), channel_id)), who=who_of(request))
    return GoneAnswer(meta=one_meta(request.caller))


@router.post(
    "/notifications/channels/{channel_id}/restore",
    auth=CHANGES,
    response={200: ChannelAnswer, **CHANGE_ERRORS},
    summary="Bring a removed channel back",
    operation_id="restoreChannel",
)
def restore(request: ApiRequest, channel_id: str) -> ChannelAnswer:
    """With its routes, escalations and log, within an hour after it was removed."""
    removed = found(lambda: removed_channel(org_of(request), channel_id))
    return _answer(request, restore_channel(removed, who=who_of(request)))


@router.post(
    "/notifications/channels/{channel_id}/test",
    auth=CHANGES,
    response={200: AttemptAnswer, 202: DeliveryAnswer, **CHANGE_ERRORS},
    summary="Test a channel",
    operation_id="testChannel",
)
def test(request: ApiRequest, channel_id: str) -> Status[AttemptAnswer] | Status[DeliveryAnswer]:
    """Send a test message now, and answer what came of it.

    Where the other side takes longer than 5 seconds, the test's delivery is answered with 202; read it until it has an
    attempt. A channel can be tested 10 times a minute.
    """
    channel = found(lambda: get_channel(org_of(request), channel_id))
    delivery = start_test(channel, within_s=TEST_WITHIN_S)
    row = delivery.attempts.first()
    if row is None:
        return Status(HTTPStatus.ACCEPTED, delivery_answer(request, delivery))
    return Status(HTTPStatus.OK, AttemptAnswer(data=attempt_out(row), meta=one_meta(request.caller)))


@router.post(
    "/notifications/channels/{channel_id}/rotate-secret",
    auth=CHANGES,
    response={200: NewChannelAnswer, **CHANGE_ERRORS},
    summary="Rotate a webhook's secret",
    operation_id="rotateWebhookSecret",
)
def rotate(request: ApiRequest, channel_id: str) -> NewChannelAnswer:
    """Make another one. The one before signs as well for 24 hours, so that the receiver can change over meanwhile."""
    channel = found(lambda: get_channel(org_of(request), channel_id))
    try:
        rotate_webhook_secret(channel, who=who_of(request))
    except SecretUnreadable as error:
        message = "the settings cannot be decrypted: remove the channel and add it anew"
        raise Refused(ErrorCode.VALIDATION_FAILED, message) from error
    return _new(request, channel)


@router.post(
    "/notifications/channels/{channel_id}/replay",
    auth=CHANGES,
    response={200: ReplayAnswer, **CHANGE_ERRORS},
    summary="Send again what failed",
    operation_id="replayFailed",
)
def replay(request: ApiRequest, channel_id: str, wanted: ReplayIn) -> ReplayAnswer:
    """Everything that failed since a moment, or waited when the channel was switched off or removed.

    Oldest first, with the same ids; 2,000 at a time. Where an alert was settled meanwhile, that follows.
    """
    channel = found(lambda: get_channel(org_of(request), channel_id))
    count = replay_failed(channel, since=moment("since", wanted.since), who=who_of(request))
    return ReplayAnswer(data=ReplayOut(deliveries_count=count), meta=one_meta(request.caller))


def _new(request: ApiRequest, channel: Channel) -> NewChannelAnswer:
    is_webhook = channel.kind == WEBHOOK.id
    shown = NewChannelOut(
        **_fields(request, channel, 0),
        webhook_secret=webhook_secret(channel) if is_webhook else None,
        webhook_public_key=webhook_public_key(channel) if is_webhook else None,
    )
    return NewChannelAnswer(data=shown, meta=one_meta(request.caller))


def _answer(request: ApiRequest, channel: Channel) -> ChannelAnswer:
    pending = pending_counts(channel.org).get(channel.pk, 0)
    return ChannelAnswer(data=ChannelOut(**_fields(request, channel, pending)), meta=one_meta(request.caller))


def _fields(request: ApiRequest, channel: Channel, pending_count: int) -> dict[str, Any]:
    try:
        shown = shown_settings(channel)
    except (SecretUnreadable, KeysUnusable):
        shown = None
    if shown and channel.kind == WEBHOOK.id and Scope.MANAGE not in request.caller.record.scopes:
        shown["url"] = str(shown["url"]).partition("?")[0]  # as in the delivery log: the rest is often a token
    return {
        "id": str(channel.pk),
        "kind": channel.kind,
        "name": channel.name,
        "settings": shown,
        "is_enabled": channel.is_enabled,
        "disabled_reason": channel.disabled_reason,
        "health": channel.health,
        "created_at": iso_utc(channel.created_at),
        "last_success_at": iso_utc_or_none(channel.last_success_at),
        "last_failure_at": iso_utc_or_none(channel.last_failure_at),
        "last_failure": channel.last_failure,
        "failing_since": iso_utc_or_none(channel.failing_since),
        "failures_count": channel.failures_count,
        "pending_count": pending_count,
        "left_out_count": channel.left_out_count,
    }
