"""The control database as the source of what ingest knows about webhook sources."""

import contextlib
import uuid

from django.db import Error
from django.utils import timezone

from litesoc_server.accounts.sealing import KeysUnusable, SecretUnreadable, unseal
from litesoc_server.database import fresh_connections
from litesoc_server.inbound.models import SourceConnection
from litesoc_server.ingest.source_settings import Connection, SettingsUnavailable, SourceSettings


class DatabaseSettingsStore:
    """Implements ingest.source_settings.SettingsStore. Works in any thread; keeps no connection between calls."""

    def find(self, connection: Connection) -> SourceSettings | None:
        """Return the settings, None when nothing is set. Raises SettingsUnavailable."""
        wanted = SourceConnection.objects.filter(
            org_id=uuid.UUID(connection.org_id), environment=connection.environment.value, source=connection.source
        )
        try:
            with fresh_connections():
                found = wanted.first()
        except Error as error:
            # Without the driver's text: it can quote the connection string.
            msg = f"the control database does not answer ({type(error).__name__})"
            raise SettingsUnavailable(msg) from error
        return None if found is None else _settings(found)


def _settings(found: SourceConnection) -> SourceSettings:
    secrets = []
    try:
        if found.sealed_secret:
            secrets.append(unseal(found.sealed_secret))
        if found.previous_until is not None and found.previous_until > timezone.now():
            with contextlib.suppress(SecretUnreadable):  # what is signed with it is refused; the new one counts
                secrets.append(unseal(found.sealed_previous))
    except (SecretUnreadable, KeysUnusable) as error:
        # To go on without it would let unsigned deliveries in.
        raise SettingsUnavailable("a secret of a webhook source cannot be decrypted") from error
    return SourceSettings(secrets=tuple(secrets), keeps_unknown=found.keeps_unknown, is_enabled=found.is_enabled)
