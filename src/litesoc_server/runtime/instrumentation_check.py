"""What `litesoc doctor` says about what applications send, per API key."""

import time

from django.db import DatabaseError

from litesoc_server.config import Config
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.health.judge import Notice
from litesoc_server.health.look import look_at_senders
from litesoc_server.runtime.build import build_store, events_directory
from litesoc_server.runtime.data_dir import is_in_use
from litesoc_server.store.base import StoreUnavailable

NOTICES_SHOWN_MAX = 10


class NotLookedAt(Exception):
    """Nobody could look just now; the text says why."""


def find_notices(config: Config) -> list[str]:
    """Return what is wrong with live events, one line per key and problem, each with its fix.

    Raises NotLookedAt when the store cannot be asked from this process: a running server holds the embedded one, and answers
    GET /health/instrumentation itself.
    """
    if config.events_url is None and is_in_use(config.data_dir):
        raise NotLookedAt("the running server holds the events; ask it: GET /health/instrumentation with an API key")
    if config.events_url is None and not events_directory(config).exists():
        raise NotLookedAt("no events yet")
    from litesoc_server.apikeys.selectors import keys_for_operator  # noqa: PLC0415 # models load after Django's set-up

    try:
        keys = list(keys_for_operator(None))
    except DatabaseError as error:
        raise NotLookedAt("the control database cannot be read; see Control database") from error
    names = {str(key.pk): f"{key.org.slug}, key {key.name}" for key in keys}
    lines: list[str] = []
    store = build_store(config)
    try:
        store.open()
        now_ms = time.time_ns() // 1_000_000
        for org_id in dict.fromkeys(OrgId(str(key.org_id)) for key in keys):
            found = look_at_senders(store, org_id=org_id, environment=Environment.LIVE, now_ms=now_ms)
            lines += [_line(notice, names) for notice in found]
    except StoreUnavailable as error:
        raise NotLookedAt("the event store cannot be asked; see Event store") from error
    finally:
        store.close()
    left_out = len(lines) - NOTICES_SHOWN_MAX
    return lines if left_out <= 0 else [*lines[:NOTICES_SHOWN_MAX], f"and {left_out} more"]


def _line(notice: Notice, names: dict[str, str]) -> str:
    sender = names.get(notice.key_id, f"key {notice.key_id}")
    return f"{sender}: {notice.finding}. Fix: {notice.fix}"
