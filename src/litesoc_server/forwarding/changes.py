"""What changes forwarders. Each change is recorded in the audit log, without secrets."""

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec
from django.conf import settings as django_settings
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from litesoc_server.accounts.sealing import SecretUnreadable
from litesoc_server.alerts.models import AlertDetection, AlertTransition
from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By, Target
from litesoc_server.audit.record import record
from litesoc_server.database import release_connection
from litesoc_server.destinations.settings import CHANGED_MEANWHILE, changed_names, seal_settings
from litesoc_server.events.catalog import KNOWN_CATEGORIES
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Event, Severity
from litesoc_server.events.ids import EventId, OrgId, draw_event_id_base, event_id_at
from litesoc_server.forwarding.access import RESTORED_WITHIN
from litesoc_server.forwarding.forwarder_settings import ForwarderRefused, checked_settings, read_settings
from litesoc_server.forwarding.kinds import KINDS, Batch
from litesoc_server.forwarding.models import NAME_LENGTH_MAX, Forwarder, What
from litesoc_server.orgs.models import Organization
from litesoc_server.pipeline.normalise.text import clean_text
from litesoc_server.store.base import ID_MAX

FORWARDERS_MAX = 10  # of one organisation
TEST_EVENT = "litesoc.forwarder_test"


def add_forwarder(
    org: Organization,
    environment: Environment,
    *,
    kind: str,
    name: str,
    settings: Mapping[str, str],
    what: str = What.BOTH,
    severities: Sequence[str] = (),
    categories: Sequence[str] = (),
    store_now_s: int,
    by: By,
) -> Forwarder:
    """Pass on what comes in from now on (``store_now_s``: the store's clock). Looks names up, sends nothing.

    Raises ForwarderRefused and KeysUnusable.
    """
    found = KINDS.get(kind)
    if found is None:
        raise ForwarderRefused("kind", f"There is no kind named {kind}: use one of {', '.join(KINDS)}.")
    forwarder = Forwarder(
        org=org,
        environment=environment.value,
        kind=kind,
        name=_checked_name(name),
        what=_checked_what(what),
        severities=_checked_severities(severities),
        categories=_checked_categories(categories),
        sealed_settings=seal_settings(checked_settings(found, settings, {})),
        event_taken_s=store_now_s,
        event_id=ID_MAX,
    )
    with _one_per_name(forwarder.name):
        _require_room(org)
        forwarder.detection_row = AlertDetection.objects.aggregate(last=Max("pk"))["last"] or 0
        forwarder.transition_row = AlertTransition.objects.aggregate(last=Max("pk"))["last"] or 0
        forwarder.save(force_insert=True)
        _record(forwarder, Action.FORWARDER_ADDED, by, {"kind": (None, kind), "what": (None, forwarder.what)})
    return forwarder


def change_forwarder(
    forwarder: Forwarder,
    *,
    by: By,
    name: str | None = None,
    settings: Mapping[str, str] | None = None,
    unset: Collection[str] = (),
    what: str | None = None,
    severities: Sequence[str] | None = None,
    categories: Sequence[str] | None = None,
    is_paused: bool | None = None,
) -> Forwarder:
    """Change what is given, and return the forwarder as it is then. A pause loses nothing.

    Secrets that ``settings`` leaves out or gives empty stay unless ``unset`` names them, see checked_values.
    Raises ForwarderRefused and KeysUnusable.
    """
    wanted: Mapping[str, object] = {
        "name": None if name is None else _checked_name(name),
        "what": None if what is None else _checked_what(what),
        "severities": None if severities is None else _checked_severities(severities),
        "categories": None if categories is None else _checked_categories(categories),
        "is_paused": is_paused,
    }
    before: Mapping[str, str] = {}
    values: Mapping[str, str] = {}
    if settings is not None or unset:
        before = _kept_settings(forwarder)
        values = checked_settings(KINDS[forwarder.kind], settings or {}, before, unset=unset)
    changed = changed_names(before, values)
    with _one_per_name(name or forwarder.name):
        locked = Forwarder.objects.select_for_update().get(pk=forwarder.pk)  # not before: looking names up takes seconds
        changes: dict[str, tuple[object, object]] = {
            field: (getattr(locked, field), value)
            for field, value in wanted.items()
            if value is not None and value != getattr(locked, field)
        }
        stored: dict[str, object] = {field: value for field, (_, value) in changes.items()}
        if changed:
            if _kept_settings(locked) != before:
                raise ForwarderRefused("settings", CHANGED_MEANWHILE)
            stored["sealed_settings"] = seal_settings(values)
            changes["settings"] = (None, ", ".join(changed))
        if changes:
            stored |= {"retry_at": None, "rejected_in_row": 0}  # somebody mended something: try at once
            for field, value in stored.items():
                setattr(locked, field, value)
            locked.save(update_fields=list(stored))
            _record(locked, Action.FORWARDER_CHANGED, by, changes)
    return locked


