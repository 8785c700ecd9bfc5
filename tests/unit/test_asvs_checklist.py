"""The checklist in docs/security is whole, and what it names as evidence is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security" / "asvs.md").read_text(encoding="utf-8")
ROW = re.compile(
    r"^\| (\d+\.\d+\.\d+)(?:(?: to |, )(\d+\.\d+\.\d+))? \| [12](?:, 2)? \|.*\| ([a-z ]+) \| (.+) \|$", re.MULTILINE
)
STATES = {"met", "partly", "not met", "not applicable"}
# Sections of chapters 1 to 9 and 11 to 16 and how many requirements of levels 1 and 2 each has (ASVS 5.0.0).
COUNTS = {
    1: (2, 9, 11, 3, 2), 2: (3, 3, 4, 1), 3: (0, 2, 4, 6, 5, 0, 2), 4: (3, 1, 2, 4), 5: (1, 3, 2, 3),
    6: (3, 12, 4, 4, 5, 3, 0, 4), 7: (3, 4, 2, 5, 2, 2), 8: (2, 3, 1, 1), 9: (3, 4),
    11: (2, 3, 3, 4, 1, 1), 12: (3, 2, 4), 13: (1, 5, 2, 5), 14: (2, 4, 3), 15: (3, 3, 7), 16: (1, 5, 4, 3, 3),
}  # fmt: skip


def test_every_requirement_of_both_levels_has_a_line_with_a_state() -> None:
    found: dict[tuple[int, int], int] = {}
    for first, last, state, _ in ROW.findall(PAGE):
        assert state in STATES, first
        chapter, section, number = map(int, first.split("."))
        if chapter in COUNTS:
            found[chapter, section] = found.get((chapter, section), 0) + (
                int(last.split(".")[2]) - number + 1 if last else 1
            )
    for chapter, counts in COUNTS.items():
        for section, count in enumerate(counts, start=1):
            assert found.get((chapter, section), 0) == count, f"V{chapter}.{section}"


def test_what_it_names_is_there() -> None:
    named = set(re.findall(r"`([a-z0-9_.][a-z0-9_./-]*(?:\.(?:py|md|txt|toml|json|html)|/))`", PAGE))
    assert len(named) > 100
    missing = {
        name for name in named if not (ROOT / name).exists() and not (ROOT / "src" / "litesoc_server" / name).exists()
    }
    assert not missing
