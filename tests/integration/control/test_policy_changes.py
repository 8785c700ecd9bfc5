import pytest

from control_factories import WHO, OrganizationFactory
from litesoc_server.orgs import policy_changes
from litesoc_server.orgs.models import PolicyChange, StoredPolicy
from litesoc_server.orgs.policy_changes import PolicyConflict, change_policy, stored_policy, unfitting_policies
from litesoc_server.orgs.policy_values import PolicyInvalid
from races import race


@pytest.mark.django_db
def test_only_what_differs_from_the_defaults_is_stored_and_every_change_is_kept() -> None:
    org = OrganizationFactory()
    assert stored_policy(org).version == 1
    change_policy(org, {"history_count": 5, "blocked_countries": ["KP"]}, who=WHO, note="audit of May")
    after = change_policy(org, {"history_count": None, "login_memory_ms": 90 * 86_400_000}, who=WHO, expected_version=2)

    assert (after.version, after.overrides) == (3, {"blocked_countries": ["KP"]})
    assert stored_policy(org) == after
    newest, first = PolicyChange.objects.filter(org=org)
    assert (first.version, first.by, first.principal, first.note) == (2, WHO.by, WHO.principal, "audit of May")
    assert first.changes == [
        {"setting": "blocked_countries", "before": [], "after": ["KP"]},
        {"setting": "history_count", "before": 3, "after": 5},
    ]
    assert newest.changes == [{"setting": "history_count", "before": 5, "after": 3}]


@pytest.mark.django_db
def test_the_newest_changes_of_each_organisation_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_changes, "CHANGES_KEPT_MAX", 3)
    org, other = OrganizationFactory(), OrganizationFactory()
    change_policy(other, {"history_count": 4}, who=WHO)
    for count in (4, 5, 6, 7, 8, 4):
        change_policy(org, {"history_count": count}, who=WHO)

    assert [change.version for change in PolicyChange.objects.filter(org=org)] == [7, 6, 5]
    assert stored_policy(org).version == 7
    assert PolicyChange.objects.filter(org=other).count() == 1


@pytest.mark.django_db
def test_changes_that_change_nothing_leave_no_trace() -> None:
    org = OrganizationFactory()
    assert change_policy(org, {"history_count": 3, "login_memory_ms": None}, who=WHO).version == 1
    change_policy(org, {"history_count": 5}, who=WHO)
    assert change_policy(org, {"history_count": 5}, who=WHO).version == 2
    assert PolicyChange.objects.count() == 1


@pytest.mark.django_db
def test_all_of_a_change_or_none() -> None:
    org = OrganizationFactory()
    for changes in ({"history_count": 5, "login_memory_ms": 0}, {"history_count": 5, "login_memory": None}):
        with pytest.raises(PolicyInvalid, match="login_memory"):
            change_policy(org, changes, who=WHO)
    assert stored_policy(org).overrides == {}
    assert not StoredPolicy.objects.exists()


@pytest.mark.django_db
def test_a_change_made_for_an_older_version_is_refused() -> None:
    org, other = OrganizationFactory(), OrganizationFactory()
    change_policy(org, {"history_count": 5}, who=WHO, expected_version=1)
    with pytest.raises(PolicyConflict, match="version 2"):
        change_policy(org, {"history_count": 6}, who=WHO, expected_version=1)
    assert stored_policy(org).overrides == {"history_count": 5}
    assert stored_policy(other).version == 1


@pytest.mark.django_db
def test_what_this_release_no_longer_knows_can_be_taken_out() -> None:
    org = OrganizationFactory()
    StoredPolicy.objects.create(org=org, version=2, overrides={"gone_count": 1, "history_count": 5})
    assert change_policy(org, {"history_count": 6}, who=WHO).overrides == {"gone_count": 1, "history_count": 6}
    assert change_policy(org, {"gone_count": None}, who=WHO).overrides == {"history_count": 6}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", [True, False])
def test_of_two_changes_for_one_version_one_wins(first: bool) -> None:
    org = OrganizationFactory()
    if not first:
        change_policy(org, {"login_memory_ms": 86_400_000}, who=WHO)
    version = stored_policy(org).version
    lost = []

    def change(count: int) -> None:
        try:
            change_policy(org, {"history_count": count}, who=WHO, expected_version=version)
        except PolicyConflict as conflict:
            lost.append(conflict)

    race([lambda count=count: change(count) for count in (5, 6, 7)])
    assert len(lost) == 2
    assert stored_policy(org).version == version + 1


@pytest.mark.django_db(transaction=True)
def test_changes_of_different_settings_at_once_all_come_through() -> None:
    org = OrganizationFactory()
    names = ("mfa_fatigue_refusals_count", "success_after_failures_count", "brute_force_address_failures_count")
    race([lambda name=name: change_policy(org, {name: 9}, who=WHO) for name in names])
    assert stored_policy(org).overrides == dict.fromkeys(names, 9)
    assert [change.version for change in PolicyChange.objects.filter(org=org)] == [4, 3, 2]


@pytest.mark.django_db
def test_the_operator_can_see_which_settings_do_not_fit_this_release() -> None:
    StoredPolicy.objects.create(org=OrganizationFactory(slug="shop"), version=2, overrides={"gone_count": 1})
    StoredPolicy.objects.create(org=OrganizationFactory(), version=2, overrides={"history_count": 5})
    assert unfitting_policies() == {"shop": ("gone_count",)}
