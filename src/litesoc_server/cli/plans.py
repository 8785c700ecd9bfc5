"""`litesoc plans`: what the plans of this server include, and which one an organisation has."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from litesoc_server.audit.by import By
from litesoc_server.cli.console import fail, out, print_json, shown
from litesoc_server.cli.keys import Org, open_organization
from litesoc_server.cli.migrate import migrate_control_database
from litesoc_server.cli.options import DataDir, Json, configure_data_dir, set_up_django

if TYPE_CHECKING:
    from litesoc_server.orgs.plans import Feature, Plan, PlanName

app = typer.Typer(help="Limits and features of the plans, and which one an organisation has.", no_args_is_help=True)

NO_LIMIT = "unlimited"
AS_PLAN = "plan"

_Name = Annotated[str, typer.Argument(help="free, pro or enterprise.")]
_Events = Annotated[
    str | None, typer.Option("--monthly-events", help="Events a calendar month, or unlimited.", show_default=False)
]
_Rate = Annotated[str | None, typer.Option("--rate", help="Events a minute, or unlimited.", show_default=False)]
_Retention = Annotated[
    int | None, typer.Option("--retention-days", help="How long events and alerts are kept.", show_default=False)
]


@app.command("list")
def list_plans(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Show the plans with their limits and features."""
    _prepare(data_dir)
    from litesoc_server.orgs.plan_rows import is_changed, plans_in_force  # noqa: PLC0415 # needs Django set up

    plans = list(plans_in_force().values())
    if as_json:
        print_json([_row(plan) | {"is_changed": is_changed(plan)} for plan in plans])
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for plan in plans:
        changed = " (changed)" if is_changed(plan) else ""
        table.add_column(shown(f"{plan.title}{changed}"), overflow="fold")
    for title, field in (
        ("Name", "name"),
        ("Events a month", "monthly_events_limit"),
        ("Events a minute", "rate_limit_per_minute"),
        ("Retention, days", "retention_days"),
        ("Authorised origins", "origins_limit"),
        ("Alerts on an API page", "alerts_page_limit"),
    ):
        table.add_row(title, *(_limit_text(getattr(plan, field)) for plan in plans))
    for feature in _features():
        table.add_row(feature.value, *("yes" if feature in plan.features else "no" for plan in plans))
    out.print(table)


