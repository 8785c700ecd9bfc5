from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.events.catalog import CATALOG
from litesoc_server.pipeline.normalise.aliases import ALIASES, NAME_LENGTH_MAX, clean_name, resolve_name

GOLDEN = Path(__file__).parents[3] / "golden" / "normalise" / "names.tsv"
ROWS = [line.split("\t") for line in GOLDEN.read_text().splitlines()[1:]]

names = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="aBΣİß.-_ \t\0\ud800", max_size=300),
    st.lists(st.sampled_from(["user", "login", "Failed", "auth", "mfa", "challenge", "sent", "x"]), max_size=5).map(
        ".".join
    ),
    st.sampled_from([*ALIASES, *CATALOG]),
)


@pytest.mark.parametrize(("sent", "stored", "severity", "recognised"), ROWS)
def test_golden_table(sent: str, stored: str, severity: str, recognised: str) -> None:
    resolved = resolve_name(sent)
    assert (resolved.name, resolved.severity) == (stored, severity)
    assert ("known" if resolved.is_recognised else "flagged") == recognised
    assert resolved.category == stored.partition(".")[0]
    assert resolved.original == (sent if sent != stored else None)


def test_the_golden_table_holds_every_alias_and_every_known_name() -> None:
    assert {row[0] for row in ROWS} >= {*ALIASES, *CATALOG}
    assert len(ALIASES) >= 60


def test_aliases_lead_to_known_names_that_are_no_aliases() -> None:
    for sent, stored in ALIASES.items():
        assert clean_name(sent) == sent
        assert stored in CATALOG
        assert stored not in ALIASES


@given(sent=names)
def test_normalising_twice_is_normalising_once(sent: str) -> None:
    once = resolve_name(sent)
    twice = resolve_name(once.name)
    assert (twice.name, twice.category, twice.severity, twice.is_recognised) == (
        once.name,
        once.category,
        once.severity,
        once.is_recognised,
    )
    assert twice.original is None


@given(sent=names)
def test_a_stored_name_is_storable_and_not_too_long(sent: str) -> None:
    resolved = resolve_name(sent)
    for text in (resolved.name, resolved.original or ""):
        assert len(text) <= NAME_LENGTH_MAX
        assert "\0" not in text
        text.encode()
