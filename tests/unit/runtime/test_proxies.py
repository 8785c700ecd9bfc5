from pathlib import Path

import pytest

from litesoc_server.config import Config
from litesoc_server.ingest.client_address import IGNORED
from litesoc_server.runtime.proxy_check import find_proxy_problem
from litesoc_server.runtime.proxy_note import ProxyNote

HTTPS = "https://soc.example.com"


@pytest.mark.parametrize(
    ("count", "public_url", "is_noted", "words"),
    [
        (0, None, False, ""),
        (0, "http://soc.example.com", False, ""),
        (0, HTTPS, False, "LITESOC_TRUSTED_PROXY_COUNT=1"),
        (0, None, True, "to the number of your proxies"),
        (0, HTTPS, True, "to the number of your proxies"),
        (1, HTTPS, False, ""),
        (2, HTTPS, True, ""),
        (1, None, False, "LITESOC_TRUSTED_PROXY_COUNT=0"),
    ],
)
def test_settings_that_make_addresses_wrong_are_found(
    tmp_path: Path,
    count: int,
    public_url: str | None,
    is_noted: bool,
    words: str,
) -> None:
    note = tmp_path / "note"
    if is_noted:
        note.touch()
    finding, fix = find_proxy_problem(Config(trusted_proxy_count=count, public_url=public_url), note)
    assert finding
    assert words in fix
    assert bool(fix) is bool(words)


def test_the_note_is_written_when_a_header_was_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "note"
    path.touch()
    monkeypatch.setattr(IGNORED, "was_sent", False)
    note = ProxyNote(path)
    note.clear()
    note.look()
    assert not path.exists()
    monkeypatch.setattr(IGNORED, "was_sent", True)
    note.look()
    assert path.exists()
    note.clear()
    note.look()
    assert not path.exists(), "it is written and said once"
