"""Since when an alert is open and what it is: expressions to ask the database with."""

from django.db.models import F, Min, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from litesoc_server.alerts.models import SETTLED, AlertDetection, AlertTransition, Status

REOPENINGS = AlertTransition.objects.filter(from_status__in=SETTLED, to_status=Status.OPEN)
_LAST_REOPENING = REOPENINGS.filter(alert=OuterRef("pk")).order_by("-revision")
OPEN_SINCE = Coalesce(Subquery(_LAST_REOPENING.values("at")[:1]), F("created_at"))


def first_applied(detections: QuerySet[AlertDetection]) -> Coalesce:
    """When the first of ``detections`` came to an alert; when it was made, where no record of one is left.

    Name no organisation in them: the alert's few records are found by the alert alone.
    """
    of_alert = detections.filter(alert=OuterRef("pk")).order_by().values("alert")
    return Coalesce(Subquery(of_alert.annotate(at=Min("applied_at")).values("at")), F("created_at"))
