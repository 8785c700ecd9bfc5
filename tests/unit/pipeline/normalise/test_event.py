import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.events.envelope import Envelope, Environment
from litesoc_server.events.errors import InvalidMessage
from litesoc_server.events.event import Actor, Device, Event, Severity
from litesoc_server.events.ids import OrgId, draw_event_id_base, event_id_at
from litesoc_server.pipeline.normalise.event import METADATA_NOTES, normalise
from litesoc_server.sources.base import SourceItem

RECEIVED_AT_MS = 1_790_000_000_123
ENVELOPE = Envelope(
    org_id=OrgId("0b9f6f0e-6b0f-4d5e-8b53-6f1d5f3f9a01"),
    key_id="7",
    environment=Environment.TEST,
    source="collect",
    received_at_ms=RECEIVED_AT_MS,
    event_id_base=draw_event_id_base(RECEIVED_AT_MS),
    server_ip="203.0.113.4",
    may_backdate=False,
    rejected=(),
    body=b"",
)
BACKFILL = msgspec.structs.replace(ENVELOPE, may_backdate=True)


def item(name: str = "auth.login_failed", **fields: object) -> SourceItem:
    defaults: dict[str, object] = dict.fromkeys(
        ("actor_id", "actor_email", "actor_name", "user_ip", "user_agent", "timestamp"), None
    )
    metadata = msgspec.Raw(fields.pop("metadata", b"{}"))
    return SourceItem(name=name, **{**defaults, **fields, "metadata": metadata})


def metadata_of(event: Event) -> dict[str, object]:
    return msgspec.json.decode(event.metadata)


def test_an_ordinary_event() -> None:
    raw = b'{"reason": "bad_password",  "_sdk":"litesoc-python","_sdk_version":"2.6.0"}'
    sent = item(actor_id="usr_8841", actor_email="mira@shop.example", user_ip="198.51.100.77", metadata=raw)
    event = normalise(ENVELOPE, 3, sent)
    assert event == Event(
        event_id=event_id_at(ENVELOPE.event_id_base, 3),
        org_id=ENVELOPE.org_id,
        environment=Environment.TEST,
        key_id="7",
        source="collect",
        occurred_at_ms=RECEIVED_AT_MS,
        received_at_ms=RECEIVED_AT_MS,
        name="auth.login_failed",
        category="auth",
        severity=Severity.WARNING,
        actor=Actor("usr_8841", "mira@shop.example"),
        user_ip="198.51.100.77",
        server_ip="203.0.113.4",
        metadata=event.metadata,
    )
    assert bytes(event.metadata) == raw


def test_an_alias_is_stored_under_its_name_and_the_sent_one_is_kept() -> None:
    event = normalise(ENVELOPE, 0, item("User.Login.Failed", metadata=b'{"source":"x"}'))
    assert (event.name, event.category, event.severity) == ("auth.login_failed", "auth", Severity.WARNING)
    assert metadata_of(event) == {"source": "x", "original_event": "User.Login.Failed"}


def test_an_unknown_name_is_kept_and_flagged() -> None:
    event = normalise(ENVELOPE, 0, item("Shop.Refund Asked"))
    assert (event.name, event.category, event.severity) == ("shop.refund_asked", "shop", Severity.INFO)
    assert metadata_of(event) == {"original_event": "Shop.Refund Asked", "unrecognized_format": True}


def test_known_names_beyond_the_standard_ones_are_not_flagged() -> None:
    event = normalise(ENVELOPE, 0, item("auth.mfa_challenge_sent"))
    assert (event.name, metadata_of(event)) == ("auth.mfa_challenge_sent", {})


def test_the_severity_a_sender_claims_is_kept_in_the_metadata_and_not_used() -> None:
    event = normalise(ENVELOPE, 0, item("auth.logout", metadata=b'{"severity":"critical"}'))
    assert (event.severity, metadata_of(event)) == (Severity.INFO, {"severity": "critical"})


def test_a_blank_name_is_invalid() -> None:
    with pytest.raises(InvalidMessage):
        normalise(ENVELOPE, 0, item(" \t"))


@pytest.mark.parametrize("sent", ["unknown", "[REDACTED]", "x" * 300])
def test_an_address_that_is_none_is_kept_as_sent(sent: str) -> None:
    event = normalise(ENVELOPE, 0, item(user_ip=sent))
    assert event.user_ip is None
    assert metadata_of(event) == {"user_ip_raw": sent[:256]}


@pytest.mark.parametrize(
    ("sent", "used"),
    [
        ("198.51.100.77, 10.0.0.1", "198.51.100.77"),
        ("198.51.100.77:443,10.0.0.1", "198.51.100.77"),
        (",,,198.51.100.77", "198.51.100.77"),
        ("unknown, 10.0.0.1", None),
        ("198.51.100.77" + ", 10.0.0.1" * 50, "198.51.100.77"),
    ],
)
def test_a_list_of_addresses_is_kept_as_sent(sent: str, used: str | None) -> None:
    event = normalise(ENVELOPE, 0, item(user_ip=sent))
    assert event.user_ip == used
    assert metadata_of(event) == {"user_ip_raw": sent[:256]}


@pytest.mark.parametrize("sent", ["198.51.100.77", " 198.51.100.77:443, "])
def test_an_address_that_is_one_leaves_no_note(sent: str) -> None:
    event = normalise(ENVELOPE, 0, item(user_ip=sent))
    assert (event.user_ip, metadata_of(event)) == ("198.51.100.77", {})


