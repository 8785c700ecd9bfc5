"""One actor, erased from everywhere: what is about them alone goes, what is about others names them no more."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.utils import timezone
from msgspec.structs import replace

from control_factories import (
    NOW_MS,
    DetectionFactory,
    MembershipFactory,
    OrganizationFactory,
    make_alert,
    make_key,
    make_suppression,
    org_id_of,
)
from erasure_factories import ADA, ADDRESS, MAIL, NAME, ROY, connect, connected, pass_on, passed_on
from litesoc_server.alerts.models import Alert, AlertComment
from litesoc_server.audit.by import By
from litesoc_server.audit.database_check import verify_database
from litesoc_server.audit.models import AuditEntry, AuditValue
from litesoc_server.events.detection import DETECTION_DECODER, DETECTION_ENCODER
from litesoc_server.events.envelope import ENVELOPE_DECODER, ENVELOPE_ENCODER, Envelope, Environment
from litesoc_server.events.event import Actor
from litesoc_server.events.mentions import ERASED
from litesoc_server.events.risk import Risk
from litesoc_server.ingest.keys import Scope
from litesoc_server.orgs.models import ListedPage, Organization, PolicyChange, Role, SavedView, StoredPrivacy, Suppression
from litesoc_server.orgs.policy_changes import change_policy, stored_policy
from litesoc_server.orgs.principals import Who
from litesoc_server.orgs.usage import UsageMark
from litesoc_server.pipeline.state.base import CountRequest, Window
from litesoc_server.pipeline.state.memory import MemoryState
from litesoc_server.privacy.erasures import OPEN_MAX, ask_to_erase
from litesoc_server.privacy.find import ActorRefused, held_of
from litesoc_server.privacy.models import Erasure, Step
from litesoc_server.runtime import actor_erasing
from litesoc_server.runtime.actor_erasing import ActorEraser
from litesoc_server.store.base import EventStore
from litesoc_server.stream.base import Stream
from litesoc_server.stream.subjects import Subject
from management_api import Tenant, make_event, store_events
from page_reader import PageReader
from people import browser, confirm_it_is_you, make_person, sign_in, visible_text

pytestmark = pytest.mark.django_db(transaction=True)

OPERATOR = Who(by="operator", principal="operator", acting=By.operator())


def body(*items: object) -> bytes:
    return msgspec.json.encode({"events": list(items)})


def envelope(org: Organization, content: bytes, **changes: Any) -> bytes:
    made = Envelope(org_id_of(org), "key", Environment.LIVE, "collect", 0, b"0" * 16, None, False, (), content)
    return ENVELOPE_ENCODER.encode(msgspec.structs.replace(made, **changes))


def fill(org: Organization, store: EventStore, stream: Stream) -> None:
    """Write of Ada, of Roy, and of both, in every place."""
    metadata = msgspec.Raw(msgspec.json.encode({"actor_name": NAME}))
    store_events(
        store,
        make_event(org, actor=Actor(ADA, MAIL), user_ip=ADDRESS, metadata=metadata),
        make_event(org, actor=Actor(ADA, MAIL), user_ip=ADDRESS, environment=Environment.TEST),
        make_event(org, actor=Actor(ROY), metadata=msgspec.Raw(msgspec.json.encode({"to": MAIL}))),
    )
    make_alert(org, incident_key=f"account|actor:{ADA}", actor_id=ADA, actor_email=MAIL)
    make_alert(org, incident_key=f"account|actor:{ROY}", actor_id=ROY, actor_email=None)
    both = make_alert(
        org,
        incident_key="credential_attack|ip:203.0.113.66",
        actor_id=ADA,
        actor_email=MAIL,
        title=f"Attack on {ADA} and {ROY}",
        reasons=(f"{ADA} was entered",),
        is_entry=True,
        source_ip="203.0.113.66",
    )
    AlertComment.objects.create(alert=both, by="Jo", text=f"Called {NAME}, and {ROY}.")
    make_suppression(org, actor=ADA)
    make_suppression(org, actor=ROY, reason=f"as {MAIL} says")
    change_policy(org, {"allowed_actors": [ADA, ROY], "allowed_addresses": [ADDRESS, "203.0.113.0/24"]}, who=OPERATOR)
    owner = PageReader(org, Role.OWNER).client.session["_auth_user_id"]
    for name, parameters in (("hers", "q=actor%3Aada%40x.example"), ("his", f"q=actor%3A{ROY}")):
        SavedView.objects.create(org=org, owner_id=owner, page=ListedPage.EVENTS, name=name, parameters=parameters)
    pass_on(org, both)
    hers, his = ({"event": "a.b", "actor": one} for one in (ADA, ROY))
    letters = stream.dead_letters
    for content, changes in (
        (body(hers), {}),
        (body(his), {}),
        (body(hers, his), {}),
        (body(hers, his), {"only_index": 1}),
        (body(hers, his), {"only_index": 0}),
        (msgspec.json.encode(hers), {}),
    ):
        letters.add(Subject.RAW, envelope(org, content, **changes), "why")


def erase(org: Organization, eraser: ActorEraser, *, actor: str = ADA, rounds: int = 1) -> Erasure:
    """Ask for it, as of a minute ago, and carry it out up to what has to wait for the store's files."""
    erasure = ask_to_erase(org, actor, typed=actor, who=OPERATOR)
    past = timezone.now() - timedelta(minutes=1)
    Erasure.objects.filter(pk=erasure.pk).update(asked_at=past)
    for _ in range(rounds + 1):
        eraser.run_once()
        Erasure.objects.filter(pk=erasure.pk, removed_at__isnull=False).update(removed_at=past)
    erasure.refresh_from_db()
    return erasure


