"""Shortening how long an organisation's rows are kept: those of events and of every sum that is kept of them."""

from collections.abc import Mapping

from litesoc_server.events.ids import OrgId
from litesoc_server.store.queries import Change, Read

# Table -> the moment that a row is kept from. Events last: as long as the sums are not done, there are events to say so.
_KEPT_FROM: Mapping[str, str] = {
    "places_hourly": "hour + INTERVAL 1 HOUR",
    "visitors": "start + toIntervalSecond(period_s)",
    "visits_daily": "toDateTime(day + 1, 'UTC')",
    "events_hourly": "hour + INTERVAL 1 HOUR",
    "events": "toDateTime(ts, 'UTC') + INTERVAL 1 SECOND",
}
_KEPT_TOO_LONG = "org_id = {org_id:String} AND expires_at > <from> + toIntervalDay({days:UInt32})"
_COUNT = "SELECT count() FROM <table> WHERE <too_long>"
# What is over goes at once; what is not gets its new end, and the engine's own expiry removes it then.
_REMOVE = "ALTER TABLE <table> DELETE WHERE <too_long> AND <from> + toIntervalDay({days:UInt32}) <= now()"
_SHORTEN = "ALTER TABLE <table> UPDATE expires_at = <from> + toIntervalDay({days:UInt32}) WHERE <too_long>"


def shorten_expiry(read: Read, change: Change, *, org_id: OrgId, days: int) -> int:
    """Keep no row of an organisation for more than ``days`` after it happened; return how many were kept longer.

    Doing it again goes on with what was begun and changes nothing else. Rows that are kept for less stay as they are. Raises
    StoreUnavailable; then some may be left.
    """
    values: dict[str, object] = {"org_id": org_id, "days": days}
    found = 0
    for table, kept_from in _KEPT_FROM.items():

        def filled(sql: str, table: str = table, kept_from: str = kept_from) -> str:
            return sql.replace("<too_long>", _KEPT_TOO_LONG).replace("<table>", table).replace("<from>", kept_from)

        ((count,),) = read(filled(_COUNT), values)
        if count:
            change(filled(_REMOVE), values)
            change(filled(_SHORTEN), values)
            found += count
    return found
