"""Writes down when and from where keys were last used."""

import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from django.db import Error
from django.db.models import Case, F, Q, Value, When

from litesoc_server.apikeys.models import ApiKey
from litesoc_server.database import fresh_connections
from litesoc_server.ingest.key_use import Use, Uses, UsesUnavailable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KEYS_AT_ONCE = 500  # in one statement; each takes ten of the 32,766 parameters that SQLite takes


class DatabaseKeyUseSink:
    """Implements ingest.key_use.KeyUseSink. Works in any thread; keeps no connection between calls."""

    def write(self, uses: Uses) -> None:
        """Keep ``uses`` where nothing later is kept: other processes write, too. Raises UsesUnavailable."""
        news = list(uses.items())
        try:
            with fresh_connections():
                for first in range(0, len(news), KEYS_AT_ONCE):
                    _write(news[first : first + KEYS_AT_ONCE])
        except Error as error:
            # Without the driver's text: it can quote the connection string.
            raise UsesUnavailable(type(error).__name__) from error


def _write(uses: Iterable[tuple[str, Use]]) -> None:
    news = [(uuid.UUID(key_id), _EPOCH + timedelta(milliseconds=use.minute_ms), use.address) for key_id, use in uses]
    ApiKey.objects.filter(pk__in=[key_id for key_id, _, _ in news]).update(
        last_used_at=Case(*_where_later((key_id, at, at) for key_id, at, _ in news), default=F("last_used_at")),
        last_used_from=Case(*_where_later(news), default=F("last_used_from")),
    )


def _where_later(news: Iterable[tuple[uuid.UUID, datetime, object]]) -> Iterator[When]:
    for key_id, at, value in news:
        yield When(Q(pk=key_id) & (Q(last_used_at__isnull=True) | Q(last_used_at__lte=at)), then=Value(value))
