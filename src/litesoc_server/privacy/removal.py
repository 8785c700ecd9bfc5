"""Taking one actor out of the control database, so that doing it again after a crash changes nothing more."""

from django.db.models import QuerySet

from litesoc_server.alerts.deletion import delete_alerts
from litesoc_server.alerts.erase import alerts_about, erase_from_alert
from litesoc_server.alerts.models import Alert
from litesoc_server.audit.by import By
from litesoc_server.notify.erase import erase_requests
from litesoc_server.orgs.models import Organization, SavedView, Suppression
from litesoc_server.orgs.policy_changes import change_policy, stored_policy
from litesoc_server.orgs.principals import Who
from litesoc_server.pipeline.detect.subjects import actor_key
from litesoc_server.privacy.saved_views import views_naming
from litesoc_server.privacy.texts import POLICY_LISTS, erase_texts, text_tables
from litesoc_server.store.actors import ActorNames

_SYSTEM = Who(by="LiteSOC", principal="system", acting=By.system())


def remove_from_control_database(org: Organization, names: ActorNames) -> None:
    """Delete what is about the actor, and take the name out of what is about others as well. The audit log comes later.

    Raises django.db.Error, and PolicyConflict while others keep changing the policy.
    """
    mentions = names.mentions
    delete_alerts(alerts_about(org.pk, names))
    suppressions_of(org, names).delete()
    SavedView.objects.filter(pk__in=[view.pk for view in views_naming(org, mentions)]).delete()
    _take_off_lists(org, names)
    erase_requests(org, mentions)
    for table in text_tables():
        if table.model is Alert:
            erase_texts(table, org, mentions, lambda alert, found: erase_from_alert(alert, names, found))
        else:
            erase_texts(table, org, mentions)


def suppressions_of(org: Organization, names: ActorNames) -> QuerySet[Suppression]:
    """Return the suppressions that match the actor, or an address that only the actor uses."""
    found = Suppression.objects.filter(org=org)
    keys = [
        row.pk
        for row in found.exclude(actor_id=None, address=None)
        if (row.actor_id is not None and is_theirs(row.actor_id, names)) or row.address in names.addresses
    ]
    return found.filter(pk__in=keys)


def listed(org: Organization, names: ActorNames) -> dict[str, list[str]]:
    """Return which entries of the policy's lists are the actor's."""
    overrides = stored_policy(org).overrides
    found = {}
    for setting in POLICY_LISTS:
        entries = overrides.get(setting)
        theirs = [one for one in entries if is_theirs(one, names)] if isinstance(entries, list) else []
        if theirs:
            found[setting] = theirs
    return found


def is_theirs(entry: str, names: ActorNames) -> bool:
    """Return whether an actor's id, or an address, is one of the actor's."""
    return actor_key(entry) in {actor_key(one) for one in names.ids} or entry in names.addresses


def _take_off_lists(org: Organization, names: ActorNames) -> None:
    overrides, found = stored_policy(org).overrides, listed(org, names)
    changes: dict[str, object] = {}
    for setting, theirs in found.items():
        entries = overrides[setting]
        assert isinstance(entries, list)
        changes[setting] = [one for one in entries if one not in theirs]
    if changes:
        change_policy(org, changes, who=_SYSTEM)
