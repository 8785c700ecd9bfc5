"""What every question is limited to, one organisation: SQL with placeholders, beside the values for them."""

import msgspec

from litesoc_server.events.ids import OrgId


class Conditions(msgspec.Struct, frozen=True):
    """A WHERE clause and its values. There is no way to build one without an organisation."""

    sql: str
    values: dict[str, object]


def of_org(org_id: OrgId, *more: tuple[str, str, object]) -> Conditions:
    """Return the conditions for one organisation; each of ``more`` is (SQL with one placeholder, its name, its value)."""
    parts = ["org_id = {org_id:String}", *(sql for sql, _, _ in more)]
    return Conditions(" AND ".join(parts), {"org_id": org_id, **{name: value for _, name, value in more}})


def not_before(moment_ms: int) -> tuple[str, str, object]:
    """Return the condition that the event happened at ``moment_ms`` (Unix ms) or later."""
    return ("ts >= fromUnixTimestamp64Milli({not_before_ms:Int64}, 'UTC')", "not_before_ms", moment_ms)