@app.command()
def edit(
    name: _Name,
    title: Annotated[str | None, typer.Option("--title", help="As people read it.", show_default=False)] = None,
    monthly_events: _Events = None,
    rate: _Rate = None,
    retention_days: _Retention = None,
    origins: Annotated[
        str | None, typer.Option("--origins", help="Authorised browser origins, or unlimited.", show_default=False)
    ] = None,
    alerts_page: Annotated[
        int | None, typer.Option("--alerts-page", help="Alerts on one page of the API.", show_default=False)
    ] = None,
    enable: Annotated[
        list[str] | None, typer.Option("--enable", help="A feature, as `plans list` shows it.", show_default=False)
    ] = None,
    disable: Annotated[list[str] | None, typer.Option("--disable", help="A feature.", show_default=False)] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Change a plan for all organisations that have it, within 5 seconds."""
    plan = _plan(name, data_dir)
    changes: dict[str, Any] = {
        field: _limit(option, text)
        for field, option, text in (
            ("monthly_events_limit", "--monthly-events", monthly_events),
            ("rate_limit_per_minute", "--rate", rate),
            ("origins_limit", "--origins", origins),
        )
        if text is not None
    }
    given = {"title": title, "retention_days": retention_days, "alerts_page_limit": alerts_page}
    changes |= {field: value for field, value in given.items() if value is not None}
    on, off = _named(enable), _named(disable)
    if not changes and not on and not off:
        fail("nothing was given to change", "`litesoc plans edit --help` lists what can be")
    _store(replace(plan, **changes, features=(plan.features | on) - off), as_json=as_json)


@app.command()
def reset(name: _Name, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Take back all that was changed of a plan."""
    plan = _plan(name, data_dir)
    from litesoc_server.orgs.plans import PLAN_DEFAULTS  # noqa: PLC0415 # needs Django set up

    _store(PLAN_DEFAULTS[plan.name], as_json=as_json)


@app.command()
def assign(
    name: _Name,
    monthly_events: Annotated[
        str | None,
        typer.Option("--monthly-events", help="Its own limit: a number, unlimited, or plan for the plan's."),
    ] = None,
    rate: Annotated[
        str | None, typer.Option("--rate", help="Events a minute: a number, unlimited, or plan for the plan's.")
    ] = None,
    retention_days: Annotated[
        str | None, typer.Option("--retention-days", help="A number of days, or plan for the plan's.")
    ] = None,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Give an organisation a plan, and limits of its own; those that are not named stay as they are."""
    organization = open_organization(org, data_dir)
    from django.core.exceptions import ValidationError  # noqa: PLC0415 # needs Django set up

    from litesoc_server.orgs.plan_assignment import OwnLimits, assign_plan  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.plan_rows import plan_of  # noqa: PLC0415 # needs Django set up

    limits = OwnLimits(
        monthly_events=_own("--monthly-events", monthly_events, organization.monthly_events_override),
        rate_per_minute=_own("--rate", rate, organization.rate_per_minute_override),
        retention_days=_own("--retention-days", retention_days, organization.retention_days_override, has_end=True),
    )
    try:
        assign_plan(organization, _plan_name(name), limits, by=By.operator())
    except ValidationError as error:
        fail(" ".join(error.messages), "correct it; nothing was changed")
    plan = plan_of(organization)
    if as_json:
        print_json({"org": organization.slug} | _row(plan))
    else:
        events, per_minute = _limit_text(plan.monthly_events_limit), _limit_text(plan.rate_limit_per_minute)
        out.print(
            f"{shown(organization.name)} has the plan {shown(plan.title)}: {events} events a month, "
            f"{per_minute} a minute, kept for {plan.retention_days} days."
        )


def _prepare(data_dir: DataDir) -> None:
    configure_data_dir(data_dir)
    set_up_django()
    migrate_control_database()


def _plan(name: str, data_dir: DataDir) -> "Plan":
    _prepare(data_dir)
    from litesoc_server.orgs.plan_rows import plans_in_force  # noqa: PLC0415 # needs Django set up

    return plans_in_force()[_plan_name(name)]


def _plan_name(text: str) -> "PlanName":
    from litesoc_server.orgs.plans import PlanName  # noqa: PLC0415 # needs Django set up

    try:
        return PlanName(text.strip().lower())
    except ValueError:
        fail(f"{text!r} is not a plan", f"use one of {', '.join(PlanName)}; clients know no others")


def _store(plan: "Plan", *, as_json: bool) -> None:
    from django.core.exceptions import ValidationError  # noqa: PLC0415 # needs Django set up

    from litesoc_server.orgs.plan_rows import set_plan  # noqa: PLC0415 # needs Django set up

    try:
        set_plan(plan, by=By.operator())
    except ValidationError as error:
        texts = [f"{field}: {' '.join(problems)}" for field, problems in error.message_dict.items()]
        fail("\n".join(texts), "correct it; nothing was changed")
    if as_json:
        print_json(_row(plan))
    else:
        out.print(f"The plan {shown(plan.title)} is changed, everywhere within 5 seconds.")


def _features() -> tuple["Feature", ...]:
    from litesoc_server.orgs.plans import Feature  # noqa: PLC0415 # needs Django set up

    return tuple(Feature)


def _named(names: list[str] | None) -> frozenset["Feature"]:
    known = {feature.value: feature for feature in _features()}
    unknown = [name for name in names or [] if name not in known]
    if unknown:
        fail(f"{', '.join(unknown)} is no feature", f"use one of {', '.join(known)}")
    return frozenset(known[name] for name in names or [])


def _limit(option: str, text: str) -> int | None:
    if text.strip().lower() == NO_LIMIT:
        return None
    if not (text.isascii() and text.isdigit()):
        fail(f"{option}: {text!r} is no number", f"write a number or {NO_LIMIT}")
    return int(text)


def _own(option: str, text: str | None, now: int | None, *, has_end: bool = False) -> int | None:
    """Return an organisation's own limit as it is stored: None where the plan's holds, 0 for none at all."""
    if text is None:
        return now
    if text.strip().lower() == AS_PLAN:
        return None
    limit = _limit(option, text)
    if limit is None and has_end:
        fail(f"{option}: everything has an end here", f"write a number of days or {AS_PLAN}")
    return 0 if limit is None else limit


def _limit_text(value: object) -> str:
    if value is None:
        return NO_LIMIT
    return f"{value:,}" if isinstance(value, int) else str(value)


def _row(plan: "Plan") -> dict[str, Any]:
    return {
        "name": plan.name.value,
        "title": plan.title,
        "monthly_events_limit": plan.monthly_events_limit,
        "rate_limit_per_minute": plan.rate_limit_per_minute,
        "retention_days": plan.retention_days,
        "origins_limit": plan.origins_limit,
        "alerts_page_limit": plan.alerts_page_limit,
        "features": sorted(plan.features),
    }
