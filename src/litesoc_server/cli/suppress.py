"""`litesoc suppress`: keep certain detections from becoming alerts for a while."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from litesoc_server.cli.console import fail, out, print_json, shown
from litesoc_server.cli.durations import DurationUnreadable, duration_ms
from litesoc_server.cli.keys import Org, open_organization
from litesoc_server.cli.options import DataDir, Json
from litesoc_server.cli.policy import operator

if TYPE_CHECKING:
    from litesoc_server.orgs.models import Suppression

app = typer.Typer(help="Keep certain detections from becoming alerts for a while.", no_args_is_help=True)


@app.command()
def add(
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    lasts: Annotated[str, typer.Option("--for", help="How long: 2h, 7d; at most 366d.")],
    detector: Annotated[str | None, typer.Option("--detector", help="Id of a detector.", show_default=False)] = None,
    actor: Annotated[str | None, typer.Option("--actor", help="Id of an actor.", show_default=False)] = None,
    address: Annotated[str | None, typer.Option("--address", help="Address or CIDR range.", show_default=False)] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Who answers for it; else you.", show_default=False)] = None,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Suppress what matches all of --detector, --actor and --address that are given."""
    organization = open_organization(org, data_dir)
    from litesoc_server.orgs.policy_values import PolicyInvalid  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.suppressions import create_suppression  # noqa: PLC0415 # needs Django set up

    who = operator()
    try:
        expires_at = datetime.now(UTC) + timedelta(milliseconds=duration_ms(lasts))
        made = create_suppression(
            organization,
            owner=owner or who.by,
            reason=reason,
            expires_at=expires_at,
            detector=detector,
            actor=actor,
            address=address,
            who=who,
        )
    except DurationUnreadable as error:
        fail(f"--for: {error}", "write it as 90m, 12h or 7d")
    except OverflowError:
        fail(f"--for: {lasts} ends after the year 9999", "write 366d or less")
    except PolicyInvalid as error:
        fail("\n".join(problem.text for problem in error.problems), "correct it; nothing was suppressed")
    if as_json:
        print_json(_row(made))
    else:
        out.print(f"Suppression {made.id} is in force within 5 seconds, until {made.expires_at:%Y-%m-%d %H:%M} UTC.")


@app.command("list")
def list_suppressions(
    with_past: Annotated[bool, typer.Option("--all", help="With those that expired or were ended.")] = False,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List suppressions with how often they were hit."""
    organization = open_organization(org, data_dir)
    from litesoc_server.orgs.access import visible_suppressions  # noqa: PLC0415 # needs Django set up

    found = visible_suppressions(organization, state=None if with_past else "active")
    rows = [_row(suppression) for suppression in found]
    if as_json:
        print_json(rows)
        return
    if not rows:
        out.print("There are no suppressions." if with_past else "No suppression is in force; --all shows past ones.")
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("Id", no_wrap=True)  # whole on one line, so that it can be copied to `suppress end`
    for column in ("State", "Matches", "Reason", "Owner", "Until", "Hits"):
        table.add_column(column, overflow="fold")
    for row in rows:
        matches = ", ".join(f"{name} {row[name]}" for name in ("detector", "actor_id", "address") if row[name])
        cells = (row["id"], row["state"], matches, row["reason"], row["owner"], row["expires_at"][:10], row["hit_count"])
        table.add_row(*(shown(str(cell)) for cell in cells))
    out.print(table)


@app.command()
def end(
    suppression_id: Annotated[str, typer.Argument(help="Id, as `litesoc suppress list` shows it.")],
    org: Org = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """End a suppression before its time. It stays in the list."""
    organization = open_organization(org, data_dir)
    from litesoc_server.orgs.access import get_suppression  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.models import Suppression  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.suppressions import end_suppression  # noqa: PLC0415 # needs Django set up

    try:
        suppression = get_suppression(organization, suppression_id)
    except Suppression.DoesNotExist:
        fail(f"there is no suppression with the id {suppression_id}", "`litesoc suppress list --all` shows the ids")
    ended = end_suppression(suppression, who=operator())
    if as_json:
        print_json(_row(ended))
    else:
        out.print(f"Suppression {ended.id} is {ended.state}: it does nothing any more within 5 seconds.")


def _row(suppression: "Suppression") -> dict[str, Any]:
    return {
        "id": str(suppression.id),
        "state": suppression.state,
        "detector": suppression.detector,
        "actor_id": suppression.actor_id,
        "address": suppression.address,
        "reason": suppression.reason,
        "owner": suppression.owner,
        "created_at": suppression.created_at.isoformat(),
        "expires_at": suppression.expires_at.isoformat(),
        "hit_count": suppression.hit_count,
        "last_hit_at": None if suppression.last_hit_at is None else suppression.last_hit_at.isoformat(),
    }