def test_a_blank_address_leaves_nothing_behind() -> None:
    event = normalise(ENVELOPE, 0, item(user_ip=" "))
    assert (event.user_ip, metadata_of(event)) == (None, {})


def test_a_timestamp_counts_under_a_backfill_key() -> None:
    event = normalise(BACKFILL, 0, item(timestamp="2026-08-09T07:12:44Z"))
    assert (event.occurred_at_ms, event.received_at_ms) == (1_786_259_564_000, RECEIVED_AT_MS)
    assert metadata_of(event) == {}


@pytest.mark.parametrize(
    ("envelope", "sent", "reason"),
    [
        (ENVELOPE, "2026-08-09T07:12:44Z", "no_backfill_scope"),
        (BACKFILL, "yesterday", "not_rfc3339"),
        (BACKFILL, "2020-08-09T07:12:44Z", "too_old"),
        (BACKFILL, "2036-08-09T07:12:44Z", "too_far_ahead"),
    ],
)
def test_a_timestamp_that_does_not_count_is_kept_with_the_reason(envelope: Envelope, sent: str, reason: str) -> None:
    event = normalise(envelope, 0, item(timestamp=sent))
    assert event.occurred_at_ms == RECEIVED_AT_MS
    assert metadata_of(event) == {"timestamp_raw": sent, "timestamp_ignored": reason}


@pytest.mark.parametrize(
    ("actor_id", "actor_email", "actor"),
    [
        (None, None, None),
        ("", " ", None),
        (" usr_1 ", None, Actor("usr_1")),
        (None, "mira@shop.example", Actor("mira@shop.example", "mira@shop.example")),
        ("usr_1", "", Actor("usr_1")),
        ("[REDACTED]", None, Actor("[REDACTED]", None, is_redacted=True)),
        ("[REDACTED]", "mira@shop.example", Actor("[REDACTED]", "mira@shop.example", is_redacted=True)),
        (None, "[REDACTED]", Actor("[REDACTED]", None, is_redacted=True)),
        ("usr_1", "[REDACTED]", Actor("usr_1")),
        ("a\0b", None, Actor("a\ufffdb")),
        ("a\ud800b", "c\udfffd", Actor("a\ufffdb", "c\ufffdd")),
        ("é" * 255, None, Actor("é" * 255)),
    ],
)
def test_actors(actor_id: str | None, actor_email: str | None, actor: Actor | None) -> None:
    event = normalise(ENVELOPE, 0, item(actor_id=actor_id, actor_email=actor_email))
    assert (event.actor, metadata_of(event)) == (actor, {})


@pytest.mark.parametrize("field", ["actor_id", "actor_email"])
def test_an_over_long_actor_is_cut_and_flagged(field: str) -> None:
    event = normalise(ENVELOPE, 0, item(**{field: "x" * 256}))
    assert event.actor is not None
    assert event.actor.id == "x" * 255
    assert metadata_of(event) == {"actor_truncated": True}


def test_a_display_name_is_kept_unless_the_sender_gave_one_already() -> None:
    assert metadata_of(normalise(ENVELOPE, 0, item(actor_name="Mira"))) == {"actor_name": "Mira"}
    kept = normalise(ENVELOPE, 0, item(actor_name="Mira", metadata=b'{"actor_name":"M."}'))
    assert metadata_of(kept) == {"actor_name": "M."}


@pytest.mark.parametrize(
    ("sent", "device"), [(None, None), ("  ", None), ("curl/8.5.0", Device("curl/8.5.0")), ("x" * 2000, Device("x" * 1024))]
)
def test_the_user_agent(sent: str | None, device: Device | None) -> None:
    assert normalise(ENVELOPE, 0, item(user_agent=sent)).device == device


def test_members_that_no_note_touches_stay_byte_for_byte() -> None:
    raw = b'{"big":12345678901234567890123,"price":1.10,"text":"\\u00e9\\u0000","deep":{"a" : [1, 2]}}'
    event = normalise(ENVELOPE, 0, item(user_ip="unknown", metadata=raw))
    assert bytes(event.metadata) == raw.replace(b"]}}", b']},"user_ip_raw":"unknown"}')


def test_a_note_replaces_what_the_sender_wrote_in_its_place() -> None:
    event = normalise(ENVELOPE, 0, item("permission.denied", metadata=b'{"original_event":"forged"}'))
    assert metadata_of(event) == {"original_event": "permission.denied"}


@pytest.mark.parametrize("raw", [b"[]", b"null", b"3", b"{"])
def test_metadata_that_cannot_take_a_note_is_invalid(raw: bytes) -> None:
    with pytest.raises(InvalidMessage):
        normalise(ENVELOPE, 0, item("permission.denied", metadata=raw))


texts = st.none() | st.text(max_size=300)


@given(name=st.text(min_size=1, max_size=255), actor_id=texts, email=texts, user_ip=texts, agent=texts, at=texts)
def test_whatever_is_sent_comes_out_storable(
    name: str, actor_id: str | None, email: str | None, user_ip: str | None, agent: str | None, at: str | None
) -> None:
    sent = item(name, actor_id=actor_id, actor_email=email, user_ip=user_ip, user_agent=agent, timestamp=at)
    if not name.split():
        return
    event = normalise(BACKFILL, 0, sent)
    msgspec.json.encode(event)
    assert metadata_of(event).keys() <= METADATA_NOTES.keys()
    for text in (event.name, event.actor and event.actor.id, event.actor and event.actor.email):
        assert text is None or ("\0" not in text and 0 < len(text) <= 255)
