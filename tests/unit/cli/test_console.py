"""What strangers wrote, on the operator's terminal."""

from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from typer.testing import CliRunner

from litesoc_server.cli import explain, replay, tail
from litesoc_server.cli.app import app
from litesoc_server.cli.console import fail, out, shown, shown_lines

HOSTILE = "eve\x1b[2J\x1b]0;x\x07\n12:00:00 all is well\x9b31m\u202egnp.exe[bold]:warning:"
VISIBLE = "eve�[2J�]0;x��12:00:00 all is well�31m�gnp.exe[bold]:warning:"
EVENT = {
    "id": "0197c9a0-0000-7000-8000-000000000001",
    "created_at": "2026-08-09T07:12:44.000Z",
    "severity": "info",
    "event_name": HOSTILE,
    "actor_id": HOSTILE,
    "user_ip": HOSTILE,
    "city": HOSTILE,
    "country_code": HOSTILE,
}
ALERT = {"id": "1", "updated_at": "2026-08-09T07:12:44.000Z", "severity": "high", "title": HOSTILE, "status": HOSTILE}


class _Server:
    """Answers as a server to which strangers sent events."""

    def __init__(self, *_where: str) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None: ...

    def events(self, *, limit: int) -> list[dict[str, Any]]:
        return [EVENT]

    def alerts(self, *, limit: int) -> list[dict[str, Any]]:
        return [ALERT]

    def send_batch(self, events: object) -> dict[str, Any]:
        return {"queued": 0, "errors": [{"index": 0, "message": HOSTILE}]}


def _stop(_seconds: float) -> None:
    raise KeyboardInterrupt


def _is_harmless(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


# No backslashes: at the end of a text rich shows an odd one twice.
@given(st.text(alphabet=st.characters(exclude_characters="\\")))
def test_any_text_is_one_printable_line_of_the_same_length(text: str) -> None:
    with out.capture() as captured:
        out.print(shown(text))
    line = captured.get().removesuffix("\n")
    assert line.isprintable()
    assert len(line) == len(text)


@given(st.text())
def test_text_that_a_command_forgot_to_clean_does_not_steer_the_terminal(text: str) -> None:
    table = Table(box=None)
    table.add_row(text.replace("[", ""), "beside it")
    with out.capture() as captured:
        out.print(text.replace("[", ""))
        out.print(table)
    assert _is_harmless(captured.get())


def test_an_error_keeps_its_lines_and_nothing_else_that_steers(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exception, match="1"):
        fail("one\ntwo\x1b[2J", "mend it\x9b")
    assert capsys.readouterr().err == "Error: one\ntwo�[2J\nFix: mend it�\n"


def test_tail_shows_events_and_alerts_on_a_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "ApiClient", _Server)
    monkeypatch.setattr(tail.time, "sleep", _stop)
    done = CliRunner().invoke(app, ["tail", "--url", "http://127.0.0.1:1", "--key", "k"])
    event, alert = done.stdout.splitlines()
    assert event.count(VISIBLE) == 5  # name, actor, address, city, country
    assert alert.count(VISIBLE) == 2
    assert _is_harmless(done.output)


def test_explain_shows_every_part_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    contribution = {"feature": HOSTILE, "weight": 1.0, "text": HOSTILE}
    explain._show(  # pyright: ignore[reportPrivateUsage]
        {
            "event_name": HOSTILE,
            "actor_id": HOSTILE,
            "created_at": HOSTILE,
            "risk": {"score": 50, "log_ratio": 0.0, "contributions": [contribution]},
            "recomputed": None,
            "note": None,
            "alerts": [{**ALERT, "status": "open", "is_trigger": True, "reasons": [HOSTILE]}],
        }
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{VISIBLE} of {VISIBLE} at {VISIBLE}"
    assert VISIBLE in lines[-2]
    assert lines[-1] == f"  - {VISIBLE}"
    assert _is_harmless("\n".join(lines))


def test_replay_shows_why_an_event_was_refused(capsys: pytest.CaptureFixture[str]) -> None:
    replay._send(_Server(), [{}], replay._Totals(), keep_time=False)  # type: ignore[arg-type] # answers as one
    assert capsys.readouterr().err == f"Event 1 was refused: {VISIBLE}\n"


def test_lines_of_ours_stay_lines_and_nothing_else_gets_through() -> None:
    assert (
        shown_lines("shop: silent\nbar\x1b[31m: [b]late", "  ")
        == "shop: silent\n  bar\N{REPLACEMENT CHARACTER}[31m: \\[b]late"
    )
