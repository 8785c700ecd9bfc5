"""The id of a detection: the same for the same firing, and for no other."""

from hypothesis import given
from hypothesis import strategies as st

from factories import ORG
from litesoc_server.events.detection import detection_id_for
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId

# As senders may write them; what a detector is called, and what it calls its windows, is ours.
keys = st.text(alphabet="a|\x1e\x1f01", max_size=5)
firings = st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(Environment), keys, st.text(alphabet="01|.", max_size=3))


def id_of(firing: tuple[str, Environment, str, str]) -> str:
    detector, environment, key, window = firing
    return detection_id_for(detector=detector, org_id=OrgId(ORG), environment=environment, key=key, window=window)


@given(one=firings, other=firings)
def test_different_firings_have_different_ids(
    one: tuple[str, Environment, str, str], other: tuple[str, Environment, str, str]
) -> None:
    assert (id_of(one) == id_of(other)) is (one == other)


def test_what_a_sender_names_cannot_pass_for_what_stands_behind_it() -> None:
    assert id_of(("a", Environment.LIVE, "x\x1f1", "2")) != id_of(("a", Environment.LIVE, "x", "1\x1f2"))
    assert id_of(("a", Environment.LIVE, "test|x", "1")) != id_of(("a", Environment.TEST, "x", "1"))
