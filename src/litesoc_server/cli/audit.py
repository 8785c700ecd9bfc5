"""`litesoc audit`: read the audit log, take it away, and prove that nobody has tampered with it."""

import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from litesoc_server.cli.console import err, fail, out, print_json, shown
from litesoc_server.cli.keys import Org, open_organization
from litesoc_server.cli.migrate import migrate_control_database
from litesoc_server.cli.options import DataDir, Json, configure_data_dir, set_up_django

if TYPE_CHECKING:
    from litesoc_server.audit.reading import ReadEntry
    from litesoc_server.audit.verify import Verdict

app = typer.Typer(help="Read, export and verify the audit log.", no_args_is_help=True)

Installation = Annotated[
    bool, typer.Option("--installation", help="The log of acts that concern no single organisation, such as backups.")
]


@app.command("list")
def list_entries(
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="The newest so many.")] = 50,
    action: Annotated[str | None, typer.Option("--action", help="Name of an action.", show_default=False)] = None,
    who: Annotated[str | None, typer.Option("--who", help="A part of who acted.", show_default=False)] = None,
    installation: Installation = False,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List the newest entries."""
    org_id = _log_of(org, data_dir, is_installation=installation)
    from litesoc_server.audit.listing import Wanted, entries  # noqa: PLC0415 # needs Django set up
    from litesoc_server.audit.reading import read_entries  # noqa: PLC0415 # needs Django set up

    wanted = Wanted(actions=() if action is None else (action,), who=who)
    found = read_entries(org_id, entries(org_id, wanted)[:limit])
    if as_json:
        print_json([_row(entry) for entry in found])
        return
    if not found:
        out.print("There is no such entry.")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("No.", "At (UTC)", "Who", "What", "Target", "Address"):
        table.add_column(column, overflow="fold")
    for entry in found:
        target = entry.target.text if entry.target.is_there else entry.target_id or ""
        address = entry.address.text if entry.address.is_there else ""
        cells = (str(entry.seq), f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.who, entry.action, target, address)
        table.add_row(*map(shown, cells))
    out.print(table)


@app.command()
def export(
    file: Annotated[Path | None, typer.Argument(help="File to write; else standard output.", show_default=False)] = None,
    installation: Installation = False,
    org: Org = None,
    data_dir: DataDir = None,
) -> None:
    """Write the whole log as JSON lines that `litesoc audit verify` checks anywhere."""
    org_id = _log_of(org, data_dir, is_installation=installation)
    from litesoc_server.audit.by import By  # noqa: PLC0415 # needs Django set up
    from litesoc_server.audit.export import exported, start_export  # noqa: PLC0415 # needs Django set up
    from litesoc_server.audit.keys import KeyUnusable  # noqa: PLC0415 # needs Django set up

    try:
        pieces = exported(start_export(org_id, by=By.operator(), what="jsonl"))
        if file is None:
            sys.stdout.buffer.writelines(pieces)
            return
        with file.open("xb") as opened:
            opened.writelines(pieces)
    except KeyUnusable as error:
        fail(str(error), "bring the file audit_key back from a backup")
    except FileExistsError:
        fail(f"{file} exists", "name another file: an export never overwrites one")
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}", "name another file")
    err.print(f"Written to {shown(str(file))}. Check it anywhere: litesoc audit verify {shown(str(file))}")


@app.command()
def verify(
    file: Annotated[Path | None, typer.Argument(help="An export; else the log in the database.", show_default=False)] = None,
    key: Annotated[
        list[str] | None,
        typer.Option("--key", help="Public key that you trust, of `litesoc audit keys`; can be given again."),
    ] = None,
    installation: Installation = False,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Look for anything that was changed, removed, put in or moved; exit code 1 if there is.

    A file is checked offline, without a server or its data.
    """
    known = _known(key or [])
    if file is not None:
        _verify_file(file, known, as_json=as_json)
        return
    org_id = _log_of(org, data_dir, is_installation=installation)
    from litesoc_server.audit.database_check import verify_database  # noqa: PLC0415 # needs Django set up
    from litesoc_server.audit.keys import KeyUnusable  # noqa: PLC0415 # needs Django set up

    try:
        verdict = verify_database(org_id, known)
    except KeyUnusable as error:
        fail(str(error), "bring the file audit_key back from a backup")
    _tell(verdict, as_json=as_json)


