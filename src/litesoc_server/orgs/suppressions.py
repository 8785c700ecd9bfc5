"""What changes suppressions: somebody decides, for a time, that certain detections need no alert."""

import contextlib
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import Target
from litesoc_server.audit.entry import iso_ms
from litesoc_server.audit.record import record
from litesoc_server.events.detection import Detection
from litesoc_server.orgs.models import Organization, Suppression, SuppressionHit
from litesoc_server.orgs.policy_lists import ValueRefused, actor_id, address_range, detector_id
from litesoc_server.orgs.policy_values import PolicyInvalid, Problem
from litesoc_server.orgs.principals import Who
from litesoc_server.pipeline import policy
from litesoc_server.pipeline.normalise.text import clean_text

ACTIVE_MAX = 200  # per organisation: each is held against every detection
LASTS_MAX = timedelta(days=366)
REASON_LENGTH_MAX = 2_000  # characters
OWNER_LENGTH_MAX = 255
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def create_suppression(
    org: Organization,
    *,
    owner: str,
    reason: str,
    expires_at: datetime,
    detector: str | None = None,
    actor: str | None = None,
    address: str | None = None,
    who: Who,
) -> Suppression:
    """Suppress what matches all of ``detector``, ``actor`` and ``address`` that are given, and at least one is.

    It holds for detections of before ``expires_at``, also those found later. Raises PolicyInvalid naming every problem.
    """
    problems: list[Problem] = []
    suppression = Suppression(
        org=org,
        owner=_required(problems, "owner", owner, OWNER_LENGTH_MAX),
        reason=_required(problems, "reason", reason, REASON_LENGTH_MAX),
        detector=_matcher(problems, "detector", detector),
        actor_id=_matcher(problems, "actor", actor),
        address=_matcher(problems, "address", address),
        expires_at=expires_at,
        created_by=who.principal,
    )
    if detector is None and actor is None and address is None:
        problems.append(Problem(setting="detector", text="give at least one of detector, actor and address"))
    problems.extend(expiry_problems(expires_at))
    if problems:
        raise PolicyInvalid(tuple(problems))
    with transaction.atomic():
        require_room(org)
        suppression.save(force_insert=True)
        record_suppression(
            suppression,
            Action.SUPPRESSION_CREATED,
            who,
            {
                "detector": (None, suppression.detector),
                "actor": (None, suppression.actor_id),
                "address": (None, suppression.address),
                "expires_at": (None, suppression.expires_at),
                "reason": (None, suppression.reason),
            },
        )
    return suppression


def record_suppression(
    suppression: Suppression,
    action: Action,
    who: Who,
    changes: Mapping[str, tuple[object, object]],
) -> None:
    """Record an act on a suppression; in the transaction of that."""
    record(
        org_id=suppression.org_id,
        action=action,
        by=who.audit_by,
        target=Target(kind="suppression", id=str(suppression.id), name=suppression.reason),
        changes={field: (_written(before), _written(after)) for field, (before, after) in changes.items()},
    )


def _written(value: object) -> object:
    return iso_ms(value) if isinstance(value, datetime) else value


def require_room(org: Organization) -> None:
    """Return if one more suppression may be in force; inside a transaction, which it locks the organisation for.

    The lock keeps two at once from both being the last one that fits. Raises PolicyInvalid.
    """
    Organization.objects.select_for_update().get(pk=org.pk)
    active = Suppression.objects.filter(org=org, ended_at__isnull=True, expires_at__gt=timezone.now()).count()
    if active >= ACTIVE_MAX:
        text = f"there are {active} suppressions in force, the most that there may be: end some that are not needed"
        raise PolicyInvalid((Problem(setting="suppressions", text=text),))


def end_suppression(suppression: Suppression, *, who: Who) -> Suppression:
    """Put an end to ``suppression`` now; it stays in the history. Ending twice keeps the first time."""
    with transaction.atomic():
        running = Suppression.objects.filter(pk=suppression.pk, ended_at__isnull=True)
        now = timezone.now()
        if running.update(ended_at=now, ended_by=who.principal):
            record_suppression(suppression, Action.SUPPRESSION_ENDED, who, {"ended_at": (None, now)})
    suppression.refresh_from_db()
    return suppression


def count_hits(detections: Iterable[Detection]) -> None:
    """Count each suppressed detection at its suppression, once per detection id, however often it comes.

    Detections of organisations or suppressions that no longer exist are passed over. Blocking; call it again after any
    failure. Raises django.db.Error.
    """
    by_suppression: dict[tuple[uuid.UUID, uuid.UUID], dict[str, Detection]] = defaultdict(dict)
    for detection in detections:
        if detection.suppressed_by is not None:
            with contextlib.suppress(ValueError):  # not ids: nobody has them
                key = uuid.UUID(detection.org_id), uuid.UUID(detection.suppressed_by)
                by_suppression[key][detection.detection_id] = detection
    for (org_id, suppression_id), group in by_suppression.items():
        with transaction.atomic():
            _count(org_id, suppression_id, group)


def _count(org_id: uuid.UUID, suppression_id: uuid.UUID, detections: dict[str, Detection]) -> None:
    suppression = Suppression.objects.select_for_update().filter(org_id=org_id, id=suppression_id).first()
    if suppression is None:
        return
    counted = SuppressionHit.objects.filter(org_id=org_id, detection_id__in=detections)
    known = set(counted.values_list("detection_id", flat=True))
    new = [detection for detection_id, detection in detections.items() if detection_id not in known]
    if not new:
        return
    SuppressionHit.objects.bulk_create(
        SuppressionHit(
            org_id=org_id,
            detection_id=detection.detection_id,
            suppression=suppression,
            at=_at_from_ms(detection.last_seen_ms),
        )
        for detection in new
    )
    latest = _at_from_ms(max(detection.last_seen_ms for detection in new))
    Suppression.objects.filter(pk=suppression.pk).update(
        hit_count=F("hit_count") + len(new), last_hit_at=Greatest(Coalesce("last_hit_at", latest), latest)
    )


def as_pipeline_suppression(suppression: Suppression) -> policy.Suppression:
    """Return ``suppression`` as the pipeline holds it against detections."""
    return policy.Suppression(
        id=str(suppression.id),
        owner=suppression.owner,
        reason=suppression.reason,
        expires_at_ms=(suppression.expires_at - _EPOCH) // timedelta(milliseconds=1),
        detector=suppression.detector,
        actor_id=suppression.actor_id,
        address=suppression.address,
    )


def _required(problems: list[Problem], name: str, text: str, length_max: int) -> str:
    cleaned = clean_text(text.strip())
    if not cleaned or len(cleaned) > length_max:
        problems.append(Problem(setting=name, text=f"{name} must be a text of 1 to {length_max:,} characters"))
    return cleaned


_MATCHERS = {"detector": detector_id, "actor": actor_id, "address": address_range}


def _matcher(problems: list[Problem], name: str, value: str | None) -> str | None:
    try:
        return None if value is None else _MATCHERS[name](value)
    except ValueRefused as refused:
        problems.append(Problem(setting=name, text=f"{name} {refused.text}"))
        return None


def expiry_problems(expires_at: datetime) -> list[Problem]:
    """Return what is wrong with an expiry, if anything."""
    now = timezone.now()
    if now < expires_at <= now + LASTS_MAX:
        return []
    text = f"expires_at must be in the future and at most {LASTS_MAX.days} days away; {expires_at:%Y-%m-%d %H:%M} was given"
    return [Problem(setting="expires_at", text=text)]


def _at_from_ms(at_ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=at_ms)
