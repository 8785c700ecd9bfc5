from functools import partial

import pytest

from control_factories import WHO, OrganizationFactory
from litesoc_server.orgs.detector_switch import set_muted
from litesoc_server.orgs.models import Organization, PolicyChange
from litesoc_server.orgs.policy_changes import change_policy, stored_policy
from litesoc_server.orgs.policy_history import changes_of_detector, changes_of_settings, changes_since, last_changes
from litesoc_server.orgs.policy_undo import UndoRefused, can_undo, undo_change
from litesoc_server.orgs.policy_values import PolicyInvalid
from races import race

pytestmark = pytest.mark.django_db
FAILURES = "brute_force_address_failures_count"


@pytest.fixture
def org() -> Organization:
    return OrganizationFactory()


def test_a_change_is_taken_back_and_what_others_did_since_stays(org: Organization) -> None:
    change_policy(org, {FAILURES: 8, "allowed_asns": [1, 2]}, who=WHO)
    change_policy(org, {"history_count": 5, "allowed_asns": [1, 2, 3]}, who=WHO)
    undo_change(org, 2, who=WHO)
    assert stored_policy(org).overrides == {"history_count": 5, "allowed_asns": [3]}
    newest = PolicyChange.objects.filter(org=org).first()
    assert newest is not None
    assert (newest.version, newest.note) == (4, "Undoes version 2.")


def test_an_undo_can_be_undone(org: Organization) -> None:
    change_policy(org, {FAILURES: 8}, who=WHO)
    undo_change(org, 2, who=WHO)
    assert stored_policy(org).overrides == {}
    undo_change(org, 3, who=WHO)
    assert stored_policy(org).overrides == {FAILURES: 8}


def test_what_has_another_value_since_is_not_taken_back(org: Organization) -> None:
    change_policy(org, {FAILURES: 8}, who=WHO)
    change_policy(org, {FAILURES: 9}, who=WHO)
    with pytest.raises(UndoRefused, match="another value since"):
        undo_change(org, 2, who=WHO)
    assert not can_undo(PolicyChange.objects.get(org=org, version=2), stored_policy(org))
    assert stored_policy(org).overrides == {FAILURES: 9}


def test_what_is_taken_back_already_says_so(org: Organization) -> None:
    change_policy(org, {FAILURES: 8}, who=WHO)
    undo_change(org, 2, who=WHO)
    with pytest.raises(UndoRefused, match="taken back already"):
        undo_change(org, 2, who=WHO)


def test_severities_are_taken_back_one_detector_at_a_time(org: Organization) -> None:
    change_policy(org, {"severities": {"new_device": "high"}}, who=WHO)
    change_policy(org, {"severities": {"new_device": "high", "new_country": "low"}}, who=WHO)
    undo_change(org, 2, who=WHO)
    assert stored_policy(org).overrides == {"severities": {"new_country": "low"}}
    change_policy(org, {"severities": {"new_country": "high"}}, who=WHO)
    with pytest.raises(UndoRefused):
        undo_change(org, 3, who=WHO)


def test_a_change_of_a_setting_that_is_gone_stays(org: Organization) -> None:
    PolicyChange.objects.create(
        org=org, version=2, changes=[{"setting": "old_count", "before": 1, "after": 2}], by="x", principal="operator"
    )
    with pytest.raises(UndoRefused, match="no setting old_count"):
        undo_change(org, 2, who=WHO)


def test_only_changes_of_the_organisation_are_found(org: Organization) -> None:
    change_policy(OrganizationFactory(), {FAILURES: 8}, who=WHO)
    with pytest.raises(PolicyChange.DoesNotExist):
        undo_change(org, 2, who=WHO)
    assert changes_of_detector(org, "brute_force_address") == []
    assert changes_since(org, 0) == []


def test_a_detectors_history_holds_what_concerns_it(org: Organization) -> None:
    change_policy(org, {FAILURES: 8}, who=WHO)
    change_policy(org, {"brute_force_account_failures_count": 8}, who=WHO)
    change_policy(org, {"muted_detectors": ["brute_force_address"]}, who=WHO)
    change_policy(org, {"muted_detectors": ["brute_force_address", "new_device"]}, who=WHO)
    change_policy(org, {"severities": {"brute_force_address": "low"}}, who=WHO)
    change_policy(org, {"allowed_actors": ['"setting": "brute_force_address_x"']}, who=WHO)
    assert [change.version for change in changes_of_detector(org, "brute_force_address")] == [6, 4, 2]
    assert [change.version for change in changes_of_settings(org, ["allowed_actors"])] == [7]
    assert [change.version for change in changes_since(org, 5)] == [7, 6]


def test_the_last_change_of_each_setting_is_found(org: Organization) -> None:
    change_policy(org, {FAILURES: 8, "history_count": 4}, who=WHO)
    change_policy(org, {FAILURES: 9}, who=WHO)
    found = last_changes(org, [FAILURES, "history_count", "storm_window_ms"])
    assert {name: change.version for name, change in found.items()} == {FAILURES: 3, "history_count": 2}
    assert last_changes(org, []) == {}


def test_muting_changes_one_entry_and_once(org: Organization) -> None:
    change_policy(org, {"muted_detectors": ["new_device"]}, who=WHO)
    set_muted(org, "new_country", is_muted=True, who=WHO, note="noisy")
    assert set_muted(org, "new_country", is_muted=True, who=WHO, note="again").version == 3
    set_muted(org, "new_device", is_muted=False, who=WHO, note=None)
    assert stored_policy(org).overrides == {"muted_detectors": ["new_country"]}
    with pytest.raises(PolicyInvalid):
        set_muted(org, "no_such", is_muted=True, who=WHO, note=None)


@pytest.mark.django_db(transaction=True)
def test_two_who_mute_at_once_both_have_their_way() -> None:
    org = OrganizationFactory()
    names = ("new_device", "new_country")
    race([partial(set_muted, org, name, is_muted=True, who=WHO, note=None) for name in names])
    assert stored_policy(org).overrides == {"muted_detectors": ["new_country", "new_device"]}
