"""What is changed writes nothing else: what others wrote since it was read stays."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from litesoc_server.accounts.sealing import draw_key, put_key_first
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.notify.channel_changes import (
    change_channel,
    remove_channel,
    restore_channel,
    rotate_webhook_secret,
    webhook_secret,
)
from litesoc_server.notify.channel_settings import read_settings, reseal_channels
from litesoc_server.notify.disable import disable_channel
from litesoc_server.notify.models import Channel, Digest, Route
from litesoc_server.notify.refusals import NotifyRefused
from litesoc_server.notify.route_changes import change_route, mute_channel, values_of
from litesoc_server.orgs.models import Organization
from management_api import Tenant
from notify_factories import LOOPBACK, WHO, make_channel

ELSEWHERE = "http://127.0.0.1:9/elsewhere"


@pytest.fixture
def org(tenant: Tenant, settings: Any, tmp_path: Path) -> Organization:
    settings.EGRESS_POLICY = LOOPBACK
    settings.SECRETS_KEY_PATH = tmp_path / "secrets_key"
    return tenant.org


@pytest.fixture
def channel(org: Organization) -> Channel:
    """Return a channel as a request has read it."""
    return make_channel(org)


def now(channel: Channel) -> Channel:
    return Channel.objects.get(pk=channel.pk)


def test_a_channel_that_was_switched_off_meanwhile_stays_off(channel: Channel) -> None:
    with transaction.atomic():
        disable_channel(now(channel), "It failed for 3 days.", timezone.now())
    changed = change_channel(channel, name="Renamed", settings={"url": ELSEWHERE}, who=WHO)
    assert (changed.name, read_settings(now(channel))["url"]) == ("Renamed", ELSEWHERE)
    assert (changed.is_enabled, now(channel).is_enabled) == (False, False)
    assert now(channel).disabled_reason == "It failed for 3 days."
    again = change_channel(channel, is_enabled=True, who=WHO)  # who says so switches it on all the same
    assert (again.is_enabled, now(channel).disabled_reason) == (True, "")


def test_what_the_deliverer_noted_meanwhile_stays(channel: Channel) -> None:
    Channel.objects.update(failing_since=timezone.now(), failures_count=3)
    change_channel(channel, name="Renamed", who=WHO)
    assert (now(channel).failures_count, now(channel).health) == (3, "failing")


def test_a_secret_that_was_made_meanwhile_stays(channel: Channel) -> None:
    secret = rotate_webhook_secret(now(channel), who=WHO)
    with pytest.raises(NotifyRefused, match="changed the settings at the same time") as refused:
        change_channel(channel, name="Renamed", settings={"url": ELSEWHERE}, who=WHO)
    assert refused.value.field == "settings"
    assert (webhook_secret(now(channel)), now(channel).name) == (secret, "Hook")
    change_channel(channel, name="Renamed", who=WHO)
    assert (webhook_secret(now(channel)), now(channel).name) == (secret, "Renamed")


def test_what_was_encrypted_anew_meanwhile_stays_so(channel: Channel) -> None:
    put_key_first(draw_key())
    reseal_channels()
    resealed = now(channel).sealed_settings
    change_channel(channel, name="Renamed", who=WHO)
    assert now(channel).sealed_settings == resealed
    change_channel(channel, settings={"url": ELSEWHERE}, who=WHO)
    assert read_settings(now(channel))["url"] == ELSEWHERE


def test_a_channel_that_was_removed_meanwhile_stays_removed(channel: Channel) -> None:
    change_channel(now(channel), is_enabled=False, who=WHO)
    remove_channel(channel, who=WHO)
    removed_at = now(channel).removed_at
    remove_channel(channel, who=WHO)
    with pytest.raises(NotifyRefused, match="removed meanwhile"):
        change_channel(channel, is_enabled=True, who=WHO)
    assert (now(channel).removed_at, now(channel).is_enabled) == (removed_at, False)
    assert not restore_channel(channel, who=WHO).is_enabled, "it was off before"


def test_a_route_that_was_muted_meanwhile_stays_muted(channel: Channel) -> None:
    route = Route.objects.get(channel=channel)
    seen = values_of(route)
    until = timezone.now() + timedelta(hours=1)
    mute_channel(channel, until, who=WHO)
    changed = change_route(route, type(seen)(min_severity=AlertSeverity.HIGH, digest=Digest.DAILY), who=WHO)
    kept = Route.objects.get()
    assert (changed.muted_until, kept.muted_until, kept.min_severity, kept.digest) == (until, until, "high", "daily")
    assert kept.digested_until is not None