@pytest.fixture
def counted() -> Iterator[None]:
    """All that is stored is counted for the quota."""
    UsageMark.objects.create(counted_until_s=4_000_000_000)
    return


@pytest.fixture
def eraser(store: EventStore, stream: Stream, counted: None) -> ActorEraser:
    return ActorEraser(store=store, stream=stream, state=MemoryState())


def places(org: Organization, who: str, store: EventStore, stream: Stream) -> dict[str, int]:
    names = store.actor_names(org_id=org_id_of(org), actor_id=who)
    found: dict[str, int] = {}
    for one in held_of(org, names, reader=store, letters=stream.dead_letters):
        found[one.place] = found.get(one.place, 0) + one.count
    return found


def test_all_that_names_an_actor_is_found_and_erased_and_others_stay(
    store: EventStore, stream: Stream, eraser: ActorEraser
) -> None:
    org, other = OrganizationFactory(), OrganizationFactory()
    for one in (org, other):
        fill(one, store, stream)
    hers, his = places(org, ADA, store, stream), places(org, ROY, store, stream)
    assert (
        hers
        == places(org, MAIL, store, stream)
        == places(other, ADA, store, stream)
        == {
            "events": 2,
            "daily_sums": 2,
            "events_of_others": 1,
            "alerts": 1,
            "alerts_naming": 1,
            "comments": 1,
            "suppressions": 2,
            "policy": 2,
            "policy_history": 1,
            "saved_views": 1,
            "notifications": 1,
            "delivery": 1,
            "delivery_log": 1,
            "server_log_lines": 1,
            "forwarder_errors": 1,
            "rejected_records": 1,
            "audit_log": hers["audit_log"],
            "dead_letters": 5,
        }
    )
    erasure = erase(org, eraser)
    assert (erasure.step, erasure.actor_id, erasure.names, erasure.counts) == (Step.SCRUBBING, None, None, hers)
    assert places(org, ADA, store, stream) == places(org, MAIL, store, stream) == {}
    after = places(org, ROY, store, stream)
    own = ("events", "daily_sums", "alerts", "comments", "suppressions", "policy", "saved_views")
    assert [after.get(place) for place in own] == [his.get(place) for place in own]
    assert places(other, ADA, store, stream) == hers

    alert = Alert.objects.get(org=org, incident_key="credential_attack|ip:203.0.113.66")
    assert (alert.title, alert.actor_id, alert.source_ip) == (f"Attack on [erased] and {ROY}", None, "203.0.113.66")
    assert alert.incident.headline.reasons == ("[erased] was entered",)
    assert (alert.incident.entered, alert.incident.headline.geo) == ((), None)
    assert AlertComment.objects.get(alert=alert).text == f"Called [erased], and {ROY}."
    assert [(one.actor_id, one.reason) for one in Suppression.objects.filter(org=org)] == [(ROY, "as [erased] says")]
    overrides = stored_policy(org).overrides
    assert (overrides["allowed_actors"], overrides["allowed_addresses"]) == ([ROY], ["203.0.113.0/24"])
    assert ADA not in {text for change in PolicyChange.objects.filter(org=org) for text in str(change.changes).split("'")}
    assert [view.name for view in SavedView.objects.filter(org=org)] == ["his"]
    assert [text for text in (f"{ADA} ", f"{ADA}'", MAIL, NAME, ADDRESS) if text in passed_on(org)] == []
    assert f"Attack on [erased] and {ROY}" in passed_on(org)
    assert f"'sshd: Accepted [erased]', '{ROY}'" in passed_on(org)
    assert MAIL in passed_on(other)


