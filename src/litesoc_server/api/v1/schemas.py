"""Shapes that all resources share: times, pages, errors."""

from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field

from litesoc_server.ingest.responses import ErrorCode
from litesoc_server.search.parse import TEXT_LENGTH_MAX as QUERY_LENGTH_MAX

OFFSET_MAX = 10_000_000  # rows; beyond it a list is asked by narrower filters
TEXT_LENGTH_MAX = 1_000  # characters of a filter; nothing that is stored is longer

PlanText = Literal["free", "pro", "enterprise"]
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]  # as `iso_utc` writes it
FilterText = Annotated[str, Field(max_length=TEXT_LENGTH_MAX)]
QueryText = Annotated[str, Field(max_length=QUERY_LENGTH_MAX)]
Limit = Annotated[int, Field(ge=1, description="Rows per page; more than `meta.max_limit` is cut to it.")]
Offset = Annotated[int, Field(ge=0, le=OFFSET_MAX, description="Rows to pass over.")]


class Pagination(Schema):
    """Where in the list a page is."""

    total: int = Field(description="Rows that match, within the retention.")
    limit: int
    offset: int
    has_more: bool


class Meta(Schema):
    """How much of it the plan shows."""

    plan: PlanText
    retention_days: int | None
    redacted: bool = Field(description="Whether places and networks are withheld by the plan.")


class ListMeta(Meta):
    """The same for a list."""

    cutoff_date: str | None = Field(description="The oldest visible moment.", json_schema_extra={"format": "date-time"})
    max_limit: int = Field(description="The largest page.")


class ChangeMeta(Schema):
    """The same for a change."""

    plan: PlanText
    retention_days: int | None


class FieldError(Schema):
    """One mistake."""

    field: str
    message: str


class LockedOutOut(Schema):
    """Somebody whom an allow-list leaves out."""

    key_id: str | None = Field(description="A key that was used from there within a day; null: the caller.")
    address: str


class ErrorBody(Schema):
    """Every error, of any status."""

    success: Literal[False]
    error: str = Field(description="For people: what is wrong and what to do.")
    message: str = Field(description="The same text.")
    code: ErrorCode
    required_scope: str | None = Field(default=None, description="With FORBIDDEN: the scope that the key lacks.")
    required_plan: str | None = Field(default=None, description="With PLAN_RESTRICTED: the smallest plan that includes it.")
    upgrade_url: str | None = None
    upgrade_link: str | None = None
    error_id: str | None = Field(default=None, description="With SERVER_ERROR: what to look for in the server's log.")
    errors: list[FieldError] | None = Field(default=None, description="Where several things can be wrong: every mistake.")
    position: int | None = Field(default=None, description="With a mistake in `query`: characters before it.")
    length: int | None = Field(default=None, description="With a mistake in `query`: its length in characters.")
    locked_out: list[LockedOutOut] | None = Field(default=None, description="With WOULD_LOCK_OUT: whom the list leaves out.")
    version: int | None = Field(default=None, description="With POLICY_CONFLICT: what the policy is at now.")
    retry_after: int | None = Field(default=None, description="With 429 and 503: seconds, as in Retry-After.")


READ_ERRORS: dict[int, Any] = dict.fromkeys((400, 401, 403, 404, 429, 500, 503), ErrorBody)
CHANGE_ERRORS: dict[int, Any] = {**READ_ERRORS, **dict.fromkeys((408, 409, 413), ErrorBody)}
