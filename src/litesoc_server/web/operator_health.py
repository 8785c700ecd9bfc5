"""Whether the server and each of its organisations are well: numbers for whoever runs it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from litesoc_server import backend
from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.events.ids import OrgId
from litesoc_server.orgs.overview import OrganizationLine, OrganizationUse, use_by_organization
from litesoc_server.pipeline.policy import DAY_MS
from litesoc_server.store.base import StoreUnavailable
from litesoc_server.stream.remains import count_dead_letters
from litesoc_server.stream.subjects import Subject

BEHIND_MS = 60_000  # a backlog of as long is shown as something wrong: what was sent is in the store within seconds


@dataclass(frozen=True, kw_only=True)
class StreamHealth:
    """What waits in the stream, of all organisations together."""

    messages: int  # accepted and not stored yet
    waiting_s: int  # for how long the oldest of them has waited
    is_behind: bool
    dead_letters: int
    dead_letters_of: Mapping[OrgId, int] = field(default_factory=dict)  # of the oldest ones, where they can be read


@dataclass(frozen=True, kw_only=True)
class OrganizationHealth:
    """How one organisation is."""

    line: OrganizationLine
    use: OrganizationUse
    last_at: datetime | None  # when its newest event came, if within a day
    dead_letters: int

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to look after."""
        return not (self.use.is_over_quota or self.use.refused_count or self.dead_letters)


def stream_health(now_ms: int) -> StreamHealth | None:
    """Return what waits in the stream; None while it does not answer."""
    stream = backend.current().stream
    try:
        raw = stream.backlog(Subject.RAW)
        waiting_ms = 0 if raw.oldest_ms is None else max(0, now_ms - raw.oldest_ms)
        return StreamHealth(
            messages=raw.messages,
            waiting_s=waiting_ms // 1000,
            is_behind=waiting_ms >= BEHIND_MS,
            dead_letters=stream.dead_letters.count(),
            dead_letters_of=count_dead_letters(stream.dead_letters),
        )
    except StreamUnavailable:
        return None


def organizations_health(
    lines: Sequence[OrganizationLine], stream: StreamHealth | None, now_ms: int
) -> list[OrganizationHealth]:
    """Return how each organisation is. While the store is away nobody knows when its last event came but by day."""
    use = use_by_organization(lines, now_ms)
    try:
        last_ms = backend.current().reader.last_received(from_ms=now_ms - DAY_MS)
    except StoreUnavailable:
        last_ms = {}
    found = []
    for line in lines:
        org_id = OrgId(str(line.org.pk))
        at_ms = last_ms.get(org_id)
        found.append(
            OrganizationHealth(
                line=line,
                use=use[line.org.pk],
                last_at=None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC),
                dead_letters=0 if stream is None else stream.dead_letters_of.get(org_id, 0),
            )
        )
    return found