def test_dead_letters_of_several_lose_only_what_is_theirs(store: EventStore, stream: Stream, eraser: ActorEraser) -> None:
    org = OrganizationFactory()
    fill(org, store, stream)
    erase(org, eraser)
    letters = [ENVELOPE_DECODER.decode(letter.payload) for letter in stream.dead_letters.list(100)]
    his: dict[str, object] = {"event": "a.b", "actor": ROY}
    assert [(msgspec.json.Decoder().decode(one.body)["events"], one.rejected, one.only_index) for one in letters] == [
        ([his], (), None),
        ([{}, his], (0,), None),
        ([{}, his], (0,), 1),
    ]


def test_the_audit_log_stays_sound_and_names_the_actor_nowhere(
    store: EventStore, stream: Stream, eraser: ActorEraser
) -> None:
    org = OrganizationFactory()
    fill(org, store, stream)
    erasure = erase(org, eraser)
    verdict = verify_database(org.pk, [])
    assert (verdict.is_sound, verdict.erased_count > 0) == (True, True)
    values = [*AuditValue.objects.filter(org_id=org.pk).values_list("value", flat=True)]
    texts = [*values, *AuditEntry.objects.filter(org_id=org.pk).values_list("body", flat=True)]
    assert [text for text in texts if MAIL in text or f'"{ADA}"' in text or ADDRESS in text or NAME in text] == []
    acts = AuditEntry.objects.filter(org_id=org.pk, action__startswith="privacy.").order_by("seq")
    assert [(entry.action, entry.target_id, entry.principal) for entry in acts] == [
        ("privacy.actor_erasure_asked", str(erasure.pk), "operator"),
        ("privacy.actor_erased", str(erasure.pk), "system"),
    ]


WORDS = ("findings", "severity", "high", "brute_force_address", "score", "ingest", "password", "setting", "actor", "event")


