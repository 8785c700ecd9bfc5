"""`litesoc privacy`: how long an organisation keeps things, and what is taken out of its events."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from litesoc_server.audit.by import By
from litesoc_server.cli.actor_data import erase, erasures, export, find
from litesoc_server.cli.console import fail, out, print_json, shown
from litesoc_server.cli.keys import Org, open_organization
from litesoc_server.cli.options import DataDir, Json

if TYPE_CHECKING:
    from litesoc_server.orgs.models import Organization

app = typer.Typer(help="How long things are kept, what is taken out of events, and one person's data.", no_args_is_help=True)
for command in (find, export, erase, erasures):
    app.command()(command)


@app.command()
def show(org: Org = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Show what an organisation decided."""
    _print(open_organization(org, data_dir), as_json=as_json)


@app.command("set")
def set_(
    retention_days: Annotated[
        int | None, typer.Option("--retention-days", help="Fewer days delete what is older.", show_default=False)
    ] = None,
    redact: Annotated[
        list[str] | None,
        typer.Option("--redact", help="A key of the metadata; replaces those there are.", show_default=False),
    ] = None,
    redact_nothing: Annotated[bool, typer.Option("--redact-nothing", help="Redact no key any more.")] = False,
    cut_addresses: Annotated[
        bool | None, typer.Option("--cut-addresses/--whole-addresses", help="Store the network in place of the address.")
    ] = None,
    is_sure: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Change what an organisation decided; what is not given stays as it is."""
    organization = open_organization(org, data_dir)
    from litesoc_server.orgs.privacy import (  # noqa: PLC0415 # needs Django set up
        PrivacyRefused,
        checked_days,
        checked_keys,
        privacy_of,
        set_privacy,
        set_retention,
    )

    now = privacy_of(organization)
    keys = () if redact_nothing else now.redacted_keys if redact is None else tuple(redact)
    cuts = now.truncates_addresses if cut_addresses is None else cut_addresses
    try:
        checked_keys(keys)
        if retention_days is not None:
            checked_days(organization, retention_days)
            _ask(organization, retention_days, is_sure=is_sure)
            set_retention(organization, retention_days, by=By.operator())
        set_privacy(organization, redacted_keys=keys, truncates_addresses=cuts, by=By.operator())
    except PrivacyRefused as refusal:
        fail(str(refusal), "correct it; nothing was changed")
    _print(organization, as_json=as_json)


def _ask(organization: "Organization", days: int, *, is_sure: bool) -> None:
    """Say what fewer days would delete. Events are counted by the server alone: a running one has the store."""
    from litesoc_server.alerts.expiry import expired_alerts_count  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.plan_rows import plan_of  # noqa: PLC0415 # needs Django set up

    if is_sure or days >= plan_of(organization).retention_days:
        return
    alerts = expired_alerts_count(organization, before=datetime.now(UTC) - timedelta(days=days))
    typer.confirm(
        f"All events of more than {days} days ago and {alerts:,} alerts will be deleted for good. Go on?",
        abort=True,
        err=True,
    )


def _print(organization: "Organization", *, as_json: bool) -> None:
    from litesoc_server.orgs.plan_rows import plan_of  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.privacy import most_days, privacy_of  # noqa: PLC0415 # needs Django set up

    found = privacy_of(organization)
    row: dict[str, Any] = {
        "org": organization.slug,
        "retention_days": plan_of(organization).retention_days,
        "retention_days_max": most_days(organization),
        "redacted_keys": list(found.redacted_keys),
        "truncates_addresses": found.truncates_addresses,
    }
    if as_json:
        print_json(row)
        return
    keys = ", ".join(shown(key) for key in found.redacted_keys) or "none"
    out.print(f"Kept for {row['retention_days']} days; the plan includes {row['retention_days_max']}.")
    out.print(f"Redacted keys of the metadata: {keys}. Addresses: {'cut' if found.truncates_addresses else 'whole'}.")
