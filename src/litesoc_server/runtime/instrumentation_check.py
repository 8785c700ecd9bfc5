"""What `litesoc doctor` says about what applications send, per API key, and about agents and sources that went silent."""

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.db import DatabaseError

from litesoc_server.config import Config
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.health.judge import Notice
from litesoc_server.health.look import look_at_senders
from litesoc_server.runtime.build import build_store, events_directory
from litesoc_server.runtime.data_dir import is_in_use
from litesoc_server.store.base import StoreUnavailable

if TYPE_CHECKING:
    from litesoc_server.apikeys.models import ApiKey

NOTICES_SHOWN_MAX = 10


class NotLookedAt(Exception):
    """Nobody could look just now; the text says why."""


def find_notices(config: Config) -> tuple[list[str], str]:
    """Return what is wrong with live events, one line a problem with its fix, and why events were not looked at, or "".

    They are not when a running server holds the embedded store; it answers GET /health/instrumentation itself. Raises
    NotLookedAt when the control database does not answer.
    """
    from litesoc_server.apikeys.selectors import keys_for_operator  # noqa: PLC0415 # models load after Django's set-up
    from litesoc_server.instrumentation import find_silences  # noqa: PLC0415 # same

    now_ms = time.time_ns() // 1_000_000
    try:
        keys = list(keys_for_operator(None))
        slugs = {OrgId(str(key.org_id)): key.org.slug for key in keys}
        silences = {org_id: find_silences(org_id, Environment.LIVE, now_ms) for org_id in slugs}
    except DatabaseError as error:
        raise NotLookedAt("the control database cannot be read; see Control database") from error
    lines = [_line(slugs[org_id], notice) for org_id, found in silences.items() for notice in found]
    try:
        lines += _about_keys(config, keys, slugs, now_ms)
        left_undone = ""
    except NotLookedAt as reason:
        left_undone = str(reason)
    left_out = len(lines) - NOTICES_SHOWN_MAX
    return lines if left_out <= 0 else [*lines[:NOTICES_SHOWN_MAX], f"and {left_out} more"], left_undone


def _about_keys(config: Config, keys: Sequence["ApiKey"], org_ids: Iterable[OrgId], now_ms: int) -> list[str]:
    if config.events_url is None and is_in_use(config.data_dir):
        raise NotLookedAt("the running server holds the events; ask it: GET /health/instrumentation with an API key")
    if config.events_url is None and not events_directory(config).exists():
        raise NotLookedAt("no events yet")
    names = {str(key.pk): f"{key.org.slug}, key {key.name}" for key in keys}
    lines: list[str] = []
    store = build_store(config)
    try:
        store.open()
        for org_id in org_ids:
            found = look_at_senders(store, org_id=org_id, environment=Environment.LIVE, now_ms=now_ms)
            lines += [_line(names.get(notice.key_id or "", f"key {notice.key_id}"), notice) for notice in found]
    except StoreUnavailable as error:
        raise NotLookedAt("the event store cannot be asked; see Event store") from error
    finally:
        store.close()
    return lines


def _line(sender: str, notice: Notice) -> str:
    return f"{sender}: {notice.finding}. Fix: {notice.fix}"
