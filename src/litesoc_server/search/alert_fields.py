"""What can be asked about alerts."""

from litesoc_server.events.detection import AlertSeverity, AlertType
from litesoc_server.search.fields import Field, FieldTable, FieldValue, Kind

ME, NOBODY = "me", "none"  # values of assignee that are no e-mail address

# The words of alerts.models.Status, which this layer cannot see; a test holds them together.
_STATUSES = (
    FieldValue("open", "nobody has looked yet"),
    FieldValue("acknowledged", "somebody is on it"),
    FieldValue("resolved", "dealt with"),
    FieldValue("dismissed", "marked safe"),
)

ALERT_FIELDS = FieldTable(
    of_what="alerts",
    fields=(
        Field(name="status", kind=Kind.CHOICE, help="where the alert stands", example="status:open", values=_STATUSES),
        Field(
            name="severity",
            kind=Kind.CHOICE,
            help="how severe the alert is",
            example="severity:high,critical",
            values=tuple(FieldValue(severity.value) for severity in reversed(AlertSeverity)),
        ),
        Field(
            name="type",
            kind=Kind.CHOICE,
            help="kind of alert",
            example="type:impossible_travel",
            values=tuple(FieldValue(kind.value) for kind in AlertType),
            aliases=("alert_type",),
        ),
        Field(
            name="detector",
            kind=Kind.NAME,
            help="detector that has a part in it",
            example="detector:credential_stuffing",
        ),
        Field(
            name="actor",
            kind=Kind.ID,
            help="id of whose account it is about",
            example="actor:usr_8841",
            aliases=("user", "actor_id"),
        ),
        Field(
            name="ip",
            kind=Kind.ADDRESS,
            help="address that it is about, or a network of addresses",
            example="ip:203.0.113.0/24",
            aliases=("address", "source_ip"),
        ),
        Field(
            name="assignee",
            kind=Kind.LABEL,
            help="e-mail address of who works on it",
            example="assignee:me",
            values=(FieldValue(ME, "yours"), FieldValue(NOBODY, "nobody's")),
        ),
    ),
    meta=None,
)
