"""Which detectors raised since the start, how often and when: on disk, for `litesoc doctor` in another process."""

import logging
from contextlib import suppress
from pathlib import Path

import msgspec

from litesoc_server.clock import Clock

log = logging.getLogger(__name__)


class Raised(msgspec.Struct, frozen=True):
    """What is known of one detector that raised."""

    count: int  # events it was skipped for; one that comes again counts again
    first_ms: int  # Unix ms, our clock
    last_ms: int


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(dict[str, Raised])


def read_detector_errors(path: Path) -> dict[str, Raised]:
    """Return what the process that uses ``path`` has noted, by detector id.

    A note that cannot be read counts as none: a power cut may leave half a file, and the next error writes it anew.
    """
    try:
        return _decoder.decode(path.read_bytes())
    except (FileNotFoundError, msgspec.MsgspecError):
        return {}


class DetectorErrors:
    """Counts in memory and notes it in a file. For one thread."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._raised: dict[str, Raised] = {}  # as many as there are detectors, at most
        self._is_saved = True

    def clear(self) -> None:
        """Forget everything: what an earlier process met may be mended in this one."""
        self._raised.clear()
        self._is_saved = True
        with suppress(FileNotFoundError):
            self._path.unlink()

    def add(self, detector_id: str) -> None:
        """Count one event that the detector was skipped for."""
        now_ms = self._clock.now_ms()
        before = self._raised.get(detector_id, Raised(0, now_ms, now_ms))
        self._raised[detector_id] = Raised(before.count + 1, before.first_ms, now_ms)
        self._is_saved = False

    def save(self) -> None:
        """Note what is new, once for all events of a batch. If the disk does not take it that is logged, and all goes on."""
        if self._is_saved:
            return
        self._is_saved = True
        fresh = self._path.with_suffix(".new")
        try:
            fresh.write_bytes(_encoder.encode(self._raised))
            fresh.replace(self._path)
        except OSError as error:
            log.warning(
                "`litesoc doctor` will not show that a detector raised: the note cannot be written: %s", error.strerror
            )
