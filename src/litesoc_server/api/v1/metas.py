"""The `meta` of answers: how much the caller's plan shows."""

from litesoc_server.api.caller import Caller
from litesoc_server.api.v1.schemas import ListMeta, Meta
from litesoc_server.ingest.responses import iso_ms
from litesoc_server.orgs.plans import PlanName


def one_meta(caller: Caller) -> Meta:
    """Return the `meta` of one object."""
    return Meta(
        plan=PlanName(caller.record.plan).value, retention_days=caller.record.retention_days, redacted=caller.is_redacted
    )


def list_meta(caller: Caller, *, max_limit: int) -> ListMeta:
    """Return the `meta` of a list."""
    cutoff = None if caller.not_before_ms is None else iso_ms(caller.not_before_ms)
    return ListMeta(**dict(one_meta(caller)), cutoff_date=cutoff, max_limit=max_limit)
