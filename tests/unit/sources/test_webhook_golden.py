"""Every webhook source turns its golden bodies into exactly the items written beside them.

A case is `tests/golden/sources/<id>/<case>.in.<json|ndjson>` with `<case>.out.json`. After a change that is meant, write
them anew with `WRITE_GOLDEN=1 pytest tests/unit/sources/test_webhook_golden.py` and read the difference like code.
"""

import json
import os
from pathlib import Path

import msgspec
import pytest

from litesoc_server.sources.base import Ignored, SourceItem
from litesoc_server.sources.registry import WEBHOOK_SOURCES

GOLDEN = Path(__file__).parents[2] / "golden" / "sources"
CASES = sorted(path for source in WEBHOOK_SOURCES for path in (GOLDEN / source).glob("*.in.*"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.name.partition('.')[0]}")
def test_golden_body(path: Path) -> None:
    source = WEBHOOK_SOURCES[path.parent.name]
    body = path.read_bytes()
    shown = [_shown(entry) for entry in source.translate(body)]
    expected = path.parent / f"{path.name.partition('.')[0]}.out.json"
    if os.environ.get("WRITE_GOLDEN"):
        expected.write_text(json.dumps(shown, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert shown == json.loads(expected.read_text(encoding="utf-8"))
    if source.strip is not None:
        assert source.translate(source.strip(body)) == source.translate(body)


@pytest.mark.parametrize("source", sorted(WEBHOOK_SOURCES))
def test_every_source_has_golden_bodies(source: str) -> None:
    assert list((GOLDEN / source).glob("*.in.*")), f"tests/golden/sources/{source} has no case"


def _shown(entry: SourceItem | Ignored) -> dict[str, object]:
    if isinstance(entry, Ignored):
        shown: dict[str, object] = {"ignored": entry.reason.value}
        return shown if entry.kept is None else {**shown, "kept": _shown(entry.kept)}
    fields = {name: value for name, value in msgspec.structs.asdict(entry).items() if value is not None}
    return {**fields, "metadata": msgspec.json.decode(entry.metadata)}
