"""What the tools answer as data, beside the text: each has an output schema that clients can read."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from litesoc_server.mcp_server.fence import NOTE


class _Shape(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="ignore")


class Answer(_Shape):
    """What every answer begins with."""

    summary: str
    note: str = Field(default=NOTE, description="How to treat the rest.")


class AlertRow(_Shape):
    """One alert in a list."""

    id: str
    severity: str
    title: str
    alert_type: str
    status: str
    actor_id: str | None = None
    source_ip: str | None = None
    created_at: str
    description: str | None = None


class EventRow(_Shape):
    """One event in a list."""

    id: str
    event_name: str
    severity: str
    actor_id: str | None = None
    user_ip: str | None = None
    city: str | None = None
    country_code: str | None = None
    created_at: str
    is_vpn: bool | None = None
    is_tor: bool | None = None
    is_proxy: bool | None = None
    is_datacenter: bool | None = None
    risk_score: int | None = Field(default=None, description="0 to 100; of logins that succeeded.")
    metadata: dict[str, Any] = Field(default_factory=dict[str, Any])


class AlertPage(Answer):
    """Alerts, newest first."""

    alerts: list[AlertRow]
    total: int = Field(description="How many match.")
    next_offset: int | None = Field(description="Where the next page begins; null on the last.")


class EventPage(Answer):
    """Events, newest first."""

    events: list[EventRow]
    total: int = Field(description="How many match.")
    next_offset: int | None = Field(description="Where the next page begins; null on the last.")


class AlertAnalysis(Answer):
    """One alert with everything that is known."""

    alert: dict[str, Any]
    map_url: str | None = Field(description="A map of where it came from; built from the server's own coordinates.")


class AlertExplanation(Answer):
    """Why there is an alert, and what speaks against it."""

    alert: AlertRow
    reasons: list[str]
    facts: list[dict[str, Any]] = Field(description="The numbers, each beside the threshold it was held against.")
    ruled_out: list[str] = Field(description="Benign causes that were checked and do not explain it.")
    could_also_be: list[str] = Field(description="Benign behaviour that looks like it and was not ruled out.")
    suggested_actions: list[str]
    accounts_entered: list[str] = Field(description="Actors whose accounts somebody may have got into.")
    login_risk: dict[str, Any] | None = Field(description="Score of the login that triggered it, with its parts.")
    actor_risk: dict[str, Any] | None = Field(description="Score of the actor today, with its parts.")


class ActorTimeline(Answer):
    """What one actor did, newest first, with its risk and alerts."""

    actor_id: str
    risk: dict[str, Any] | None
    alerts: list[AlertRow]
    events: list[EventRow]
    total_events: int
    next_offset: int | None


class Resolution(Answer):
    """A decision on an alert."""

    alert_id: str
    status: str
    resolution_type: str | None
    resolved_by: str | None
    resolved_at: str | None


class SuppressionProposal(Answer):
    """A suppression that a person may make, or one that was made."""

    is_created: bool
    id: str | None = None
    suppression: dict[str, Any] = Field(description="The body for POST /detection/suppressions.")
    open_alerts_matching: int = Field(description="Open alerts about the same now; they stay.")
    is_broad: bool = Field(description="Whether it names neither an actor nor an address.")
