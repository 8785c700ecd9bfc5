"""How moments are written."""

from datetime import UTC, datetime


def iso_utc(moment: datetime) -> str:
    """Return a moment as clients expect it, in milliseconds: "2026-08-09T07:12:44.120Z"."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_utc_or_none(moment: datetime | None) -> str | None:
    """Return ``iso_utc`` of a moment that may be unknown."""
    return None if moment is None else iso_utc(moment)
