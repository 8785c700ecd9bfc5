"""The rules of others on the shortest streams that set them off, and just do not."""

from collections.abc import Callable, Sequence

import pytest

from factories import make_event
from litesoc_server.evaluation.baselines.crowdsec import CrowdSec
from litesoc_server.evaluation.baselines.elastic import Elastic
from litesoc_server.evaluation.baselines.naive import Naive
from litesoc_server.evaluation.baselines.panther import Panther
from litesoc_server.evaluation.baselines.sentinel import Sentinel
from litesoc_server.evaluation.run import Baseline
from litesoc_server.events.event import Event, Geo, Network, NetworkKind

OSLO, TOKYO = Geo("NO", None, "Oslo", 59.9, 10.7), Geo("JP", None, "Tokyo", 35.7, 139.7)
MINUTE = 60_000


def failures(count: int, gap_ms: int, *, actors: int = 1, ips: int = 1) -> list[Event]:
    return [
        make_event(
            number=n + 1,
            name="auth.login_failed",
            actor_id=f"u{n % actors}",
            ip=f"203.0.113.{n % ips}",
            at=n * gap_ms / 1000,
        )
        for n in range(count)
    ]


def journey(hours: float, kind: NetworkKind = NetworkKind.ISP) -> list[Event]:
    return [
        make_event(
            number=n + 1,
            name="auth.login_success",
            actor_id="u",
            ip=f"198.51.100.{n}",
            at=n * hours * 3600,
            geo=geo,
            network=Network(kind=kind),
        )
        for n, geo in enumerate((OSLO, TOKYO))
    ]


CASES: list[tuple[Callable[[], Baseline], str, Sequence[Event], Sequence[Event]]] = [
    (Naive, "naive_address", failures(5, MINUTE), failures(4, MINUTE)),
    (Naive, "naive_account", failures(10, 6 * MINUTE, ips=10), failures(9, 6 * MINUTE, ips=9)),
    (Naive, "naive_travel", journey(5), journey(20)),
    (Elastic, "elastic_stuffing", failures(30, 10_000, actors=20), failures(14, 10_000, actors=14)),
    (Elastic, "elastic_spray", failures(15, 40_000, actors=5), failures(15, 1_000, actors=5)),
    (Elastic, "elastic_multi_source_spray", failures(25, 10_000, actors=8, ips=5), failures(25, 10_000, actors=8, ips=4)),
    (Elastic, "elastic_distributed", failures(10, 10_000, ips=8), failures(10, 10_000, ips=4)),
    (Elastic, "elastic_travel", journey(5), journey(20)),
    (Sentinel, "sentinel_spray", failures(5, MINUTE, actors=5), failures(5, 6 * MINUTE, actors=5)),
    (CrowdSec, "crowdsec_bf", failures(6, 1_000), failures(6, 11_000)),
    (CrowdSec, "crowdsec_time_based", failures(5, 11 * MINUTE), failures(5, 9 * MINUTE)),
    (CrowdSec, "crowdsec_travel", journey(2), journey(30)),
    (Panther, "panther_travel", journey(5), journey(5, NetworkKind.VPN)),
]


@pytest.mark.parametrize(("make", "rule", "firing", "quiet"), CASES, ids=[case[1] for case in CASES])
def test_a_rule_fires_and_just_does_not(
    make: Callable[[], Baseline], rule: str, firing: Sequence[Event], quiet: Sequence[Event]
) -> None:
    for events, is_expected in ((firing, True), (quiet, False)):
        baseline = make()
        fired = {alarm.detector for event in events for alarm in baseline.examine(event)}
        assert (rule in fired) is is_expected
