"""Every column of the control database in which somebody may have written a name, found by the models themselves."""

from collections.abc import Callable, Iterator
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.apps import apps
from django.db import models, transaction
from django.db.models.functions import Cast

from litesoc_server.alerts.models import Alert, AlertComment, AlertDetection, AlertTransition, BulkChange
from litesoc_server.apikeys.models import AccessRules, ApiKey
from litesoc_server.events.detection import NAMING_FIELDS
from litesoc_server.events.mentions import Mentions
from litesoc_server.forwarding.models import Forwarder, RejectedRecord
from litesoc_server.inbound.models import SourceConnection, SourceCount
from litesoc_server.notify.models import Channel, Delivery, DeliveryAttempt, Notification, Route, ThreadStart
from litesoc_server.orgs.models import (
    Invitation,
    Organization,
    PolicyChange,
    SavedView,
    StoredPolicy,
    StoredPrivacy,
    Suppression,
    SuppressionHit,
    UsageDay,
    UsageRefusal,
)
from litesoc_server.privacy.models import Erasure
from litesoc_server.servers.models import Server

POLICY_LISTS = ("allowed_actors", "allowed_addresses")  # the settings of a policy that name people
ROWS_AT_ONCE = 100  # of one transaction
_ASKED_NAMES_MAX = 40  # beyond that, looking at each row is faster than asking the database
_PLACES: dict[type[models.Model], str] = {
    Alert: "alerts_naming",
    AlertComment: "comments",
    AlertTransition: "alert_history",
    BulkChange: "bulk_changes",
    Suppression: "suppressions",
    PolicyChange: "policy_history",
    SavedView: "saved_views",
    Notification: "notifications",
    DeliveryAttempt: "delivery_log",
    Server: "server_log_lines",
    Forwarder: "forwarder_errors",
    RejectedRecord: "rejected_records",
}
# Settings that mean something else with an entry less: an allow-list that becomes empty lets everybody in. Those of the
# policy are changed as people change them (privacy.removal). Whoever is invited is a member to be, and no actor.
_LEFT_ALONE = {
    (ApiKey, "allow_list"),
    (AccessRules, "allow_list"),
    (AccessRules, "origins"),
    (Invitation, "email"),
    (StoredPolicy, "overrides"),
    (StoredPrivacy, "redacted_keys"),
    (ApiKey, "scopes"),
    (Channel, "name"),
    (Channel, "sealed_settings"),
    (Forwarder, "name"),
    (Forwarder, "sealed_settings"),
    (SourceConnection, "sealed_secret"),
    (SourceConnection, "sealed_previous"),
    (Server, "hostname"),  # computers, and what people call them
    (Server, "name"),
    (Server, "local_address"),
    (Server, "address"),
}
# Words and ids of ours, which an actor may be called as well: what they mean is lost when one of them is replaced.
_OURS = {
    (Alert, "detector"),
    (Alert, "trigger_event_id"),
    (AlertDetection, "detection_id"),
    (AlertDetection, "detector"),
    (AlertDetection, "severity"),
    (AlertTransition, "principal"),
    (ApiKey, "prefix"),
    (BulkChange, "principal"),
    (BulkChange, "refused"),
    (BulkChange, "targets"),
    (Channel, "kind"),
    (Delivery, "thread"),
    (Forwarder, "kind"),
    (Forwarder, "severities"),
    (Forwarder, "categories"),
    (Forwarder, "event_id"),
    (Forwarder, "pending_end"),
    (Forwarder, "pending_after"),
    (Notification, "note"),
    (Notification, "severity"),
    (Notification, "thread"),
    (PolicyChange, "principal"),
    (RejectedRecord, "record_id"),
    (Route, "alert_types"),
    (Route, "detectors"),
    (Route, "time_zone"),
    (Server, "agent_version"),
    (Server, "user_agent"),
    (SourceConnection, "source"),
    (SourceCount, "outcome"),
    (Suppression, "detector"),
    (SuppressionHit, "detection_id"),
    (ThreadStart, "thread"),
    (ThreadStart, "message_id"),
    (ThreadStart, "severity"),
    (UsageDay, "key_id"),
    (UsageDay, "source"),
    (UsageRefusal, "code"),
}
_FIELDS_IN: dict[tuple[type[models.Model], str], frozenset[str]] = {  # the same within JSON: only what stands under these
    (Alert, "incident_data"): NAMING_FIELDS,
    (AlertTransition, "before"): frozenset({"resolved_by", "internal_notes"}),
    (Notification, "message"): frozenset({"title", "summary", "who", "where", "why", "actions"}),
    (Notification, "alert_body"): NAMING_FIELDS | {"resolved_by", "internal_notes", "assignee", "accounts_entered"},
}
_TIMES = ("first_seen_at", "created_at", "at", "updated_at", "asked_at")  # the first that a table has says when


