"""What changes channels. Each change is recorded in the audit log, without secrets."""

import contextlib
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import Target
from litesoc_server.audit.record import record
from litesoc_server.destinations.settings import CHANGED_MEANWHILE, changed_names, seal_settings
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.notify.access import RESTORED_WITHIN, visible_channels
from litesoc_server.notify.channel_settings import checked_settings, read_settings
from litesoc_server.notify.channels.registry import EMAIL, KINDS
from litesoc_server.notify.channels.webhook import WEBHOOK, fresh_keys, with_new_secret
from litesoc_server.notify.models import NAME_LENGTH_MAX, Channel, Delivery, DeliveryStatus, Route
from litesoc_server.notify.refusals import NotifyRefused
from litesoc_server.notify.threads import forget_threads
from litesoc_server.orgs.models import Membership, Organization
from litesoc_server.orgs.plan_gates import require_feature
from litesoc_server.orgs.plan_rows import plan_of, plans_in_force
from litesoc_server.orgs.plans import Feature
from litesoc_server.orgs.principals import Who
from litesoc_server.pipeline.normalise.text import clean_text

CHANNELS_MAX = 50  # of one organisation, without those of its members
SWITCHED_OFF = "The channel is switched off."
REMOVED = "The channel was removed."


def add_channel(org: Organization, *, kind: str, name: str, settings: Mapping[str, str], who: Who) -> Channel:
    """Add a channel with a route of its own: live alerts of medium severity and above, at once.

    ``settings`` are the values of the kind's fields. A webhook's secret is made here. Looks names up, sends nothing.
    Raises NotifyRefused, PlanRestricted, KeysUnusable.
    """
    require_feature(plan_of(org, plans_in_force()).features, Feature.NOTIFICATIONS)
    found = KINDS.get(kind)
    if found is None:
        raise NotifyRefused("kind", f"There is no kind of channel named {kind}: use one of {', '.join(KINDS)}.")
    values = checked_settings(found, settings, {})
    if kind == WEBHOOK.id:
        values |= fresh_keys()
    channel = Channel(org=org, kind=kind, name=_checked_name(name), sealed_settings=seal_settings(values))
    with _one_per_name(channel.name):
        _require_room(org)
        channel.save(force_insert=True)
        Route.objects.create(org=org, channel=channel, min_severity=AlertSeverity.MEDIUM)
        _record(channel, Action.CHANNEL_ADDED, who, {"kind": (None, kind)})
    return channel


def change_channel(
    channel: Channel,
    *,
    who: Who,
    name: str | None = None,
    settings: Mapping[str, str] | None = None,
    unset: Collection[str] = (),
    is_enabled: bool | None = None,
) -> Channel:
    """Change what is given, and return the channel as it is then. Looks names up, sends nothing.

    Secrets that ``settings`` leaves out or gives empty stay as they are unless ``unset`` names them, see checked_values.
    Switched on again a channel begins anew; switched off, what waits for it is cancelled and can be replayed.
    Raises NotifyRefused, SecretUnreadable, KeysUnusable.
    """
    wanted = {"name": None if name is None else _checked_name(name), "is_enabled": is_enabled}
    before: Mapping[str, str] = {}
    values: Mapping[str, str] = {}
    if settings is not None or unset:
        before = read_settings(channel)
        values = checked_settings(KINDS[channel.kind], settings or {}, before, unset=unset)
    changed = changed_names(before, values)
    with _one_per_name(name or channel.name):
        locked = _locked(channel)  # not before: looking names up takes seconds
        if locked.removed_at is not None:
            raise NotifyRefused("channel", "The channel was removed meanwhile.")
        changes: dict[str, tuple[object, object]] = {
            field: (getattr(locked, field), value)
            for field, value in wanted.items()
            if value is not None and value != getattr(locked, field)
        }
        stored: dict[str, object] = {field: value for field, (_, value) in changes.items()}
        if "is_enabled" in changes:
            stored |= _BEGUN_ANEW
        if changed:
            if read_settings(locked) != before:
                raise NotifyRefused("settings", CHANGED_MEANWHILE)
            stored["sealed_settings"] = seal_settings(values)
            changes["settings"] = (None, ", ".join(changed))
            forget_threads(locked)
        if changes:
            _store(locked, stored)
            if not locked.is_enabled:
                cancel_waiting(locked)
            _record(locked, _changed_action(locked), who, changes)
    return locked


_BEGUN_ANEW: Mapping[str, object] = MappingProxyType(
    {"disabled_reason": "", "failing_since": None, "paused_until": None, "failures_count": 0}
)


def remove_channel(channel: Channel, *, who: Who) -> None:
    """Remove a channel with its routes, rules and log. What waits for it is not delivered any more.

    Within access.RESTORED_WITHIN it can be brought back, then all of it is deleted.
    """
    with transaction.atomic():
        locked = _locked(channel)
        if locked.removed_at is not None:
            return  # somebody else was quicker
        _store(locked, {"removed_at": timezone.now(), "is_enabled": False, "was_enabled": locked.is_enabled})
        cancel_waiting(locked, REMOVED)
        _record(locked, Action.CHANNEL_REMOVED, who, {"kind": (locked.kind, None)})


