"""`litesoc privacy find|export|erase ACTOR`: one person's data."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.table import Table

from litesoc_server.cli.console import err, fail, out, print_json, shown
from litesoc_server.cli.keys import Org, open_organization
from litesoc_server.cli.options import DataDir, Json, configure_data_dir
from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.runtime.data_dir import is_in_use

if TYPE_CHECKING:
    from litesoc_server.orgs.models import Organization
    from litesoc_server.privacy.models import Erasure
    from litesoc_server.store.actors import ActorNames
    from litesoc_server.store.base import EventStore
    from litesoc_server.stream.base import DeadLetters

Actor = Annotated[str, typer.Argument(help="Id or e-mail address of one actor, as events carry it.")]


def find(actor: Actor, org: Org = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Say what is held of one actor, and where."""
    with _looked_up(actor, org, data_dir) as (organization, actor_id, names, store, letters):
        from litesoc_server.privacy.find import held_of  # noqa: PLC0415 # needs Django set up

        held = held_of(organization, names, reader=store, letters=letters)
    if as_json:
        rows = [{**vars(one), "first_at": _iso(one.first_at), "last_at": _iso(one.last_at)} for one in held]
        print_json({"asked_for": actor_id, "names": msgspec.to_builtins(names), "held": rows})
        return
    out.print(f"Named as {', '.join(shown(name) for name in (*names.ids, *names.display_names, *names.addresses))}.")
    if names.others:
        others = ", ".join(map(shown, names.others))
        out.print(f"An e-mail address is shared with {others}: it is nobody's alone, so look each of them up.")
    if not held:
        out.print("Nothing that is stored names this actor.")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("Where", "Environment", "How many", "First (UTC)", "Last (UTC)"):
        table.add_column(column, overflow="fold")
    for one in held:
        table.add_row(one.place, one.environment or "", f"{one.count:,}", _minute(one.first_at), _minute(one.last_at))
    out.print(table)


def export(
    actor: Actor,
    file: Annotated[Path | None, typer.Argument(help="File to write; else standard output.", show_default=False)] = None,
    org: Org = None,
    data_dir: DataDir = None,
) -> None:
    """Write everything that names one actor as one JSON document."""
    with _looked_up(actor, org, data_dir) as (organization, actor_id, names, store, letters):
        from litesoc_server.audit.by import By  # noqa: PLC0415 # needs Django set up
        from litesoc_server.privacy.erasures import record_export  # noqa: PLC0415 # needs Django set up
        from litesoc_server.privacy.export import export_actor  # noqa: PLC0415 # needs Django set up

        record_export(organization, actor_id, by=By.operator())
        pieces = export_actor(organization, actor_id, names, reader=store, letters=letters)
        try:
            if file is None:
                sys.stdout.buffer.writelines(pieces)
                return
            with file.open("xb") as opened:
                opened.writelines(pieces)
        except FileExistsError:
            fail(f"{file} exists", "name another file: an export never overwrites one")
        except OSError as error:
            fail(f"{file} cannot be written: {error.strerror}", "name another file")
    err.print(f"Written to {shown(str(file))}.")


def erase(
    actor: Actor,
    confirm: Annotated[str | None, typer.Option("--confirm", help="The actor once more.", show_default=False)] = None,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Erase one actor everywhere. The server carries it out within some minutes; it cannot be undone."""
    organization = open_organization(org, data_dir)
    from litesoc_server.orgs.principals import Who  # noqa: PLC0415 # needs Django set up
    from litesoc_server.privacy.erasures import ask_to_erase  # noqa: PLC0415 # same
    from litesoc_server.privacy.find import ActorRefused  # noqa: PLC0415 # same

    if confirm is None:
        err.print("Events, sums and alerts of this actor are deleted, and the names taken out of all else, for good.")
        confirm = typer.prompt("Type the actor once more", err=True)
    try:
        erasure = ask_to_erase(organization, actor, typed=confirm, who=Who(by="operator", principal="operator"))
    except ActorRefused as refusal:
        fail(str(refusal), "`litesoc privacy erasures` lists what is under way")
    if as_json:
        print_json(_row(erasure))
        return
    out.print("It is being erased, while the server runs. `litesoc privacy erasures` says how far it is.")


def erasures(org: Org = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """List what was asked to be erased, and how far each has come."""
    organization = open_organization(org, data_dir)
    from litesoc_server.privacy.erasures import erasures_of  # noqa: PLC0415 # needs Django set up

    found = list(erasures_of(organization))
    if as_json:
        print_json([_row(one) for one in found])
        return
    if not found:
        out.print("Nobody was erased yet.")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("Asked for (UTC)", "By", "Actor", "How far"):
        table.add_column(column, overflow="fold")
    for one in found:
        who = one.reference if one.actor_id is None else one.actor_id
        table.add_row(_minute(one.asked_at), shown(one.asked_by), shown(who), one.get_step_display())
    out.print(table)


@contextmanager
def _looked_up(
    actor: str, org: str | None, data_dir: Path | None
) -> "Iterator[tuple[Organization, str, ActorNames, EventStore, DeadLetters]]":
    """Open what there is to look through; end the command where that cannot be, or nobody can be meant."""
    config = configure_data_dir(data_dir)
    organization = open_organization(org, data_dir)
    from litesoc_server.events.ids import OrgId  # noqa: PLC0415 # after Django is set up, with the rest
    from litesoc_server.privacy.find import ActorRefused, checked_actor  # noqa: PLC0415 # needs Django set up
    from litesoc_server.runtime.build import build_store, open_dead_letters  # noqa: PLC0415 # loads the engine
    from litesoc_server.store.base import StoreUnavailable  # noqa: PLC0415 # with it

    if config.events_url is None and is_in_use(config.data_dir):
        fail(
            "the embedded event store belongs to the running server",
            "use the page Settings, Retention and privacy, or GET /privacy/actors; or stop the server first",
        )
    store = build_store(config)
    try:
        actor_id = checked_actor(actor)
        store.open()
        with open_dead_letters(config) as letters:
            names = store.actor_names(org_id=OrgId(str(organization.pk)), actor_id=actor_id)
            yield organization, actor_id, names, store, letters
    except ActorRefused as refusal:
        fail(str(refusal), "correct it")
    except (StoreUnavailable, StreamUnavailable) as error:
        fail(str(error), "`litesoc doctor` says what is wrong")
    finally:
        store.close()


def _row(erasure: "Erasure") -> dict[str, object]:
    return {
        "id": str(erasure.pk),
        "actor": erasure.actor_id,
        "reference": erasure.reference,
        "step": erasure.step,
        "asked_at": _iso(erasure.asked_at),
        "asked_by": erasure.asked_by,
        "finished_at": _iso(erasure.finished_at),
        "counts": erasure.counts,
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _minute(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
