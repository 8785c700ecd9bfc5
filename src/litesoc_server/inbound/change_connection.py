"""Setting a source up: whether it is taken, what happens to unknown types, and the secret that signs its deliveries."""

import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from litesoc_server.accounts.sealing import SecretUnreadable, seal, unseal
from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By, Target
from litesoc_server.audit.record import record
from litesoc_server.events.envelope import Environment
from litesoc_server.inbound.models import SourceConnection
from litesoc_server.orgs.models import Organization
from litesoc_server.sources.base import ConnectedSource, SecretOrigin, WebhookSource
from litesoc_server.sources.registry import connected_sources

OVERLAP = timedelta(hours=24)  # for which the secret before goes on to count: time to change it at the vendor's
SECRET_LENGTH_MAX = 500  # characters
SECRET_BYTES = 32  # drawn


class SourceRefused(Exception):
    """Something cannot be set like this; the text is a sentence for people, ``field`` the one it is about."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


def connected_source(source_id: str) -> ConnectedSource:
    """Return the source with this id. Raises SourceRefused."""
    sources = connected_sources()
    source = sources.get(source_id)
    if source is None:
        known = ", ".join(sources)
        raise SourceRefused("source", f"There is no such source. There are: {known}.")
    return source


def change_connection(
    org: Organization,
    environment: Environment,
    source_id: str,
    *,
    by: By,
    keeps_unknown: bool | None = None,
    is_enabled: bool | None = None,
) -> SourceConnection:
    """Set a source up, or change it; what is None stays. In force within 5 s. Raises SourceRefused."""
    source = connected_source(source_id)
    if keeps_unknown and not isinstance(source, WebhookSource):
        text = f"{source.title} has no types of its own: each record with an event name becomes an event."
        raise SourceRefused("keeps_unknown", text)
    with transaction.atomic():
        row, is_new = _locked(org, environment, source)
        wanted = {
            "keeps_unknown": row.keeps_unknown if keeps_unknown is None else keeps_unknown,
            "is_enabled": row.is_enabled if is_enabled is None else is_enabled,
        }
        changes = {name: (getattr(row, name), value) for name, value in wanted.items() if getattr(row, name) != value}
        for name, value in wanted.items():
            setattr(row, name, value)
        if changes or is_new:
            row.save(update_fields=list(wanted))
            action = Action.SOURCE_ADDED if is_new else Action.SOURCE_UPDATED
            record(org_id=org.pk, action=action, by=by, target=_target(row, source), changes=changes)
    return row


def set_secret(
    org: Organization, environment: Environment, source_id: str, secret: str | None, *, by: By
) -> tuple[SourceConnection, str]:
    """Have deliveries signed with ``secret`` from now on, within 5 s; return it, for the only time.

    None draws one, where the source takes ours. The secret before counts for OVERLAP, unless no key fits it any more.
    Raises SourceRefused, KeysUnusable.
    """
    source = connected_source(source_id)
    wanted = _checked_secret(source, secret)
    now = timezone.now()
    with transaction.atomic():
        row, _ = _locked(org, environment, source)
        was_set = row.has_secret
        row.sealed_previous, row.previous_until = "", None
        if was_set and _is_readable(row.sealed_secret):
            row.sealed_previous, row.previous_until = row.sealed_secret, now + OVERLAP
        row.sealed_secret, row.secret_set_at = seal(wanted), now
        row.save(update_fields=["sealed_previous", "previous_until", "sealed_secret", "secret_set_at"])
        action = Action.SOURCE_SECRET_ROTATED if was_set else Action.SOURCE_SECRET_SET
        record(org_id=org.pk, action=action, by=by, target=_target(row, source))
    return row, wanted


def remove_secret(org: Organization, environment: Environment, source_id: str, *, by: By) -> SourceConnection:
    """Take deliveries that are not signed from now on, within 5 s. Raises SourceRefused."""
    source = connected_source(source_id)
    with transaction.atomic():
        row, _ = _locked(org, environment, source)
        if row.has_secret:
            row.sealed_secret = row.sealed_previous = ""
            row.previous_until = row.secret_set_at = None
            row.save(update_fields=["sealed_previous", "previous_until", "sealed_secret", "secret_set_at"])
            record(org_id=org.pk, action=Action.SOURCE_SECRET_REMOVED, by=by, target=_target(row, source))
    return row


def remove_connection(org: Organization, environment: Environment, source_id: str, *, by: By) -> bool:
    """Forget settings, secret and counts of a source; its events stay. Returns whether there was anything.

    A delivery with a good key sets it up again: to have none taken, switch it off. Raises SourceRefused.
    """
    source = connected_source(source_id)
    with transaction.atomic():
        row = _rows(org, environment, source).select_for_update().first()
        if row is None:
            return False
        target = _target(row, source)
        row.delete()
        record(org_id=org.pk, action=Action.SOURCE_REMOVED, by=by, target=target)
    return True


def _checked_secret(source: ConnectedSource, secret: str | None) -> str:
    if not isinstance(source, WebhookSource) or not source.can_be_signed:
        raise SourceRefused("secret", f"{source.title} does not sign what it sends: the API key is what proves it.")
    if secret is None:
        if source.secret_origin is SecretOrigin.VENDOR:
            raise SourceRefused("secret", f"Paste the secret that {source.title} shows.")
        return secrets.token_urlsafe(SECRET_BYTES)
    wanted = secret.strip()
    if not wanted:
        raise SourceRefused("secret", f"Paste the secret that {source.title} shows.")
    if len(wanted) > SECRET_LENGTH_MAX:
        raise SourceRefused("secret", f"A secret has at most {SECRET_LENGTH_MAX} characters.")
    if not wanted.isprintable():
        raise SourceRefused("secret", "A secret has no control characters.")
    problem = None if source.secret_problem is None else source.secret_problem(wanted)
    if problem is not None:
        raise SourceRefused("secret", problem)
    return wanted


def _is_readable(sealed: str) -> bool:
    try:
        unseal(sealed)
    except SecretUnreadable:
        return False
    return True


def _rows(org: Organization, environment: Environment, source: ConnectedSource) -> QuerySet[SourceConnection]:
    return SourceConnection.objects.filter(org=org, environment=environment.value, source=source.id)


def _locked(org: Organization, environment: Environment, source: ConnectedSource) -> tuple[SourceConnection, bool]:
    return SourceConnection.objects.select_for_update().get_or_create(
        org=org, environment=environment.value, source=source.id
    )


def _target(row: SourceConnection, source: ConnectedSource) -> Target:
    return Target(kind="source", id=str(row.id), name=f"{source.title} ({row.environment})")