def restore_channel(channel: Channel, *, who: Who) -> Channel:
    """Bring a removed channel back with its routes, rules and log. What it missed is cancelled and can be replayed.

    Raises NotifyRefused.
    """
    with _one_per_name(channel.name):
        _require_room(channel.org)
        locked = _locked(channel)
        _store(locked, {"removed_at": None, "is_enabled": locked.was_enabled})
        _record(locked, Action.CHANNEL_RESTORED, who, {"kind": (None, locked.kind)})
    return locked


def delete_removed_channels(now: datetime) -> None:
    """Delete, of all organisations, what cannot be brought back any more."""
    Channel.objects.filter(removed_at__lt=now - RESTORED_WITHIN).delete()


def cancel_waiting(channel: Channel, reason: str = SWITCHED_OFF) -> None:
    """Cancel what waits for a channel that is switched off; in the transaction of that."""
    waiting = Delivery.objects.filter(channel=channel, status=DeliveryStatus.PENDING)
    waiting.update(status=DeliveryStatus.CANCELLED, reason=reason, finished_at=timezone.now())


def webhook_secret(channel: Channel) -> str:
    """Return the secret of a webhook, as its receiver needs it; to be shown to who may manage channels, on demand.

    Raises NotifyRefused for another kind, SecretUnreadable, KeysUnusable.
    """
    _require_webhook(channel)
    return read_settings(channel)["secret"]


def webhook_public_key(channel: Channel) -> str:
    """Return the key that Ed25519 signatures of a webhook are verified with: ``whpk_…``."""
    _require_webhook(channel)
    return WEBHOOK.public_key(read_settings(channel))


def rotate_webhook_secret(channel: Channel, *, who: Who) -> str:
    """Make a new secret and return it. The one before signs as well for 24 hours. Raises NotifyRefused."""
    _require_webhook(channel)
    with transaction.atomic():
        locked = _locked(channel)
        values = with_new_secret(read_settings(locked), timezone.now())
        _store(locked, {"sealed_settings": seal_settings(values)})
        _record(locked, Action.WEBHOOK_UPDATED, who, {"secret": (None, "rotated")})
    channel.sealed_settings = locked.sealed_settings
    return values["secret"]


def add_own_channel(membership: Membership) -> Channel:
    """Return the channel to a member's own e-mail address, made with a route for critical alerts if there is none."""
    channel, is_new = Channel.objects.get_or_create(
        membership=membership, defaults={"org": membership.org, "kind": EMAIL, "name": "E-mail", "sealed_settings": ""}
    )
    if is_new:
        Route.objects.create(org=membership.org, channel=channel, min_severity=AlertSeverity.CRITICAL, tells_settled=False)
    return channel


def count_left_out(channel: Channel, count: int) -> None:
    """Note that ``count`` notifications were not kept for a channel, since too many wait for it already."""
    Channel.objects.filter(pk=channel.pk).update(left_out_count=F("left_out_count") + count)


def _locked(channel: Channel) -> Channel:
    """Return the channel as it is now, locked: what others wrote since ``channel`` was read is to stay."""
    return Channel.objects.select_for_update().get(pk=channel.pk)


def _store(channel: Channel, stored: Mapping[str, object]) -> None:
    """Write these fields and no others."""
    for field, value in stored.items():
        setattr(channel, field, value)
    channel.save(update_fields=list(stored))


def _require_room(org: Organization) -> None:
    Organization.objects.select_for_update().get(pk=org.pk)
    if visible_channels(org).count() >= CHANNELS_MAX:
        raise NotifyRefused("name", f"There are {CHANNELS_MAX} channels, the most that there may be: remove one first.")


def _require_webhook(channel: Channel) -> None:
    if channel.kind != WEBHOOK.id:
        raise NotifyRefused("kind", "Only webhooks have a secret of ours.")


def _checked_name(name: str) -> str:
    name = clean_text(" ".join(name.split()))
    if not 1 <= len(name) <= NAME_LENGTH_MAX:
        raise NotifyRefused("name", f"Give the channel a name of 1 to {NAME_LENGTH_MAX} characters.")
    return name


@contextlib.contextmanager
def _one_per_name(name: str) -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise NotifyRefused("name", f"There is a channel named “{name}” already.") from error


def _changed_action(channel: Channel) -> Action:
    return Action.WEBHOOK_UPDATED if channel.kind == WEBHOOK.id else Action.CHANNEL_CHANGED


def _record(channel: Channel, action: Action, who: Who, changes: Mapping[str, tuple[object, object]]) -> None:
    target = Target(kind="channel", id=str(channel.id), name=channel.name)
    record(org_id=channel.org_id, action=action, by=who.audit_by, target=target, changes=changes)
