"""Keys in files of the data directory: for their owner alone, and there whole or not at all."""

import contextlib
import os
from pathlib import Path


def write_first_key(path: Path, text: str) -> None:
    """Write a first key. Two processes that start at once agree on one: it appears only if there is none. Raises OSError."""
    draft = _draft(path, text)
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()


def replace_key(path: Path, text: str) -> None:
    """Put a key in the place of another. Raises OSError."""
    _draft(path, text).replace(path)


def _draft(path: Path, text: str) -> Path:
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return draft