@app.command()
def keys(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the public keys that sign checkpoints, newest last. Keep them elsewhere, for `verify --key`."""
    _prepare(data_dir)
    from litesoc_server.audit.keys import KeyUnusable, public_keys, signing_key  # noqa: PLC0415 # needs Django set up

    try:
        current = signing_key().key_id
    except KeyUnusable as error:
        fail(str(error), "bring the file audit_key back from a backup")
    rows = [
        {
            "id": one.key_id,
            "public_key": one.public_key,
            "made_at": one.made_at.isoformat(),
            "follows": one.endorsed_by,
            "signs_now": one.key_id == current,
        }
        for one in public_keys()
    ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        follows = f", follows {row['follows']}" if row["follows"] else ""
        out.print(f"{row['public_key']}  [dim]{row['id']}{follows}{', signs now' if row['signs_now'] else ''}[/]")


@app.command("rotate-key")
def rotate(data_dir: DataDir = None) -> None:
    """Let a new key sign from now on. The one before it vouches for it, so what it signed stays valid."""
    _prepare(data_dir)
    from litesoc_server.audit.by import By  # noqa: PLC0415 # needs Django set up
    from litesoc_server.audit.keys import KeyUnusable, rotate_key  # noqa: PLC0415 # needs Django set up

    try:
        seed = rotate_key(by=By.operator())
    except KeyUnusable as error:
        fail(str(error), "bring the file audit_key back from a backup")
    if seed is None:
        out.print("A new key signs from now on. See `litesoc audit keys`.")
        return
    out.print(seed, markup=False)
    err.print("Make this the value of LITESOC_AUDIT_KEY, then restart every server: until then the old one signs.")


@app.command()
def retention(
    days: Annotated[str, typer.Argument(help='Days, or "forever".')],
    org: Org = None,
    data_dir: DataDir = None,
) -> None:
    """Say how long the log is kept, apart from events. It is kept for good unless you say otherwise."""
    org_id = _log_of(org, data_dir, is_installation=False)
    from litesoc_server.audit.by import By  # noqa: PLC0415 # needs Django set up
    from litesoc_server.audit.retention import RetentionRefused, set_retention  # noqa: PLC0415 # needs Django set up

    if days != "forever" and not days.isdecimal():
        fail(f"{days!r} is no number of days", 'give days, such as 365, or "forever"')
    try:
        set_retention(org_id, None if days == "forever" else int(days), by=By.operator())
    except RetentionRefused as error:
        fail(str(error), 'give days, such as 365, or "forever"')
    out.print("The audit log is kept for good." if days == "forever" else f"The audit log is kept for {int(days):,} days.")


def _verify_file(file: Path, known: list[str], *, as_json: bool) -> None:
    from litesoc_server.audit.file_check import NotAnExport, verify_file  # noqa: PLC0415 # only this command needs it

    try:
        with file.open("rb") as opened:
            found = verify_file(opened, known)
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}", "name an export of the audit log")
    except NotAnExport as error:
        fail(str(error), "name a file of `litesoc audit export`, or of the dashboard's export as JSON lines")
    if not as_json:
        out.print(f"Audit log of organisation {shown(found.org)}, exported {shown(found.exported_at)}")
        if not found.is_key_known:
            out.print(
                f"Sealed with key {shown(found.sealed_by)}. Whether that is the server's tells `litesoc audit keys` there: "
                "give it with --key."
            )
    _tell(found.verdict, as_json=as_json)


def _tell(verdict: "Verdict", *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "is_sound": verdict.is_sound,
                "problems": [{"entry": one.seq, "text": one.text} for one in verdict.problems],
                "entries": verdict.entries_count,
                "first": verdict.first_seq,
                "last": verdict.last_seq,
                "signed_up_to": verdict.signed_seq,
                "erased_values": verdict.erased_count,
            }
        )
    elif verdict.is_sound:
        out.print(f"[green]Sound:[/] {_extent(verdict)}")
    else:
        out.print("[bold red]Tampered with, or damaged:[/]")
        for problem in verdict.problems:
            out.print(f"- {shown(str(problem))}")
    if not verdict.is_sound:
        raise typer.Exit(1)


def _extent(verdict: "Verdict") -> str:
    if verdict.entries_count == 0:
        return "the log is empty."
    count, first, last = verdict.entries_count, verdict.first_seq, verdict.last_seq
    many = f"{count:,} entries, {first} to {last}, each as it was recorded"
    entries = "1 entry, as it was recorded" if count == 1 else many
    signed = f"signed up to entry {verdict.signed_seq}" if verdict.signed_seq else "not signed yet"
    erased = f"; {verdict.erased_count:,} values were erased" if verdict.erased_count else ""
    return f"{entries}; {signed}{erased}."


def _known(keys: list[str]) -> list[str]:
    from litesoc_server.audit.signing import is_public_key  # noqa: PLC0415 # only this command needs it

    for one in keys:
        if not is_public_key(one):
            fail(f"--key {one!r} is no public key", "give the 64 hexadecimal digits that `litesoc audit keys` shows")
    return keys


def _log_of(org: str | None, data_dir: DataDir, *, is_installation: bool) -> uuid.UUID:
    if not is_installation:
        return open_organization(org, data_dir).id
    _prepare(data_dir)
    from litesoc_server.audit.record import INSTALLATION  # noqa: PLC0415 # needs Django set up

    return INSTALLATION


def _prepare(data_dir: DataDir) -> None:
    configure_data_dir(data_dir)
    set_up_django()
    migrate_control_database()


def _row(entry: "ReadEntry") -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "at": entry.at.isoformat(),
        "action": entry.action,
        "principal": entry.principal,
        "name": entry.name.value,
        "address": entry.address.value,
        "user_agent": entry.user_agent.value,
        "target": {"kind": entry.target_kind, "id": entry.target_id, "name": entry.target.value},
        "changes": {one.field: {"before": one.before.value, "after": one.after.value} for one in entry.changes},
        "note": entry.note.value,
        "hash": entry.hash,
    }
