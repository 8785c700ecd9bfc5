"""What a forwarder is told is checked, kept sealed, and changed on the record."""

from typing import Any

import pytest

from forbidden_hosts import FORBIDDEN_HOSTS
from forward_factories import BY, make_forwarder, to_http
from forward_receivers import Authority, HttpReceiver
from litesoc_server.accounts import sealing
from litesoc_server.audit.models import AuditEntry
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.forwarding.changes import change_forwarder, remove_forwarder, restore_forwarder, send_test
from litesoc_server.forwarding.forwarder_settings import ForwarderRefused, read_settings, reseal_forwarders, shown_settings
from litesoc_server.forwarding.kinds import KINDS, Batch, SendFailed
from litesoc_server.forwarding.models import Forwarder
from litesoc_server.orgs.models import Organization
from litesoc_server.store.base import EventStore
from management_api import make_event

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("host", FORBIDDEN_HOSTS)
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_addresses_inside_are_refused_when_typed_in_and_when_sent(
    org: Organization, store: EventStore, settings: Any, host: str, kind: str
) -> None:
    settings.EGRESS_POLICY = EgressPolicy()
    given = {"address": f"{host}:6514"} if kind == "syslog" else {"url": f"https://{host}/x"}
    given |= {"token": "t"} if kind == "splunk_hec" else {}
    with pytest.raises(ForwarderRefused, match=r"nothing is sent there|has no address"):
        make_forwarder(org, store, kind, settings=given)
    with pytest.raises(SendFailed):
        KINDS[kind].send(Batch("b", [make_event(org)]), given, EgressPolicy())


@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        ("http", {"url": "http://siem.example/x"}, "url"),
        ("http", {}, "url"),
        ("http", {"url": "https://user:pw@siem.example/"}, "url"),
        ("http", {"url": "https://127.0.0.1/", "ca_pem": "nonsense"}, "ca_pem"),
        ("http", {"url": "https://127.0.0.1/", "port": "1"}, "port"),
        ("syslog", {"address": "127.0.0.1:port"}, "address"),
        ("syslog", {"address": "127.0.0.1:70000"}, "address"),
        ("syslog", {"address": "127.0.0.1:1", "format": "leef"}, "format"),
        ("splunk_hec", {"url": "https://127.0.0.1:8088"}, "token"),
        ("splunk_hec", {"url": "https://127.0.0.1:8088", "token": "one\ntwo"}, "token"),
        ("http", {"url": "https://127.0.0.1/", "token": "tök"}, "token"),
        ("kafka", {}, "kind"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_their_field(
    org: Organization, store: EventStore, kind: str, given: dict[str, str], field: str
) -> None:
    with pytest.raises(ForwarderRefused) as refused:
        make_forwarder(org, store, kind, settings=given)
    assert refused.value.field == field
    assert not Forwarder.objects.exists()


def test_secrets_are_sealed_kept_and_sealed_anew(
    org: Organization, store: EventStore, receiver: HttpReceiver, authority: Authority
) -> None:
    forwarder = make_forwarder(org, store, settings=to_http(receiver, authority, token="very secret"))
    assert "very secret" not in forwarder.sealed_settings
    assert shown_settings(forwarder) == {"url": receiver.url, "token": None, "ca_pem": authority.pem.strip()}
    change_forwarder(forwarder, by=BY, settings={"url": receiver.url, "token": ""}, name="Other")
    forwarder.refresh_from_db()
    assert read_settings(forwarder)["token"] == "very secret"
    before = forwarder.sealed_settings
    assert reseal_forwarders() == (1, 0)
    forwarder.refresh_from_db()
    assert forwarder.sealed_settings != before
    assert sealing.unseal(forwarder.sealed_settings) == sealing.unseal(before)
    Forwarder.objects.update(sealed_settings="nonsense")
    assert reseal_forwarders() == (0, 1)


def test_a_kept_secret_does_not_go_along_to_another_address(
    org: Organization, store: EventStore, receiver: HttpReceiver, authority: Authority
) -> None:
    splunk = {"url": f"https://127.0.0.1:{receiver.port}", "token": "very secret", "ca_pem": authority.pem}
    forwarder = make_forwarder(org, store, "splunk_hec", settings=splunk)
    elsewhere = splunk["url"].replace("127.0.0.1", "localhost")
    with pytest.raises(ForwarderRefused, match="Token has to be entered again: it was for another address") as caught:
        change_forwarder(forwarder, by=BY, settings={"url": elsewhere})
    assert caught.value.field == "token"
    changed = change_forwarder(forwarder, by=BY, settings={"url": elsewhere, "token": "another"})
    assert read_settings(changed)["token"] == "another"
    # Where it need not be, it is left behind.
    forwarder = make_forwarder(org, store, name="Open", settings=to_http(receiver, authority, token="very secret"))
    changed = change_forwarder(forwarder, by=BY, settings={"url": receiver.url.replace("127.0.0.1", "localhost")})
    assert shown_settings(changed)["token"] == ""
    send_test(changed)
    assert "authorization" not in receiver.headers[0]


def test_what_others_wrote_meanwhile_stays(
    org: Organization, store: EventStore, receiver: HttpReceiver, authority: Authority
) -> None:
    forwarder = make_forwarder(org, store, settings=to_http(receiver, authority, token="first"))
    change_forwarder(Forwarder.objects.get(), by=BY, settings={"token": "second"}, is_paused=True)
    with pytest.raises(ForwarderRefused, match="changed the settings at the same time"):
        change_forwarder(forwarder, by=BY, settings={"token": "third"}, name="Other")
    assert change_forwarder(forwarder, by=BY, name="Other").is_paused
    kept = Forwarder.objects.get()
    assert (kept.name, kept.is_paused, read_settings(kept)["token"]) == ("Other", True, "second")


def test_changes_are_in_the_audit_log_without_secrets(
    org: Organization, store: EventStore, receiver: HttpReceiver, authority: Authority
) -> None:
    forwarder = make_forwarder(org, store, settings=to_http(receiver, authority, token="very secret"))
    change_forwarder(forwarder, by=BY, is_paused=True, settings={"url": receiver.url, "token": "other secret"})
    remove_forwarder(forwarder, by=BY)
    restore_forwarder(forwarder, by=BY)
    entries = AuditEntry.objects.filter(org_id=org.id).order_by("seq")
    assert [entry.action for entry in entries] == [
        "forwarder.added",
        "forwarder.changed",
        "forwarder.removed",
        "forwarder.restored",
    ]
    assert "secret" not in str([vars(entry) for entry in entries])