def test_actors_called_as_words_of_ours_are_erased_and_all_else_means_what_it_meant(
    store: EventStore, stream: Stream, eraser: ActorEraser
) -> None:
    org = OrganizationFactory()
    event = make_event(org, actor=Actor(ROY), risk=Risk(7, 0.5, ()))
    store_events(store, event)
    alert = make_alert(org, actor_id=None, title=f"Attack by {', '.join(WORDS)}", description="")
    StoredPrivacy.objects.create(org=org, redacted_keys=["password"])
    key = make_key(org, name="ingest", scopes={Scope.INGEST}).record
    change_policy(org, {"muted_detectors": ["brute_force_address"], "allowed_actors": ["high", ROY]}, who=OPERATOR)
    changes = PolicyChange.objects.get(org=org).changes
    stream.dead_letters.add(Subject.RAW, envelope(org, body({"event": "a.b", "actor": ROY})), "why")
    detection = DetectionFactory(org_id=org_id_of(org), title="By high", actor_id=None)
    stream.dead_letters.add(Subject.DETECTIONS, DETECTION_ENCODER.encode(detection), "why")
    for word in WORDS:
        assert erase(org, eraser, actor=word).removed_at is not None
    (found,) = store.actor_events(
        org_id=org_id_of(org), names=store.actor_names(org_id=org_id_of(org), actor_id=ROY), limit=9
    )
    assert found.risk == event.risk
    after = Alert.objects.get(pk=alert.pk)
    assert after.title == f"Attack by {', '.join([ERASED] * len(WORDS))}"
    assert replace(after.incident.headline, title="") == replace(alert.incident.headline, title="")
    assert (after.detector, after.detections.get().severity) == (alert.detector, alert.detections.get().severity)
    key.refresh_from_db()
    assert (key.name, key.scopes) == (ERASED, ["ingest"])
    assert StoredPrivacy.objects.get(org=org).redacted_keys == ["password"]
    first = PolicyChange.objects.filter(org=org).earliest("version").changes
    assert json.loads(json.dumps(changes).replace('"high"', f'"{ERASED}"')) == first
    raw, left = stream.dead_letters.list(9)
    assert msgspec.json.decode(ENVELOPE_DECODER.decode(raw.payload).body) == {"events": [{"event": "a.b", "actor": ROY}]}
    assert DETECTION_DECODER.decode(left.payload) == replace(detection, title=f"By {ERASED}")