class TextTable(NamedTuple):
    """One table with texts that people or senders wrote."""

    model: type[models.Model]
    org_path: str  # from its rows to the organisation
    fields: tuple[str, ...]
    time: str | None

    @property
    def place(self) -> str:
        """What it is called where people read of it."""
        return _PLACES.get(self.model, str(self.model._meta.model_name))  # noqa: SLF001 # Django's own interface


def text_tables() -> Iterator[TextTable]:
    """Yield each table of an organisation that has such columns. Whatever a later migration adds is among them.

    Left out are the organisation's own name, the audit log, which has its own way (audit.erase), and erasures.
    """
    for model in apps.get_models():
        path = _path_to_org(model)
        if path is None or model in {Organization, Erasure}:
            continue
        fields = tuple(
            field.name
            for field in model._meta.concrete_fields  # noqa: SLF001 # see above
            if _is_text(field) and (model, field.name) not in _LEFT_ALONE | _OURS
        )
        names = {field.name for field in model._meta.concrete_fields}  # noqa: SLF001 # see above
        if fields:
            yield TextTable(model, path, fields, next((name for name in _TIMES if name in names), None))


def rows_naming(table: TextTable, org: Organization, mentions: Mentions) -> Iterator[models.Model]:
    """Yield the rows of an organisation in which a text names the person."""
    of_org = table.model._base_manager.filter(**{table.org_path: org})  # noqa: SLF001 # see above
    for row in _maybe_naming(of_org, table, mentions).iterator(ROWS_AT_ONCE):
        if any(_erased(row, field, mentions) != getattr(row, field) for field in table.fields):
            yield row


def erase_texts(
    table: TextTable, org: Organization, mentions: Mentions, erase: Callable[[Any, Mentions], None] | None = None
) -> None:
    """Take the names out of a table's texts, each row locked while it is changed. ``erase`` does it in another way.

    Others wait for ROWS_AT_ONCE rows at most.
    """
    keys = [row.pk for row in rows_naming(table, org, mentions)]
    for start in range(0, len(keys), ROWS_AT_ONCE):
        with transaction.atomic():
            rows = table.model._base_manager.select_for_update().filter(pk__in=keys[start : start + ROWS_AT_ONCE])  # noqa: SLF001 # see above
            for row in rows:
                if erase is None:
                    _erase_in(row, table, mentions)
                else:
                    erase(row, mentions)


def _erase_in(row: models.Model, table: TextTable, mentions: Mentions) -> None:
    for name in table.fields:
        erased = _erased(row, name, mentions)
        longest = getattr(row._meta.get_field(name), "max_length", None)  # noqa: SLF001 # see above
        setattr(row, name, erased[:longest] if isinstance(erased, str) and longest else erased)
    row.save(update_fields=table.fields)


def _erased(row: models.Model, name: str, mentions: Mentions) -> object:
    """Return what a column holds without the names."""
    value = getattr(row, name)
    if isinstance(row, PolicyChange) and name == "changes":
        return [mentions.erase_within(one) if one["setting"] in POLICY_LISTS else one for one in value]
    return mentions.erase_within(value, fields=_FIELDS_IN.get((type(row), name)))


def _maybe_naming(rows: models.QuerySet[Any], table: TextTable, mentions: Mentions) -> models.QuerySet[Any]:
    """Leave out, where the database can tell, rows in which no name stands in any way."""
    names = mentions.plain_names
    if names is None or len(names) * len(table.fields) > _ASKED_NAMES_MAX:
        return rows
    texts = {f"text_{field}": Cast(field, models.TextField()) for field in table.fields}
    wanted = (models.Q(**{f"{text}__icontains": name}) for text in texts for name in names)
    maybe: models.QuerySet[Any] = rows.annotate(**texts).filter(reduce(or_, wanted, models.Q()))
    return maybe


def _path_to_org(model: type[models.Model]) -> str | None:
    """Return the way from a table's rows to their organisation; None when they belong to none."""
    if not model.__module__.startswith("litesoc_server."):
        return None
    parents = [field for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)]  # noqa: SLF001 # see above
    if any(field.related_model is Organization for field in parents):
        return next(field.name for field in parents if field.related_model is Organization)
    for field in parents:
        related = field.related_model
        if isinstance(related, type) and related is not model and (path := _path_to_org(related)) is not None:
            return f"{field.name}__{path}"
    return None


def _is_text(field: "models.Field[Any, Any]") -> bool:
    if field.primary_key or field.unique or field.choices or isinstance(field, (models.SlugField, models.GeneratedField)):
        return False
    return isinstance(field, (models.CharField, models.TextField, models.JSONField))
