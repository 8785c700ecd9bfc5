"""Which files of the data directory belong into a backup, and where they stand in it."""

from pathlib import Path

from litesoc_server.config import Config
from litesoc_server.pipeline.enrich.manifest import updates_dir
from litesoc_server.runtime.backup.manifest import KEYS
from litesoc_server.runtime.build import detection_gap_path

CONTROL = "control.db"
EVENTS = "events"
IDEMPOTENCY = "idempotency.db"
GAP = "detection-gap.json"
IP_DATA = "ipdata"
_KEY_NAMES = ("secret_key", "secrets_key", "audit_key")


def key_files(config: Config) -> dict[str, Path]:
    """Return the files that keys are kept in where they are no settings, by their place in a backup."""
    return {f"{KEYS}/{name}": config.data_dir / name for name in _KEY_NAMES}


def keys_in_use(config: Config) -> list[str]:
    """Return the names of the keys that there are, as settings or in files."""
    return [name for name in _KEY_NAMES if getattr(config, name) is not None or (config.data_dir / name).exists()]


def other_files(config: Config) -> dict[str, Path]:
    """Return what else is copied as it is, by its place in a backup: IP data that was fetched."""
    updates = updates_dir(config.data_dir)
    return {f"{IP_DATA}/{path.relative_to(updates)}": path for path in sorted(updates.rglob("*")) if path.is_file()}


def gap_file(config: Config) -> Path:
    """Return the note of events that are still to be examined."""
    return detection_gap_path(config)
