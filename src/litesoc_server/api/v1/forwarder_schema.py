"""What `/forwarders` takes and answers."""

from typing import Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from litesoc_server.api.v1.schemas import Meta
from litesoc_server.events.event import Severity
from litesoc_server.forwarding.access import State
from litesoc_server.forwarding.models import What


class ForwarderIn(Schema):
    """What is to be passed on, and where to."""

    model_config = ConfigDict(extra="forbid", strict=True)

    kind: str = Field(examples=["http"], description="`http`, `splunk_hec` or `syslog`.")
    name: str = Field(examples=["SIEM"])
    settings: dict[str, str] = Field(examples=[{"url": "https://collector.example/ingest", "token": "…"}])
    what: str = Field(default=What.BOTH.value, description="`events`, `alerts` or `both`.")
    severities: list[str] = Field(default=[], description="Of events; empty: all.")
    categories: list[str] = Field(default=[], description="Of events, e.g. `auth`; empty: all.")


class ForwarderChangeIn(Schema):
    """What is to be changed; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str | None = None
    settings: dict[str, str] | None = Field(
        default=None,
        description="Secrets that are left out or empty stay, unless the address changes: then one that is not required is "
        "removed, and one that is has to be given again.",
    )
    unset: list[str] = Field(
        default=[], max_length=20, description="Names of settings to remove, secrets too.", examples=[["token"]]
    )
    what: str | None = None
    severities: list[str] | None = None
    categories: list[str] | None = None
    is_paused: bool | None = Field(default=None, description="What comes in during a pause is sent after it.")


class ForwarderOut(Schema):
    """One forwarder of the key's environment."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    kind: str
    name: str
    what: What
    severities: list[Severity]
    categories: list[str]
    settings: dict[str, str | None] = Field(description="A secret that is set is null.")
    state: State
    lag_seconds: int = Field(description="For how long there has been more to send; it is never passed over.")
    sent_count: int
    last_sent_at: str | None = Field(json_schema_extra={"format": "date-time"})
    rejected_count: int = Field(description="Records that the other side will not take: they are passed over.")
    failures_count: int = Field(description="Attempts since the last success.")
    last_error: str
    last_error_at: str | None = Field(json_schema_extra={"format": "date-time"})
    retry_at: str | None = Field(json_schema_extra={"format": "date-time"})
    created_at: str = Field(json_schema_extra={"format": "date-time"})


class ForwarderAnswer(Schema):
    """One forwarder."""

    success: Literal[True] = True
    data: ForwarderOut
    meta: Meta


class ForwarderList(Schema):
    """All forwarders of the key's environment, by name."""

    success: Literal[True] = True
    data: list[ForwarderOut]
    meta: Meta


class RejectedOut(Schema):
    """One event, or one change of an alert, that the other side would not take."""

    record_id: str = Field(description="As the other side would have got it: `metadata.uid`.")
    event_id: str | None
    alert_id: str | None = Field(json_schema_extra={"format": "uuid"})
    reason: str
    at: str = Field(json_schema_extra={"format": "date-time"})


class RejectedList(Schema):
    """The newest hundred, the newest first."""

    success: Literal[True] = True
    data: list[RejectedOut]
    meta: Meta


class ForwarderTestOut(Schema):
    """What became of a test."""

    is_sent: bool
    event_id: str | None = Field(description="What to look for on the other side.")
    error: str


class ForwarderTestAnswer(Schema):
    """What became of a test."""

    success: Literal[True] = True
    data: ForwarderTestOut
    meta: Meta


class ForwarderGoneAnswer(Schema):
    """It is gone."""

    success: Literal[True] = True
    meta: Meta
