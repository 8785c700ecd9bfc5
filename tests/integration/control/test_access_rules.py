"""From where keys may be used: what is kept, what is refused, and who would be locked out."""

from datetime import timedelta

import pytest
from django.utils import timezone

from control_factories import OrganizationFactory, make_key
from litesoc_server.apikeys.allow_lists import WouldLockOut, set_key_allow_list, set_org_allow_list
from litesoc_server.apikeys.authorise_origins import OriginsRefused, set_origins
from litesoc_server.apikeys.models import ApiKey
from litesoc_server.apikeys.revoke_key import revoke_key
from litesoc_server.apikeys.selectors import access_rules_of
from litesoc_server.apikeys.values import KeyEnded
from litesoc_server.audit.by import By
from litesoc_server.audit.models import AuditEntry
from litesoc_server.ingest.allow_list import AllowListInvalid
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.plan_gates import PlanRestricted

pytestmark = pytest.mark.django_db
HOME = "203.0.113.7"
BY = By(principal="user:1", name="owner@shop.example", address=HOME, user_agent=None)
LIST = "203.0.113.0/24  # Oslo"


def actions(org: Organization) -> list[str]:
    entries = AuditEntry.objects.filter(org_id=org.id).exclude(action="api_key.created")
    return list(entries.order_by("seq").values_list("action", flat=True))


def used_key(org: Organization, address: str, *, ago: timedelta = timedelta(hours=1)) -> ApiKey:
    key = make_key(org).record
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=timezone.now() - ago, last_used_from=address)
    return key


def test_a_list_is_kept_as_written_and_switched_on_and_off() -> None:
    org = OrganizationFactory()
    set_org_allow_list(org, f"# ours\r\n{LIST}\r\n", is_on=True, by=BY)
    rules = access_rules_of(org)
    assert (rules.allow_list, rules.is_allow_list_on) == (f"# ours\n{LIST}", True)
    set_org_allow_list(org, rules.allow_list, is_on=True, by=BY)
    set_org_allow_list(org, rules.allow_list, is_on=False, by=BY)
    assert not access_rules_of(org).is_allow_list_on
    assert actions(org) == ["ip_whitelist.updated"] * 2


@pytest.mark.parametrize("text", ["", "# nobody", "nonsense", "203.0.113.0/33"])
def test_a_list_that_allows_nobody_or_cannot_be_read_is_not_switched_on(text: str) -> None:
    org = OrganizationFactory()
    with pytest.raises(AllowListInvalid):
        set_org_allow_list(org, text, is_on=True, by=BY)
    assert actions(org) == []


def test_whoever_would_be_locked_out_is_named_before_it_happens() -> None:
    org = OrganizationFactory()
    away = used_key(org, "198.51.100.9")
    used_key(org, "203.0.113.200")
    used_key(org, "198.51.100.10", ago=timedelta(days=2))
    revoke_key(used_key(org, "198.51.100.11"), by=BY)
    used_key(OrganizationFactory(), "198.51.100.12")
    caller = By(principal="user:1", name=None, address="192.0.2.1", user_agent=None)
    with pytest.raises(WouldLockOut) as refused:
        set_org_allow_list(org, LIST, is_on=True, by=caller)
    assert [(one.key, one.address) for one in refused.value.locked_out] == [(None, "192.0.2.1"), (away, "198.51.100.9")]
    set_org_allow_list(org, LIST, is_on=False, by=caller)  # what is not in force locks nobody out
    set_org_allow_list(org, LIST, is_on=True, by=caller, is_insisted=True)
    assert access_rules_of(org).is_allow_list_on


def test_a_key_has_a_list_of_its_own() -> None:
    org = OrganizationFactory()
    key, _other = used_key(org, HOME), used_key(org, "198.51.100.9")
    set_key_allow_list(key, LIST, by=By.operator())
    assert key.allow_list == LIST
    with pytest.raises(WouldLockOut) as refused:
        set_key_allow_list(key, "198.51.100.9", by=By.operator())
    assert [(one.key, one.address) for one in refused.value.locked_out] == [(key, HOME)]
    set_key_allow_list(key, "198.51.100.9", by=By.operator(), is_insisted=True)
    set_key_allow_list(key, "# from anywhere\n", by=By.operator())
    assert key.allow_list == ""
    revoke_key(key, by=BY)
    with pytest.raises(KeyEnded):
        set_key_allow_list(key, LIST, by=BY)
    assert actions(org) == [*["ip_whitelist.updated"] * 3, "api_key.revoked"]


def test_without_the_feature_a_list_can_only_be_switched_off() -> None:
    org = OrganizationFactory()
    set_org_allow_list(org, LIST, is_on=True, by=BY)
    org.plan = "pro"
    org.save()
    for text, is_on in ((LIST, True), ("203.0.113.7", False)):
        with pytest.raises(PlanRestricted):
            set_org_allow_list(org, text, is_on=is_on, by=BY)
    with pytest.raises(PlanRestricted):
        set_key_allow_list(make_key(org).record, LIST, by=BY)
    set_org_allow_list(org, LIST, is_on=False, by=BY)
    assert not access_rules_of(org).is_allow_list_on


def test_origins_are_kept_as_browsers_send_them_each_once() -> None:
    org = OrganizationFactory()
    typed = [
        "https://App.shop.example/",
        "",
        "https://app.shop.example:443",
        "https://*.shop.example",
        "http://localhost:3000",
    ]
    assert set_origins(org, typed, by=BY) == ["https://app.shop.example", "https://*.shop.example"]
    set_origins(org, typed, by=BY)
    assert access_rules_of(org).origins == ["https://app.shop.example", "https://*.shop.example"]
    assert set_origins(org, [], by=BY) == []
    assert actions(org) == ["origins.updated"] * 2


def test_mistaken_origins_are_named_by_their_position() -> None:
    org = OrganizationFactory()
    with pytest.raises(OriginsRefused) as refused:
        set_origins(org, ["https://app.shop.example", "", "shop.example", "https://*.com"], by=BY)
    assert [problem.position for problem in refused.value.problems] == [3, 4]
    assert access_rules_of(org).origins == []


def test_plans_have_room_for_so_many_origins_and_not_all_have_wildcards() -> None:
    org = OrganizationFactory(plan="free")
    set_origins(org, ["https://app.shop.example"], by=BY)
    with pytest.raises(OriginsRefused, match="Free has room for 1"):
        set_origins(org, ["https://app.shop.example", "https://b.shop.example"], by=BY)
    with pytest.raises(PlanRestricted):
        set_origins(org, ["https://*.shop.example"], by=BY)
    five = [f"https://{name}.shop.example" for name in "abcde"]
    pro = OrganizationFactory(plan="pro")
    assert set_origins(pro, ["https://*.shop.example", *five[1:]], by=BY)
    with pytest.raises(OriginsRefused, match="Pro has room for 5"):
        set_origins(pro, ["https://*.shop.example", *five], by=BY)
    many = [f"https://{number}.shop.example" for number in range(201)]
    with pytest.raises(OriginsRefused, match="room for 200"):
        set_origins(OrganizationFactory(), many, by=BY)
