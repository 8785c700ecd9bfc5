"""Deletes every alert of one environment, with everything of theirs."""

from litesoc_server.alerts.deletion import delete_alerts
from litesoc_server.alerts.models import Alert, BulkChange
from litesoc_server.events.envelope import Environment
from litesoc_server.orgs.models import Organization


def alerts_count(org: Organization, environment: Environment) -> int:
    """Return how many alerts an organisation has in an environment."""
    return Alert.objects.filter(org=org, environment=environment).count()


def delete_alerts_of(org: Organization, environment: Environment) -> None:
    """Delete what an organisation has of alerts, comments, histories and bulk changes in an environment."""
    delete_alerts(Alert.objects.filter(org=org, environment=environment))
    BulkChange.objects.filter(org=org, environment=environment).delete()
