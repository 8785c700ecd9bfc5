"""`litesoc tail`: new events and alerts as lines in the terminal, through the public API."""

import time
from collections import deque
from typing import Annotated, Any

import typer

from litesoc_server.cli.client import ApiClient
from litesoc_server.cli.console import err, out, print_json, shown
from litesoc_server.cli.options import Json, Key, Url

REMEMBERED_MAX = 10_000  # ids kept so that nothing is shown twice
_COLOURS = {"critical": "bold red", "high": "red", "warning": "yellow", "medium": "yellow", "low": "cyan", "info": "dim"}


class _News:
    """Tells what of a newest-first list was not there before."""

    def __init__(self) -> None:
        self._shown: set[str] = set()
        self._order: deque[str] = deque()

    def of(self, rows: list[dict[str, Any]], mark: str) -> list[dict[str, Any]]:
        fresh = [row for row in reversed(rows) if f"{row['id']}{row[mark]}" not in self._shown]
        for row in fresh:
            self._shown.add(f"{row['id']}{row[mark]}")
            self._order.append(f"{row['id']}{row[mark]}")
            if len(self._order) > REMEMBERED_MAX:
                self._shown.discard(self._order.popleft())
        return fresh


def tail(
    url: Url,
    key: Key,
    last: Annotated[int, typer.Option(min=0, max=100, help="Show this many of the past first.")] = 10,
    interval_s: Annotated[float, typer.Option("--interval", min=0.2, help="Seconds between looks.")] = 1.0,
    as_json: Json = False,
) -> None:
    """Show events and alerts as they arrive. Ends with Ctrl-C."""
    events, alerts = _News(), _News()
    with ApiClient(url, key) as client:
        skip = True
        if not as_json:
            err.print(f"[dim]Watching {shown(url)}. Ctrl-C ends.[/]")
        try:
            while True:
                # Newest first in pages of 100; more than that between two looks is summed up, not shown line by line.
                new_events = events.of(client.events(limit=100), "created_at")
                new_alerts = alerts.of(client.alerts(limit=100), "updated_at")
                if skip:
                    new_events, new_alerts, skip = (
                        new_events[-last:] if last else [],
                        new_alerts[-last:] if last else [],
                        False,
                    )
                _show(new_events, new_alerts, as_json=as_json)
                time.sleep(interval_s)
        except KeyboardInterrupt:
            raise typer.Exit from None


def _show(events: list[dict[str, Any]], alerts: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        for kind, rows in (("event", events), ("alert", alerts)):
            for row in rows:
                print_json({"kind": kind, **row})
        return
    for event in events:
        place = ", ".join(part for part in (event.get("city"), event.get("country_code")) if part)
        out.print(
            f"[dim]{shown(event['created_at'][11:19])}[/] [{_COLOURS[event['severity']]}]{shown(event['event_name']):30}[/] "
            f"{shown(event['actor_id'] or '-'):24} {shown(event['user_ip'] or '-'):24} [dim]{shown(place)}[/]"
        )
    for alert in alerts:
        colour = _COLOURS[alert["severity"]]
        out.print(f"[{colour}]▲ {alert['severity'].upper():8} {shown(alert['title'])}[/] [dim]({shown(alert['status'])})[/]")
