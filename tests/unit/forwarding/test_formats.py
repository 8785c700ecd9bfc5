"""CEF and syslog as their documents have them, whatever somebody wrote into an event."""

import os
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor, Device, Event, Geo, Severity
from litesoc_server.events.ids import EventId, OrgId
from litesoc_server.forwarding.formats import SYSLOG_MESSAGE_BYTES_MAX, Record, cef, ocsf_json, syslog_frame
from litesoc_server.ocsf.finding import Activity, Finding

GOLDEN = Path(__file__).parents[2] / "golden" / "forwarding"
EVENT = Event(
    event_id=EventId("0198f0a1-1111-7222-8333-444455556666"),
    org_id=OrgId("6f1e0f6e-0000-4000-8000-000000000001"),
    environment=Environment.LIVE,
    key_id="k",
    source="okta",
    occurred_at_ms=1_786_259_564_120,
    received_at_ms=1_786_259_564_500,
    name="auth.login_failed",
    category="auth",
    severity=Severity.WARNING,
    actor=Actor("usr_8841", "mira@shop.example"),
    user_ip="198.51.100.77",
    server_ip=None,
    metadata=msgspec.Raw(b'{"reason":"bad_password"}'),
    geo=Geo("NO"),
    device=Device("Mozilla/5.0 (X11)"),
    session_id="s1",
)
HOSTILE = msgspec.structs.replace(
    EVENT,
    actor=Actor("a|b=c\\d\r\nCEF:0|Evil|x", "evil=1@x.example"),
    user_ip="2001:db8::1",
    name="shop.x|y\\z",
    session_id="s\n<13>1 forged",
    metadata=msgspec.Raw(b"{}"),
)
FINDING = Finding(
    alert_id="6f1e0f6e-0000-4000-8000-00000000000a",
    change_id="6f1e0f6e-0000-4000-8000-00000000000a.d7",
    activity=Activity.CREATE,
    org_id="6f1e0f6e-0000-4000-8000-000000000001",
    environment="live",
    alert_type="brute_force_attack",
    severity=AlertSeverity.HIGH,
    status="open",
    title="Brute force from 198.51.100.77 | = \\",
    description="6 failed logins\nfrom one address.",
    source_ip="198.51.100.77",
    actor_id="usr_8841",
    detectors=("brute_force_address",),
    reasons=("6 failures; the threshold is 5",),
    event_count=6,
    first_seen_ms=1_786_259_564_120,
    last_seen_ms=1_786_259_800_000,
    created_ms=1_786_259_800_100,
    changed_ms=1_786_259_800_100,
)
CASES: dict[str, Record] = {"event": EVENT, "hostile": HOSTILE, "alert": FINDING}


@pytest.mark.parametrize("case", sorted(CASES))
def test_golden_frames(case: str) -> None:
    frame = syslog_frame(CASES[case], cef(CASES[case]).encode(), host="soc.example").decode()
    shown = re.sub(r"\|LiteSOC\|LiteSOC\|[^|]*\|", "|LiteSOC|LiteSOC|VERSION|", frame)
    shown = re.sub(r"^\d+ ", "LENGTH ", shown) + "\n"
    path = GOLDEN / f"{case}.cef.txt"
    if os.environ.get("WRITE_GOLDEN"):
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")


def read_cef(line: str) -> tuple[list[str], dict[str, str]]:
    """Read a line as a receiver does: split where nothing is escaped, then take the escapes away."""
    parts = _split(line)
    header, extension = parts[:7], parts[7]
    starts = list(re.finditer(r"(?:^|(?<= ))(\w+)=", extension))
    found = {}
    for match, after in zip(starts, [*starts[1:], None], strict=True):
        value = extension[match.end() : None if after is None else after.start() - 1]
        found[match[1]] = re.sub(r"\\(.)", lambda escape: {"n": "\n", "r": "\r"}.get(escape[1], escape[1]), value)
    return [re.sub(r"\\(.)", r"\1", part) for part in header], found


def _split(line: str) -> list[str]:
    parts, part, position = [], "", 0
    while position < len(line):
        if line[position] == "\\" and len(parts) < 7:
            part += line[position : position + 2]
            position += 2
        elif line[position] == "|" and len(parts) < 7:
            parts.append(part)
            part = ""
            position += 1
        else:
            part += line[position]
            position += 1
    return [*parts, part]


@given(text=st.text(alphabet=st.sampled_from("ab|=\\\r\n \u00e9\u202e"), min_size=1, max_size=30))
def test_no_text_breaks_out_of_its_field(text: str) -> None:
    event = msgspec.structs.replace(EVENT, name=f"x.{text}", actor=Actor(text), session_id=text)
    line = cef(event)
    assert "\n" not in line
    assert "\r" not in line
    header, extension = read_cef(line)
    assert header[:3] == ["CEF:0", "LiteSOC", "LiteSOC"]
    assert header[4] == " ".join(f"x.{text}".split())
    assert header[6] == "6"
    assert extension["externalId"] == EVENT.event_id
    assert extension["cs3"] == "live"


def test_cef_holds_nothing_that_moves_a_terminal() -> None:
    text = "mira\x1b[2J\x07\x9b31m\x00\u2028x"
    line = cef(msgspec.structs.replace(EVENT, name=f"x.{text}", actor=Actor(text), session_id=text))
    assert all(char.isprintable() for char in line)
    assert "suid=mira [2J  31m  x" in line


@given(text=st.text(max_size=40))
def test_the_length_before_a_frame_is_that_of_its_octets(text: str) -> None:
    event = msgspec.structs.replace(EVENT, name=text or "x", actor=Actor(text or "x"))
    for message in (cef(event).encode("utf-8", "replace"), ocsf_json(EVENT)):
        frame = syslog_frame(event, message, host=text)
        length, _, rest = frame.partition(b" ")
        assert int(length) == len(rest)
        header = rest.split(b" ", 7)
        assert header[0] == b"<108>1"
        assert all(re.fullmatch(rb"[!-~]+", field) for field in header[:7])


def test_a_message_has_a_ceiling() -> None:
    frame = syslog_frame(EVENT, b"x" * 200_000, host="h")
    assert frame.startswith(b"%d " % SYSLOG_MESSAGE_BYTES_MAX)
    assert len(frame) == SYSLOG_MESSAGE_BYTES_MAX + 6
