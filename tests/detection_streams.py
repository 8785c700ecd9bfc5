"""Random stories of logins, attacks and grants, for the laws that detection keeps, and a runner to put them through."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import Any, TypeAlias

import msgspec
from hypothesis import strategies as st

from factories import ORG, make_event
from litesoc_server.events.detection import Detection
from litesoc_server.events.event import Event
from litesoc_server.events.ids import OrgId
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.pipeline.detect.runner import DetectionRunner
from litesoc_server.pipeline.policy import DAY_MS, DetectionPolicy
from litesoc_server.pipeline.risk.scorer import score
from litesoc_server.pipeline.state.base import LAST_MAX
from litesoc_server.pipeline.state.memory import MemoryState
from litesoc_server.pipeline.state.redis import RedisState

LATENESS_S = 300

ORIGINS: dict[str, dict[str, Any]] = {
    "home": {"ip": "81.166.1.7", "geo": "Oslo", "asn": 2119, "as_org": "Telenor", "ua": "Firefox/Linux"},
    "office": {"ip": "129.240.118.7", "geo": "Oslo", "asn": 224, "as_org": "UNINETT", "ua": "Firefox/Linux"},
    "tokyo": {"ip": "133.11.93.1", "geo": "Tokyo", "asn": 2501, "as_org": "UTnet", "ua": "Chrome/Windows"},
    "new york": {"ip": "2001:db8:5:6::1", "geo": "New York", "asn": 7922, "as_org": "Comcast"},
    "script": {"ip": "203.0.113.40", "geo": "London", "asn": 14061, "ua": "curl/", "kind": "hosting"},
    "vpn": {"ip": "146.70.1.2", "geo": "London", "asn": 9009, "ua": "Firefox/Linux", "kind": "vpn"},
    "tor": {"ip": "185.220.101.4", "asn": 60729, "ua": "Firefox/Windows", "kind": "tor"},
    "nowhere": {"ip": "10.1.2.3"},
    "unsent": {"ip": None},
}
_BOTS: dict[str, dict[str, Any]] = {
    f"bot {n}": {"ip": f"198.51.{n % 4}.{n}", "asn": 64500, "ua": "Chrome/Windows"} for n in range(8)
}
_KINDS: dict[str, dict[str, Any]] = {
    "fail": {"name": "auth.login_failed"},
    "login": {"name": "auth.login_success"},
    "escalate": {"name": "admin.privilege_escalation"},
    "self-grant": {"name": "authz.role_changed"},
    "grant": {"name": "authz.permission_granted", "metadata": {"target_id": "newcomer", "permission": "admin"}},
    "create": {"name": "admin.user_created", "metadata": {"target_id": "newcomer"}},
    "delete": {"name": "data.bulk_delete", "metadata": {"records_deleted": 40}},
    "export": {"name": "data.export", "metadata": {"rows": 300, "role": "analyst"}},
    "password": {"name": "auth.password_reset"},
    "new key": {"name": "admin.api_key_created"},
    "settings": {"name": "admin.settings_changed", "metadata": {"key_id": "key_1", "key_type": "ingest"}},
    "key use": {"name": "api.key_used", "metadata": {"key_id": "key_1"}},
    "logout": {"name": "auth.logout"},
    "deny": {"name": "auth.mfa_denied"},
    "mistype": {"name": "auth.mfa_challenge_failed"},
    "approve": {"name": "auth.mfa_challenge_success"},
    "reset": {"name": "auth.password_reset"},
    "browse": {"name": "shop.page_viewed", "session_id": "s-1"},
}

_HABITS = ("settings", "key use", "export")

SCENE_KINDS = [*["fail"] * 6, *["login"] * 6, *["deny"] * 2, *["browse"] * 2, *_KINDS]
SCENE_ACTORS = ["mira", "jonas"]
SCENE_GAPS_S = [0, 1, 20, 55, 280]
WAVE_ATTEMPTS = [8, 14, 36]
WAVE_ADDRESSES = [1, 3, 8]
WAVE_GAPS_S = [1, 15, 70]

scenes = st.tuples(
    st.integers(0, 6 * 60),  # minute it begins
    st.sampled_from(SCENE_KINDS),
    st.sampled_from(SCENE_ACTORS),
    st.sampled_from(list(ORIGINS)),
    st.integers(1, 12),  # how many
    st.sampled_from(SCENE_GAPS_S),  # seconds between them
)


waves = st.tuples(
    st.integers(0, 6 * 60),  # minute it begins
    st.sampled_from(WAVE_ATTEMPTS),
    st.booleans(),  # each on another account, or all on one
    st.sampled_from(WAVE_ADDRESSES),
    st.sampled_from(WAVE_GAPS_S),  # seconds between the attempts
    st.integers(0, 40),  # which of the attempts gets in, if there are so many
)


Scene: TypeAlias = tuple[int, str, str, str, int, int]
Wave: TypeAlias = tuple[int, int, bool, int, int, int]

_ACTOR_HISTORY = [(-86_400.0 * day, "login", "mira", "home") for day in range(5, 0, -1)]
_LONG_AWAY = [(-86_400.0 * (120 + day), "login", "jonas", "home") for day in range(3)]
_ORG_HISTORY = [(-86_400.0 * (6 + n), "login", f"colleague {n}", "office") for n in range(20)]
_ADMIN_HISTORY = [  # an administrator, a key and a report
    (-86_400.0 * day + 60 * index, kind, "mira", "home") for day in range(20, 0, -1) for index, kind in enumerate(_HABITS)
]
_HISTORIES = (_ACTOR_HISTORY, _LONG_AWAY, _ORG_HISTORY, _ADMIN_HISTORY)


def _wave(drawn: Wave) -> Iterator[tuple[float, str, str, str]]:
    """Yield an attack from some addresses, in which one attempt on many accounts may succeed."""
    minute, number, is_on_many, bots_count, gap, lucky = drawn
    for n in range(number):
        actor = f"colleague {n}" if is_on_many else "root"
        yield minute * 60.0 + gap * n, "login" if n == lucky and is_on_many else "fail", actor, f"bot {n % bots_count}"


@st.composite
def stories(draw: st.DrawFn, max_scenes: int = 7) -> list[Event]:
    """Draw events in order of event time; ids rise in that order."""
    has_history = [draw(st.booleans()) for _ in _HISTORIES]
    drawn_scenes = draw(st.lists(scenes, min_size=1, max_size=max_scenes))
    return _story(has_history, drawn_scenes, draw(waves) if draw(st.integers(0, 3)) == 0 else None)


def random_story(draw: Random) -> list[Event]:
    """Return a story like those of ``stories``, mostly shorter ones, for runs of thousands."""
    scene_count = draw.choice([1, 2, 2, 3, 3, 4, 7])
    drawn_scenes = [
        (
            draw.choice([draw.randrange(12), draw.randrange(6 * 60)]),  # close together, or anywhere
            draw.choice(SCENE_KINDS),
            draw.choice(SCENE_ACTORS),
            draw.choice(list(ORIGINS)),
            draw.randint(1, 12),
            draw.choice(SCENE_GAPS_S),
        )
        for _ in range(scene_count)
    ]
    wave = (
        draw.randrange(6 * 60),
        draw.choice(WAVE_ATTEMPTS),
        draw.random() < 0.5,
        draw.choice(WAVE_ADDRESSES),
        draw.choice(WAVE_GAPS_S),
        draw.randrange(41),
    )
    # A history takes as many round trips as it has days, so the longer ones are rarer.
    has_history = [draw.random() < share for share in (0.4, 0.3, 0.15, 0.1)]
    return _story(has_history, drawn_scenes, wave if draw.randrange(4) == 0 else None)


def _story(has_history: Sequence[bool], drawn_scenes: Iterable[Scene], wave: Wave | None) -> list[Event]:
    moments = [moment for is_told, history in zip(has_history, _HISTORIES, strict=True) if is_told for moment in history]
    for minute, kind, actor, origin, number, gap in drawn_scenes:
        moments += [(minute * 60.0 + gap * index, kind, actor, origin) for index in range(number)]
    if wave is not None:
        moments += _wave(wave)
    moments.sort(key=lambda moment: moment[0])
    return [make_moment(number, *moment) for number, moment in enumerate(_without_crowds(moments))]


def _without_crowds(moments: list[tuple[float, str, str, str]]) -> Iterator[tuple[float, str, str, str]]:
    """Leave out what is more of one kind, within twice the lateness, than the state remembers values of one key."""
    earlier: dict[str, list[float]] = {}
    for moment in moments:
        at, kind, _, _ = moment
        if kind not in {"fail", "deny", "mistype"}:
            recent = [then for then in earlier.get(kind, []) if then > at - 2 * LATENESS_S]
            if len(recent) >= LAST_MAX // 2:  # grants are of several kinds
                continue
            earlier[kind] = [*recent, at]
        yield moment


def make_moment(number: int, at: float, kind: str, actor: str, origin: str) -> Event:
    fields = {**_KINDS[kind], **(ORIGINS.get(origin) or _BOTS[origin])}
    if kind == "self-grant":
        fields["metadata"] = {"target": {"id": actor}, "new_role": "admin"}
    return make_event(number=number, at=at, actor_id=actor, **fields)


def late_arrivals(events: Sequence[Event], seed: int) -> list[Event]:
    """Return an order of arrival in which nothing is more than LATENESS_S behind anything."""
    random = Random(seed)
    return sorted(events, key=lambda event: event.occurred_at_ms + random.randrange(LATENESS_S * 1000))


def lately(events: Sequence[Event]) -> list[Event]:
    """Return those of the events that are no more than LATENESS_S older than the newest."""
    newest_ms = max(event.occurred_at_ms for event in events)
    return [event for event in events if event.occurred_at_ms >= newest_ms - LATENESS_S * 1000]


class Policies:
    """The same settings for every organisation."""

    def __init__(self, **changes: Any) -> None:
        self._policy = DetectionPolicy(**changes)

    def policy_for(self, org_id: OrgId) -> DetectionPolicy:
        return self._policy


_numbers = itertools.count()


def new_prefix() -> str:
    return f"test:{next(_numbers)}:"


def new_redis_state(url: str, prefix: str | None = None) -> RedisState:
    """Return an empty state in Redis, under a prefix of its own unless one is given."""
    state = RedisState(url, prefix=prefix or new_prefix())
    with state.rebuilding():
        return state


def new_runner(**changes: Any) -> DetectionRunner:
    return DetectionRunner(MemoryState(), DETECTORS, Policies(**changes), score)


def detect(events: Iterable[Event], **changes: Any) -> list[Detection]:
    """Run all detectors over ``events`` in one go, from an empty state."""
    return new_runner(**changes).run(list(events)).detections


def ids(detections: Iterable[Detection]) -> set[str]:
    return {detection.detection_id for detection in detections}


def incidents(detections: Iterable[Detection]) -> set[str]:
    return {f"{detection.org_id} {detection.environment} {detection.incident_key}" for detection in detections}


def moved_to(org_id: str, events: Iterable[Event]) -> list[Event]:
    assert org_id != ORG
    return [msgspec.structs.replace(event, org_id=OrgId(org_id)) for event in events]


def by_incident(detections: Iterable[Detection]) -> dict[str, list[Detection]]:
    found: dict[str, list[Detection]] = {}
    for detection in detections:
        found.setdefault(detection.incident_key, []).append(detection)
    return found


def incidents_over_time(detections: Iterable[Detection]) -> list[tuple[str, int]]:
    """Return the incidents as (key, time of the first event); one that was quiet for a day and comes back is a new one."""
    found: list[tuple[str, int]] = []
    for key, members in by_incident(detections).items():
        last_ms: int | None = None
        for one in sorted(members, key=lambda member: member.last_seen_ms):
            if last_ms is None or one.last_seen_ms - last_ms > DAY_MS:
                found.append((key, one.last_seen_ms))
            last_ms = one.last_seen_ms
    return found


def covered_sources(events: Iterable[Event], detections: Iterable[Detection]) -> set[str | None]:
    """Return the addresses that a detection names: as its source, in its facts, or by its evidence."""
    address_of = {event.event_id: event.user_ip for event in events}
    return {
        named
        for one in detections
        for named in (
            one.source_ip,
            *(str(fact.value) for fact in one.facts),
            *(address_of[known] for known in one.event_ids),
        )
    }
