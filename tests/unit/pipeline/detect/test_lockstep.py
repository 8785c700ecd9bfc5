"""How batches are cut into spans, and how many chains of questions are asked together."""

from collections.abc import Sequence

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from factories import make_event
from litesoc_server.events.ids import OrgId
from litesoc_server.pipeline.detect.lockstep import in_lockstep, spans_of
from litesoc_server.pipeline.state.base import LATENESS_MS, Answer, LastRequest, Request, Steps

ORGS = [OrgId(f"00000000-0000-4000-8000-00000000000{number}") for number in range(3)]


@given(drawn=st.lists(st.tuples(st.sampled_from(ORGS), st.integers(0, 1800)), max_size=60))
def test_spans_keep_the_order_of_each_organisation_where_it_matters(drawn: list[tuple[OrgId, int]]) -> None:
    events = [
        msgspec.structs.replace(make_event(number=number, at=at), org_id=org_id) for number, (org_id, at) in enumerate(drawn)
    ]
    spans = list(spans_of(events))
    assert sorted(index for span in spans for index in span) == list(range(len(events)))
    place = {index: number for number, span in enumerate(spans) for index in span}
    for later in range(len(events)):
        for earlier in range(later):
            if events[earlier].org_id == events[later].org_id:
                assert place[earlier] <= place[later]
                apart_ms = abs(events[earlier].occurred_at_ms - events[later].occurred_at_ms)
                assert apart_ms <= LATENESS_MS or place[earlier] < place[later]


def test_one_organisation_that_sends_an_old_log_does_not_cut_the_others_short() -> None:
    live = [make_event(number=number, at=number) for number in range(20)]
    old = [msgspec.structs.replace(event, org_id=ORGS[0], occurred_at_ms=event.occurred_at_ms - 10**9) for event in live]
    mixed = [event for pair in zip(live, old, strict=True) for event in pair]
    assert len(list(spans_of(mixed))) == 1


def asking(name: str, times: int) -> Steps[str]:
    heard = ""
    for number in range(times):
        heard += str((yield LastRequest(name, number)))
    return f"{name}:{heard}"


def test_every_chain_asks_once_per_call_and_ends_when_it_likes() -> None:
    asked: list[list[str]] = []

    def answer(requests: Sequence[Request]) -> list[Answer]:
        asked.append([request.key for request in requests])
        return [request.at_ms if isinstance(request, LastRequest) else None for request in requests]

    assert in_lockstep([asking("a", 1), asking("b", 3), asking("c", 0), asking("d", 2)], answer) == [
        "a:0",
        "b:012",
        "c:",
        "d:01",
    ]
    assert asked == [["a", "b", "d"], ["b", "d"], ["b"]]