def test_what_is_on_its_way_and_what_is_not_counted_is_waited_for(store: EventStore, stream: Stream) -> None:
    org, state = OrganizationFactory(), MemoryState()
    eraser = ActorEraser(store=store, stream=stream, state=state)
    store_events(store, make_event(org, actor=Actor(ADA)))
    key = f"{org_id_of(org)}|failed|{ADA}"
    state.answer([CountRequest(key, 1_000, NOW_MS, "m")])
    stream.publisher.publish(Subject.RAW, [envelope(org, b"{}")])
    Erasure.objects.all().delete()
    assert erase(org, eraser).step == Step.WAITING
    consumer = stream.consumer(Subject.RAW)
    consumer.ack(consumer.fetch(10, 1.0))
    eraser.run_once()
    assert Erasure.objects.get(org=org).step == Step.COUNTING
    UsageMark.objects.create(counted_until_s=4_000_000_000)
    eraser.run_once()
    assert Erasure.objects.get(org=org).step == Step.SETTLING
    (window,) = state.answer([CountRequest(key, 1_000, NOW_MS, "", is_read_only=True)])
    assert isinstance(window, Window)
    assert window.count == 0


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("step", ["remove_from_control_database", "remove_from_dead_letters", "finish_records", "note_done"])
def test_ended_anywhere_in_the_middle_it_goes_on_the_next_time(
    store: EventStore, stream: Stream, eraser: ActorEraser, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    org = OrganizationFactory()
    fill(org, store, stream)
    monkeypatch.setattr(store, "old_parts", set)

    def dying(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(actor_erasing, step, dying)
        with pytest.raises(Killed):
            erase(org, eraser, rounds=2)
    past = timezone.now() - timedelta(minutes=1)
    Erasure.objects.filter(removed_at__isnull=False).update(removed_at=past)
    ActorEraser(store=store, stream=stream, state=MemoryState()).run_once()  # of the next process
    erasure = Erasure.objects.get(org=org)
    assert (erasure.step, erasure.actor_id) == (Step.DONE, None)
    assert places(org, ADA, store, stream) == {}


def test_one_that_cannot_go_on_holds_up_no_other(
    store: EventStore, stream: Stream, eraser: ActorEraser, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = OrganizationFactory(), OrganizationFactory()
    remove = actor_erasing.remove_from_control_database

    def stumbling(org: Organization, *arguments: Any) -> None:
        if org == bad:
            raise TypeError
        remove(org, *arguments)

    monkeypatch.setattr(actor_erasing, "remove_from_control_database", stumbling)
    assert erase(bad, eraser).step == Step.SETTLING
    assert erase(good, eraser).step in (Step.SCRUBBING, Step.DONE)
    assert not eraser.run_once()


def test_nobody_in_particular_is_refused(store: EventStore) -> None:
    org = OrganizationFactory()
    for actor in ("", "[REDACTED]", "erased", "x" * 256):
        with pytest.raises(ActorRefused):
            ask_to_erase(org, actor, typed=actor, who=OPERATOR)
    with pytest.raises(ActorRefused, match="not the id"):
        ask_to_erase(org, ADA, typed=MAIL, who=OPERATOR)
    ask_to_erase(org, ADA, typed=f" {ADA} ", who=OPERATOR)
    with pytest.raises(ActorRefused, match="already"):
        ask_to_erase(org, ADA, typed=ADA, who=OPERATOR)
    other = OrganizationFactory()
    ask_to_erase(other, ADA, typed=ADA, who=OPERATOR)
    Erasure.objects.bulk_create(Erasure(org=org, reference=str(n), actor_id=str(n)) for n in range(OPEN_MAX - 1))
    with pytest.raises(ActorRefused, match="Wait until"):
        ask_to_erase(org, ROY, typed=ROY, who=OPERATOR)
    ask_to_erase(other, ROY, typed=ROY, who=OPERATOR)


def test_the_page_says_what_there_is_and_erases_once_the_id_is_typed(tenant: Tenant, store: EventStore) -> None:
    store_events(store, make_event(tenant.org, actor=Actor(ADA, MAIL), user_ip=ADDRESS))
    admin, analyst = PageReader(tenant.org, Role.ADMIN), PageReader(tenant.org, Role.ANALYST)
    assert "Look somebody up" in admin.text("settings/privacy/")
    assert "Look somebody up" not in analyst.text("settings/privacy/")
    assert analyst.get("settings/privacy/person/", actor=ADA).status_code == 403
    found = visible_text(admin.get("settings/privacy/person/", actor=ADA))
    assert all(text in found for text in (MAIL, ADDRESS, "Daily sums of events", "Download as JSON"))
    assert "with 1 to 255 characters" in admin.text("settings/privacy/person/", actor="")
    assert "Personal data" in admin.text("actors/actor", id=ADA)
    address = f"/o/{tenant.org.slug}/live/settings/privacy/person/erase?actor={ADA}"
    MembershipFactory(org=tenant.org, user=make_person(), role=Role.ADMIN)
    client = browser()
    sign_in(client)
    confirm_it_is_you(client)
    assert "This cannot be undone" in visible_text(client.get(address))
    assert "This is not the id" in visible_text(client.post(address, {"typed": "usr"}))
    assert not Erasure.objects.exists()
    assert client.post(address, {"typed": ADA}).status_code == 302
    assert "Waiting until what came before is stored" in admin.text("settings/privacy/person/")


CONNECTED_WORDS = ("http", "auth", "critical", "auth0", "accepted", "event_id", "taken_s")


def test_what_is_connected_still_works_when_an_actor_is_called_as_a_word_of_it(
    store: EventStore, stream: Stream, eraser: ActorEraser
) -> None:
    org = OrganizationFactory()
    connect(org)
    before = connected(org)
    for word in CONNECTED_WORDS:
        assert erase(org, eraser, actor=word).removed_at is not None
    assert connected(org) == before
