"""Writes down what came of the deliveries of webhook sources."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.db import Error, transaction
from django.db.models import F

from litesoc_server.database import fresh_connections
from litesoc_server.inbound.models import SourceConnection, SourceCount
from litesoc_server.ingest.source_counts import Counts, CountsUnavailable
from litesoc_server.ingest.source_settings import Connection
from litesoc_server.orgs.models import Organization

KEPT_DAYS = 90  # of daily counts
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIMES = ("last_event_at", "last_received_at", "last_refused_at")


class DatabaseCountsSink:
    """Implements ingest.source_counts.CountsSink. Works in any thread; keeps no connection between calls."""

    def add(self, counts: Mapping[Connection, Counts]) -> None:
        """Add ``counts`` to those that are kept; all or none. Raises CountsUnavailable."""
        try:
            with fresh_connections(), transaction.atomic():
                org_ids = {uuid.UUID(connection.org_id) for connection in counts}
                known = set(Organization.objects.filter(id__in=org_ids).values_list("id", flat=True))
                for connection, counted in sorted(
                    counts.items()
                ):  # in one order, else two processes could wait for each other
                    if uuid.UUID(connection.org_id) in known:
                        _add(connection, counted)
        except Error as error:
            # Without the driver's text: it can quote the connection string.
            raise CountsUnavailable(type(error).__name__) from error


def _add(connection: Connection, counted: Counts) -> None:
    row, _ = SourceConnection.objects.select_for_update().get_or_create(
        org_id=uuid.UUID(connection.org_id), environment=connection.environment.value, source=connection.source
    )
    later = {}
    for name in _TIMES:
        at_ms: int | None = getattr(counted, f"{name}_ms")
        at = None if at_ms is None else _EPOCH + timedelta(milliseconds=at_ms)
        stored: datetime | None = getattr(row, name)
        if at is not None and (stored is None or stored < at):  # other processes write, too
            later[name] = at
    if later:
        SourceConnection.objects.filter(pk=row.pk).update(**later)
    for day, outcomes in counted.days.items():
        is_first_of_day = False
        for outcome, count in outcomes.items():
            if count:
                is_first_of_day |= _add_one(row, SourceCount(connection=row, day=day, outcome=outcome, count=count))
        if is_first_of_day:
            SourceCount.objects.filter(connection=row, day__lt=day - timedelta(days=KEPT_DAYS)).delete()


def _add_one(row: SourceConnection, wanted: SourceCount) -> bool:
    """Add to one count; return whether it is new."""
    same = SourceCount.objects.filter(connection=row, day=wanted.day, outcome=wanted.outcome)
    if same.update(count=F("count") + wanted.count):
        return False
    wanted.save()
    return True
