"""What `/notifications/channels` takes and answers."""

from typing import Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from litesoc_server.api.v1.deliveries import AttemptOut
from litesoc_server.api.v1.schemas import Meta, Moment
from litesoc_server.destinations.fields import VALUE_LENGTH_MAX
from litesoc_server.notify.models import NAME_LENGTH_MAX

_SETTINGS = (
    f"By the names of the kind's fields, see `GET /notifications/kinds`; at most {VALUE_LENGTH_MAX:,} characters each."
)


class ChannelIn(Schema):
    """A channel to add."""

    model_config = ConfigDict(extra="forbid", strict=True)

    kind: str = Field(max_length=20, examples=["webhook"])
    name: str = Field(max_length=NAME_LENGTH_MAX, examples=["On call"])
    settings: dict[str, str] = Field(
        max_length=20, description=_SETTINGS, examples=[{"url": "https://hooks.shop.example/litesoc"}]
    )


class ChannelChangeIn(Schema):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str | None = Field(default=None, max_length=NAME_LENGTH_MAX)
    settings: dict[str, str] | None = Field(
        default=None,
        max_length=20,
        description=f"{_SETTINGS} Secrets that are left out or empty stay, unless the server changes: then those that "
        "are not required are removed, and the others have to be given again.",
    )
    unset: list[str] = Field(
        default=[], max_length=20, description="Names of settings to remove, secrets too.", examples=[["token"]]
    )
    is_enabled: bool | None = None


class ReplayIn(Schema):
    """What to send again."""

    model_config = ConfigDict(extra="forbid", strict=True)

    since: Moment = Field(description="RFC 3339 with an offset.", examples=["2026-12-01T00:00:00Z"])


class FieldOut(Schema):
    """One thing that a kind of channel asks for."""

    name: str
    label: str
    help: str
    is_secret: bool
    is_required: bool


class KindOut(Schema):
    """One kind of channel."""

    id: str
    title: str
    fields: list[FieldOut]


class KindList(Schema):
    """Every kind."""

    success: Literal[True] = True
    data: list[KindOut]
    meta: Meta


class ChannelOut(Schema):
    """One channel, and how it is."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    kind: str
    name: str
    settings: dict[str, str | None] | None = Field(
        description="Secrets that are set are null. All of it is null where it cannot be decrypted. Without the scope "
        "`manage` a webhook's `url` is without its query."
    )
    is_enabled: bool
    disabled_reason: str = Field(description="Why the server switched it off; empty where people did.")
    health: Literal["off", "failing", "working", "unused"]
    created_at: Moment
    last_success_at: Moment | None
    last_failure_at: Moment | None
    last_failure: str
    failing_since: Moment | None
    failures_count: int = Field(description="Attempts since the last success.")
    pending_count: int = Field(description="Deliveries that wait.")
    left_out_count: int = Field(description="Notifications that were not kept, because too many waited.")


class NewChannelOut(ChannelOut):
    """A channel that was added just now."""

    webhook_secret: str | None = Field(description="What a webhook's HMAC signatures are verified with, `whsec_…`.")
    webhook_public_key: str | None = Field(description="What its Ed25519 signatures are verified with, `whpk_…`.")


class ChannelAnswer(Schema):
    """One channel."""

    success: Literal[True] = True
    data: ChannelOut
    meta: Meta


class NewChannelAnswer(Schema):
    """A channel with what its receiver needs."""

    success: Literal[True] = True
    data: NewChannelOut
    meta: Meta


class ChannelList(Schema):
    """All channels, by name."""

    success: Literal[True] = True
    data: list[ChannelOut]
    meta: Meta


class AttemptAnswer(Schema):
    """What came of one try."""

    success: Literal[True] = True
    data: AttemptOut
    meta: Meta


class ReplayOut(Schema):
    """How much is sent again."""

    deliveries_count: int


class ReplayAnswer(Schema):
    """How much is sent again."""

    success: Literal[True] = True
    data: ReplayOut
    meta: Meta
