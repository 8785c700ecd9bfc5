"""Notes on disk, for `litesoc doctor` in another process, that X-Forwarded-For was sent and nobody is trusted with it."""

import asyncio
import logging
from contextlib import suppress
from pathlib import Path

from litesoc_server.ingest.client_address import IGNORED

log = logging.getLogger(__name__)

LOOK_S = 5.0


class ProxyNote:
    """The note at ``path``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_written = False

    def clear(self) -> None:
        """Forget what an earlier process noted: it may have been started with other settings."""
        with suppress(OSError):
            self._path.unlink()

    def look(self) -> None:
        """Note it once it has happened. If the disk does not take it that is logged, and all goes on."""
        if self._is_written or not IGNORED.was_sent:
            return
        self._is_written = True
        log.warning(
            "X-Forwarded-For was sent and is not believed: if a reverse proxy writes it, set LITESOC_TRUSTED_PROXY_COUNT"
        )
        try:
            self._path.touch()
        except OSError as error:
            log.warning("`litesoc doctor` will not show that X-Forwarded-For was sent: %s", error.strerror)


async def keep_proxy_note(path: Path) -> None:
    """Look every LOOK_S seconds, until cancelled."""
    note = ProxyNote(path)
    await asyncio.to_thread(note.clear)
    while True:
        await asyncio.sleep(LOOK_S)
        await asyncio.to_thread(note.look)
