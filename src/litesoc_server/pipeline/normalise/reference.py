"""Writes docs/reference/events.md from the catalog and the alias table: run as a module, it prints the page."""

import sys
from collections.abc import Iterable

from litesoc_server.events.catalog import CATALOG, KNOWN_CATEGORIES, EventType
from litesoc_server.pipeline.detect.detectors.mfa_fatigue import APPROVED, DENIED, FAILED, TIMED_OUT
from litesoc_server.pipeline.normalise.actors import ACTOR_LENGTH_MAX
from litesoc_server.pipeline.normalise.aliases import ALIASES, NAME_LENGTH_MAX
from litesoc_server.pipeline.normalise.event import METADATA_NOTES
from litesoc_server.pipeline.policy import DAY_MS, MINUTE_MS
from litesoc_server.sources.collect_item import ID_LENGTH_MAX
from litesoc_server.sources.timestamps import AHEAD_MAX_MS, BACKDATE_MAX_MS

_INTRODUCTION = """\
# Events

<!-- Written by `python -m litesoc_server.pipeline.normalise.reference`; a test fails when it is out of date. -->

Any name of up to {name_length} characters is accepted. It is cleaned first: lower case, trimmed, `_` for `-` and for
spaces. Then the alias table below is asked; a name of three or more parts is tried once more with its tail joined by `_`
(`authz.access.denied` is `authz.access_denied`); otherwise the name is kept. A name that is in none of these tables is
stored as it is, with severity `info` and `unrecognized_format: true` in its metadata. The best form for names of your own
is `category.action` with one of the categories {categories}.
Names that begin with `litesoc.` are the server's own; sent by anybody else they are stored with `custom.` in front.

The severity is given by the tables, whatever the sender says. *Instant* events alert at once, on every plan.
"""

_SECOND_FACTOR = """\
## Second factors

Send what becomes of each request for a second factor:

- `{denied}`: it was refused on the device.
- `{timed_out}`: nobody answered it.
- `{failed}`: a code was wrong, or the application cannot tell which of the three it was.
- `{approved}`: it was right.

Their `user_ip` is the address that the request was made for, that of the browser, not that of the phone which answers.
"""

_OTHER_FIELDS = """\
## What happens to the other fields

- **user_ip**: a port, brackets, a zone id and all but the first entry of a comma list are dropped; IPv4-mapped IPv6 becomes
  IPv4. What is no address then is stored as null.
- **actor**: an id or e-mail is trimmed and cut to {actor_length} characters. With an e-mail only, the e-mail is the id.
  `[REDACTED]` is kept and never taken for one person. Detectors count an address as one account whatever its case, and
  tell other ids apart by it.
- **timestamp** (RFC 3339 with an offset) counts only under a key with the scope `backfill`, and only from {days} days
  before to {minutes} minutes after the time we received the event. Otherwise the event has the time at which it was
  received.
- **session_id** (also `sessionId`) and **device_id** (also `deviceId`) are optional. They are looked for in the event
  itself, then in `context`, then in `metadata`; a text or a whole number is taken, cut to {id_length} characters. The
  session's id says which events belong together: send it with every event of a session, and a session that goes on in
  other hands is noticed. The device's id, one that the application gives and keeps on the device, tells devices apart
  better than their user agents.
- **user_agent** is looked for in `metadata`, then in `context`; `metadata.userAgent` and `metadata.browser` are older
  spellings.
- **metadata** is stored as sent. These keys are added where they apply:

| key | meaning |
|---|---|
"""


def render() -> str:
    """Return the page."""
    categories = ", ".join(f"`{category}`" for category in sorted(KNOWN_CATEGORIES))
    introduction = _INTRODUCTION.format(name_length=NAME_LENGTH_MAX, categories=categories)
    other_fields = _OTHER_FIELDS.format(
        actor_length=ACTOR_LENGTH_MAX,
        id_length=ID_LENGTH_MAX,
        days=BACKDATE_MAX_MS // DAY_MS,
        minutes=AHEAD_MAX_MS // MINUTE_MS,
    )
    second_factor = _SECOND_FACTOR.format(denied=DENIED, timed_out=TIMED_OUT, failed=FAILED, approved=APPROVED)
    notes = "".join(f"| `{key}` | {meaning} |\n" for key, meaning in METADATA_NOTES.items())
    tables = (_standard_table(), _extended_table(), _alias_table())
    return "\n".join((introduction, *tables, second_factor, other_fields + notes))


def _standard_table() -> str:
    rows = [event_type for event_type in CATALOG.values() if event_type.is_standard]
    head = "## Standard events\n\nThe first 20 of them, marked *20*, are those of the first public API page.\n\n"
    head += "| name | severity | instant | 20 | meaning |\n|---|---|---|---|---|\n"
    return head + _lines(
        (
            f"`{row.name}`",
            row.severity,
            "yes" if row.is_instant else "",
            "yes" if row.is_seed else "",
            row.description,
        )
        for row in rows
    )


def _extended_table() -> str:
    rows = [event_type for event_type in CATALOG.values() if not event_type.is_standard]
    head = "## Further known names\n\n| name | severity | meaning |\n|---|---|---|\n"
    return head + _lines((f"`{row.name}`", _extended_severity(row), row.description) for row in rows)


def _extended_severity(row: EventType) -> str:
    stored_as = ALIASES.get(row.name)
    return row.severity if stored_as is None else f"stored as `{stored_as}`"


def _alias_table() -> str:
    head = f"## Aliases\n\n{len(ALIASES)} names that mean one of the above.\n\n| sent | stored as |\n|---|---|\n"
    return head + _lines((f"`{sent}`", f"`{stored}`") for sent, stored in sorted(ALIASES.items()))


def _lines(rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


if __name__ == "__main__":
    sys.stdout.write(render())