def remove_forwarder(forwarder: Forwarder, *, by: By) -> None:
    """Remove a forwarder: nothing more is sent. Within access.RESTORED_WITHIN it can be brought back, then it is deleted."""
    with transaction.atomic():
        forwarder.removed_at = timezone.now()
        forwarder.save(update_fields=["removed_at"])
        _record(forwarder, Action.FORWARDER_REMOVED, by, {"kind": (forwarder.kind, None)})


def restore_forwarder(forwarder: Forwarder, *, by: By) -> Forwarder:
    """Bring a removed forwarder back as it was: it goes on where it stood. Raises ForwarderRefused."""
    with _one_per_name(forwarder.name):
        _require_room(forwarder.org)
        forwarder.removed_at = None
        forwarder.save(update_fields=["removed_at"])
        _record(forwarder, Action.FORWARDER_RESTORED, by, {"kind": (None, forwarder.kind)})
    return forwarder


def delete_removed_forwarders(now: datetime) -> int:
    """Delete, of all organisations, what cannot be brought back any more; return how many."""
    deleted, _ = Forwarder.objects.filter(removed_at__lt=now - RESTORED_WITHIN).delete()
    return deleted


def send_test(forwarder: Forwarder) -> str:
    """Send one event named TEST_EVENT now and return its id. Raises SendFailed, SecretUnreadable and KeysUnusable."""
    now_ms = int(timezone.now().timestamp() * 1000)
    event = Event(
        event_id=EventId(event_id_at(draw_event_id_base(now_ms), 0)),
        org_id=OrgId(str(forwarder.org_id)),
        environment=Environment(forwarder.environment),
        key_id="",
        source="litesoc",
        occurred_at_ms=now_ms,
        received_at_ms=now_ms,
        name=TEST_EVENT,
        category="litesoc",
        severity=Severity.INFO,
        actor=None,
        user_ip=None,
        server_ip=None,
        metadata=msgspec.Raw(b'{"message":"LiteSOC can reach this forwarder."}'),
    )
    batch = Batch(f"test-{event.event_id}", [event])
    settings = read_settings(forwarder)
    release_connection()  # others need it while this thread waits for the other side
    KINDS[forwarder.kind].send(batch, settings, django_settings.EGRESS_POLICY)
    return event.event_id


def _checked_name(name: str) -> str:
    name = clean_text(" ".join(name.split()))
    if not 1 <= len(name) <= NAME_LENGTH_MAX:
        raise ForwarderRefused("name", f"Give the forwarder a name of 1 to {NAME_LENGTH_MAX} characters.")
    return name


def _checked_what(what: str) -> str:
    if what not in What.values:
        raise ForwarderRefused("what", f"What is passed on is one of {', '.join(What.values)}.")
    return what


def _checked_severities(severities: Sequence[str]) -> list[str]:
    known = [severity.value for severity in Severity]
    if set(severities) - set(known):
        raise ForwarderRefused("severities", f"Severities of events are {', '.join(known)}.")
    return [severity for severity in known if severity in severities]


def _checked_categories(categories: Sequence[str]) -> list[str]:
    wanted = sorted({category.strip().lower() for category in categories if category.strip()})
    if any(len(category) > NAME_LENGTH_MAX for category in wanted) or len(wanted) > NAME_LENGTH_MAX:
        raise ForwarderRefused("categories", f"Categories are words such as {', '.join(sorted(KNOWN_CATEGORIES))}.")
    return wanted


def _require_room(org: Organization) -> None:
    Organization.objects.select_for_update().get(pk=org.pk)
    if Forwarder.objects.filter(org=org, removed_at__isnull=True).count() >= FORWARDERS_MAX:
        raise ForwarderRefused("name", f"There are {FORWARDERS_MAX} forwarders, the most that there may be. Remove one.")


def _kept_settings(forwarder: Forwarder) -> dict[str, str]:
    """Return what is stored; nothing where no key fits any more, so that all can be entered again. Raises KeysUnusable."""
    try:
        return read_settings(forwarder)
    except SecretUnreadable:
        return {}


@contextlib.contextmanager
def _one_per_name(name: str) -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise ForwarderRefused("name", f"There is a forwarder named “{name}” already.") from error


def _record(forwarder: Forwarder, action: Action, by: By, changes: Mapping[str, tuple[object, object]]) -> None:
    target = Target(kind="forwarder", id=str(forwarder.id), name=forwarder.name)
    record(org_id=forwarder.org_id, action=action, by=by, target=target, changes=changes)
