"""`litesoc explain EVENT_ID`: why a login has its score, whether it comes out again, and which alerts name the event."""

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.table import Table

from litesoc_server.cli.client import ApiClient
from litesoc_server.cli.console import fail, out, print_json, progress_bar, shown
from litesoc_server.cli.keys import Org, open_organization
from litesoc_server.cli.options import DataDir, Json, configure_data_dir
from litesoc_server.config import Config
from litesoc_server.runtime.data_dir import is_in_use

if TYPE_CHECKING:
    from collections.abc import Iterator

    from litesoc_server.alerts.models import Alert
    from litesoc_server.events.event import Event
    from litesoc_server.events.risk import Risk
    from litesoc_server.orgs.models import Organization

EVENTS_MAX = 1_000_000  # a minute or two of work
_DAY_MS = 86_400_000
_HELD = (
    "Not computed again: the embedded event store belongs to the running server. Stop it for that, or keep events in "
    "ClickHouse (LITESOC_EVENTS_URL)."
)


def explain(
    event_id: Annotated[str, typer.Argument(help="Id of an event, as `litesoc tail --json` and alerts show it.")],
    org: Org = None,
    days: Annotated[int, typer.Option(min=1, max=400, help="Go back so many days to compute the score again.")] = 180,
    max_events: Annotated[
        int, typer.Option("--max-events", min=1, max=EVENTS_MAX, help="And over so many events, the newest.")
    ] = 200_000,
    url: Annotated[
        str | None,
        typer.Option("--url", envvar="LITESOC_URL", help="Server to ask while it holds the store.", show_default=False),
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", envvar="LITESOC_API_KEY", help="API key for that.", show_default=False)
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Explain the risk score of a login, compute it again from the events before it, and name the alerts it is part of."""
    canonical = _canonical(event_id)
    config = configure_data_dir(data_dir)
    organization = open_organization(org, data_dir)
    if config.events_url is None and is_in_use(config.data_dir):
        answer = _from_server(canonical, organization, url, key)
    else:
        answer = _from_store(config, canonical, organization, days=days, max_events=max_events, is_quiet=as_json)
    if as_json:
        print_json(answer)
    else:
        _show(answer)


def _canonical(event_id: str) -> str:
    try:
        return str(uuid.UUID(event_id))
    except ValueError:
        fail(
            f"{event_id!r} is no event id",
            "an id looks like 0197c9a0-0000-7000-8000-000000000001; `litesoc tail --json` shows them",
        )


def _unknown(event_id: str, organization: "Organization") -> NoReturn:
    fail(
        f"organisation {organization.slug} has no event {event_id}",
        "check the id and --org; an event that was just sent is there a moment later",
    )


def _from_server(event_id: str, organization: "Organization", url: str | None, key: str | None) -> dict[str, Any]:
    """Read the event through the API of the server that holds the store; nothing can be computed again then."""
    if url is None or key is None:
        fail(
            "the event store is in use by the running server, so the event has to be asked of that",
            "give --url and --key (scope read), or set LITESOC_URL and LITESOC_API_KEY; or stop the server",
        )
    with ApiClient(url, key) as client:
        row = client.event(event_id)
    if row is None or row["org_id"] != str(organization.id):
        _unknown(event_id, organization)
    at_ms = round(datetime.fromisoformat(row["created_at"]).timestamp() * 1000)
    return {
        "event_id": event_id,
        "event_name": row["event_name"],
        "created_at": row["created_at"],
        "actor_id": row["actor_id"],
        "risk": row["risk"],
        "recomputed": None,
        "note": _HELD,
        "alerts": _alerts(organization, event_id, at_ms),
    }


def _from_store(
    config: Config, event_id: str, organization: "Organization", *, days: int, max_events: int, is_quiet: bool
) -> dict[str, Any]:
    from litesoc_server.events.ids import EventId, OrgId  # noqa: PLC0415 # beside the engine, which takes 0.5 s to load
    from litesoc_server.ingest.responses import iso_ms  # noqa: PLC0415 # same
    from litesoc_server.runtime.build import build_store  # noqa: PLC0415 # same
    from litesoc_server.store.base import StoreUnavailable  # noqa: PLC0415 # same

    store = build_store(config)
    try:
        store.open()
        event = store.get_event(org_id=OrgId(str(organization.id)), event_id=EventId(event_id), not_before_ms=None)
        if event is None:
            _unknown(event_id, organization)
        since_ms = max(event.occurred_at_ms - days * _DAY_MS, 0)
        events = store.history(until=event, since_ms=since_ms, limit=max_events)
        recomputed = _recomputed(event, events, max_events, is_quiet=is_quiet)
    except StoreUnavailable as error:
        fail(
            f"the event store cannot be read: {error}", "check LITESOC_EVENTS_URL or --data-dir; `litesoc doctor` says more"
        )
    finally:
        store.close()
    return {
        "event_id": event_id,
        "event_name": event.name,
        "created_at": iso_ms(event.occurred_at_ms),
        "actor_id": None if event.actor is None else event.actor.id,
        "risk": _risk(event.risk),
        "recomputed": recomputed,
        "note": None,
        "alerts": _alerts(organization, event_id, event.occurred_at_ms),
    }


def _recomputed(event: "Event", events: "Iterator[Event]", max_events: int, *, is_quiet: bool) -> dict[str, Any]:
    from litesoc_server.orgs.policies import OrgPolicyProvider  # noqa: PLC0415 # needs Django set up
    from litesoc_server.pipeline.risk.recompute import agree, recompute  # noqa: PLC0415 # loads the detectors

    with progress_bar(is_quiet=is_quiet) as progress:
        task = progress.add_task("Judging the events before it", total=None)
        found = recompute(event.event_id, events, OrgPolicyProvider(), lambda: progress.advance(task))
    return {
        "risk": _risk(found.risk),
        "agrees": agree(event.risk, found.risk),
        "earlier_events": found.earlier_events_count,
        "is_complete": found.earlier_events_count + 1 < max_events,
    }


def _risk(risk: "Risk | None") -> dict[str, Any] | None:
    if risk is None:
        return None
    contributions = [{"feature": one.feature, "text": one.text, "weight": one.weight} for one in risk.contributions]
    return {"score": risk.score, "log_ratio": risk.log_ratio, "contributions": contributions}


def _alerts(organization: "Organization", event_id: str, at_ms: int) -> list[dict[str, Any]]:
    from litesoc_server.alerts.access import alerts_naming  # noqa: PLC0415 # needs Django set up

    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return [_alert(alert, event_id) for alert in alerts_naming(organization, event_id=event_id, at=at)]


def _alert(alert: "Alert", event_id: str) -> dict[str, Any]:
    return {
        "id": str(alert.id),
        "severity": alert.severity,
        "status": alert.status,
        "title": alert.title,
        "is_trigger": alert.trigger_event_id == event_id,
        "detectors": [finding.detector for finding in alert.incident.findings],
        "reasons": list(alert.incident.reasons),
    }


def _show(answer: dict[str, Any]) -> None:
    out.print(
        f"[bold]{shown(answer['event_name'])}[/] of {shown(answer['actor_id'] or 'nobody')} at {shown(answer['created_at'])}"
    )
    risk, recomputed = answer["risk"], answer["recomputed"]
    if risk is None:
        out.print("No risk score is stored with it: only logins that succeed and name their actor get one.")
    else:
        out.print(f"Risk score [bold]{risk['score']}[/] of 100 (log ratio {risk['log_ratio']:+.3f}), made up of:")
        out.print(_table(risk, recomputed))
    if recomputed is not None:
        _show_recomputed(answer, recomputed)
    if answer["note"] is not None:
        out.print(f"[dim]{answer['note']}[/]")
    for alert in answer["alerts"]:
        part = "triggered" if alert["is_trigger"] else "is evidence of"
        out.print(
            f"It {part} the {alert['severity']} alert [bold]{shown(alert['title'])}[/] ({alert['status']}, {alert['id']}):"
        )
        for reason in alert["reasons"]:
            out.print(f"  - {shown(reason)}")
    if not answer["alerts"]:
        out.print("No alert names it.")


def _table(risk: dict[str, Any], recomputed: dict[str, Any] | None) -> Table:
    again = {} if recomputed is None or recomputed["risk"] is None else _weights(recomputed["risk"])
    table = Table(box=None, pad_edge=False)
    table.add_column("Weight", justify="right")
    if again:
        table.add_column("Again", justify="right")
    table.add_column("Feature")
    table.add_column("What", overflow="fold")
    for one in risk["contributions"]:
        computed = [f"{again[one['feature']]:+.3f}" if one["feature"] in again else "-"] if again else []
        table.add_row(f"{one['weight']:+.3f}", *computed, shown(one["feature"]), shown(one["text"]))
    return table


def _weights(risk: dict[str, Any]) -> dict[str, float]:
    return {one["feature"]: one["weight"] for one in risk["contributions"]}


def _show_recomputed(answer: dict[str, Any], recomputed: dict[str, Any]) -> None:
    again, events = recomputed["risk"], f"{recomputed['earlier_events']:,} events before it"
    if again is None:
        if answer["risk"] is not None:
            out.print(f"[yellow]From the {events} no score comes out: the policy passes over the event now.[/]")
        return
    result = f"{again['score']} (log ratio {again['log_ratio']:+.3f}) from the {events}"
    if recomputed["agrees"]:
        out.print(f"[green]Computed again: {result}. Both agree.[/]")
        return
    out.print(f"[yellow]Computed again: {result}. They differ.[/] The score of the moment may have known less, as after a")
    out.print("restart (which looks 7 days back), or a mark, a policy or a version that came later changes the result.")
    if not recomputed["is_complete"]:
        out.print("Not all events were looked at: raise --max-events.")
