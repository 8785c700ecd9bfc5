"""Asking for an erasure, and what becomes of the record; `runtime.actor_erasing` carries it out."""

import uuid

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By, Target
from litesoc_server.audit.erase import erase_person
from litesoc_server.audit.record import record
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.principals import Who
from litesoc_server.privacy.find import ActorRefused, checked_actor
from litesoc_server.privacy.models import Erasure, Step

OPEN_MAX = 100  # erasures of one organisation at a time: each writes files anew, for which everybody waits
_REFERENCE_LENGTH = 32  # hexadecimal digits: 128 bits


def reference_of(org_id: uuid.UUID, actor_id: str) -> str:
    """Return what an actor is recorded as: who has no SECRET_KEY cannot find out whom it stands for by trying."""
    digest = salted_hmac("litesoc_server.privacy.actor", f"{org_id}|{actor_id}", algorithm="sha256")
    return digest.hexdigest()[:_REFERENCE_LENGTH]


def ask_to_erase(org: Organization, actor_id: str, *, typed: str, who: Who) -> Erasure:
    """Have one actor erased everywhere in an organisation, in both environments. It cannot be taken back.

    ``typed`` is the id, typed by whoever is sure. Raises ActorRefused.
    """
    actor_id = checked_actor(actor_id)
    if typed.strip() != actor_id:
        raise ActorRefused("This is not the id of the actor. Type it as it stands above.")
    if Erasure.objects.filter(org=org).exclude(step=Step.DONE).count() >= OPEN_MAX:
        msg = f"{OPEN_MAX} actors are being erased already. Wait until some of them are done."
        raise ActorRefused(msg)
    try:
        with transaction.atomic():
            erasure = Erasure.objects.create(
                org=org, reference=reference_of(org.pk, actor_id), actor_id=actor_id, asked_by=who.by
            )
            record(org_id=org.pk, action=Action.ACTOR_ERASURE_ASKED, by=who.audit_by, target=_target(erasure))
    except IntegrityError as error:
        raise ActorRefused("This actor is being erased already.") from error
    return erasure


def record_export(org: Organization, actor_id: str, *, by: By) -> None:
    """Record that somebody took an actor's data away, by its reference only."""
    with transaction.atomic():
        target = Target(kind="actor", id=reference_of(org.pk, actor_id))
        record(org_id=org.pk, action=Action.ACTOR_EXPORTED, by=by, target=target)


def erasures_of(org: Organization) -> QuerySet[Erasure]:
    """Return all of an organisation's, the newest first."""
    return Erasure.objects.filter(org=org)


def to_be_carried_out() -> list[Erasure]:
    """Return those that are not done, the oldest first."""
    return list(Erasure.objects.exclude(step=Step.DONE).select_related("org").order_by("asked_at"))


def go_on_to(erasure: Erasure, step: Step, **changes: object) -> bool:
    """Note that an erasure has come to ``step``. Returns False when another worker was faster."""
    return bool(Erasure.objects.filter(pk=erasure.pk, step=erasure.step).update(step=step, **changes))


@transaction.atomic
def finish_records(erasure: Erasure) -> None:
    """Take the actor out of the audit log and out of the erasure itself, and record that it is erased: all or nothing."""
    row = Erasure.objects.select_for_update().get(pk=erasure.pk)
    if row.step != Step.SETTLING:
        return
    row.actor_id = row.names = None
    row.step = Step.SCRUBBING
    row.save(update_fields=["actor_id", "names", "step"])
    erase_person(row.org_id, mentions=erasure.known_names.mentions, by=By.system())
    record(org_id=row.org_id, action=Action.ACTOR_ERASED, by=By.system(), target=_target(row))


def note_done(erasure: Erasure) -> None:
    """Note that nothing is left on the disk either."""
    go_on_to(erasure, Step.DONE, finished_at=timezone.now())


def _target(erasure: Erasure) -> Target:
    return Target(kind="erasure", id=str(erasure.pk))
