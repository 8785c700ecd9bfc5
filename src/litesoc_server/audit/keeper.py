"""What is done for audit logs in the background: signing, verifying, and dropping what is too old."""

import logging
import threading
import uuid

from django.db import Error
from django.db.models import F, OuterRef, Q, Subquery

from litesoc_server.audit.checkpoints import sign_all_heads
from litesoc_server.audit.database_check import verify_and_note
from litesoc_server.audit.keys import KeyUnusable
from litesoc_server.audit.models import AuditChain, AuditVerification
from litesoc_server.audit.retention import drop_expired
from litesoc_server.database import fresh_connections

log = logging.getLogger(__name__)

EVERY_S = 60.0  # how long an entry may stay unsigned
ROUNDS_PER_HOUR = 60  # also what did not grow is looked through then, and what is too old is dropped


def keep_logs(stop: threading.Event, *, every_s: float = EVERY_S) -> None:
    """Do it over and over until ``stop`` is set. A database or key in trouble is logged and tried again."""
    rounds = 0
    while not stop.wait(every_s):
        try:
            with fresh_connections():
                tend_logs(is_hourly=rounds % ROUNDS_PER_HOUR == 0)
            rounds += 1
        except (Error, KeyUnusable) as error:
            log.warning("the audit logs were not signed and looked through this time: %s", type(error).__name__)
        except Exception:  # the edge of a thread: what somebody wrote into the database must not stop the server
            log.exception("looking through the audit logs failed")


def tend_logs(*, is_hourly: bool) -> None:
    """Sign what is new and look through the logs that grew; with ``is_hourly`` drop what is too old and look through all.

    Raises KeyUnusable, django.db.Error.
    """
    if is_hourly:
        drop_expired()
    sign_all_heads()
    for org_id in _to_verify(is_hourly=is_hourly):
        noted = verify_and_note(org_id, is_whole=is_hourly)
        if noted.problem is not None:
            log.error("the audit log of %s was tampered with or is damaged: see `litesoc audit verify`", org_id)


def _to_verify(*, is_hourly: bool) -> list[uuid.UUID]:
    chains = AuditChain.objects.filter(last_seq__gt=0)
    if not is_hourly:
        seen = AuditVerification.objects.filter(org_id=OuterRef("org_id")).values("last_seq")
        chains = chains.annotate(seen=Subquery(seen)).filter(Q(seen=None) | Q(seen__lt=F("last_seq")))
    return list(chains.values_list("org_id", flat=True))
