"""`litesoc usage`: how much of the plan the month has used, through the public API."""

from rich.table import Table

from litesoc_server.cli.client import ApiClient
from litesoc_server.cli.console import out, print_json, shown
from litesoc_server.cli.options import Json, Key, Url

_DAYS_SHOWN = 7


def usage(url: Url, key: Key, as_json: Json = False) -> None:
    """Show the month's events, what they will probably come to, and the last days."""
    with ApiClient(url, key) as client:
        found = client.usage()
    if as_json:
        print_json(found)
        return
    limit = "unlimited" if found["limit"] is None else f"{found['limit']:,}"
    out.print(f"[bold]{found['used']:,}[/] of {limit} events in {found['month'][:7]}, plan {shown(found['plan'])}")
    if found["forecast"] is not None:
        out.print(f"Probably {found['forecast']['low']:,} to {found['forecast']['high']:,} by the end of the month.")
    refused = {code: requests for code, requests in found["refused"].items() if requests}
    for code, requests in refused.items():
        out.print(f"[yellow]{requests:,} requests refused: {shown(code)}[/]")
    if not found["is_complete"]:
        out.print("[yellow]The event store is away; the events of the last minutes are missing.[/]")
    table = Table(box=None, pad_edge=False)
    for column in ("Day", "Live", "Test"):
        table.add_column(column, justify="left" if column == "Day" else "right")
    for day in found["days"][-_DAYS_SHOWN:]:
        table.add_row(day["day"], f"{day['live']:,}", f"{day['test']:,}")
    out.print(table)
