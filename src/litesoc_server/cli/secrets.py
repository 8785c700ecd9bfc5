"""`litesoc secrets`: the key that secrets in the database are encrypted with."""

import typer

from litesoc_server.cli.console import err, fail, out, print_json
from litesoc_server.cli.migrate import migrate_control_database
from litesoc_server.cli.options import DataDir, Json, configure_data_dir, set_up_django

app = typer.Typer(help="Encryption of secrets in the database.", no_args_is_help=True)


@app.callback()
def secrets() -> None:
    """Encryption of secrets in the database."""


@app.command()
def rotate(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Encrypt all secrets in the database with a new key. Works while the server runs, which needs no restart.

    Where keys are settings: put a new one in front in LITESOC_SECRETS_KEY, restart every server, then run this.
    """
    config = configure_data_dir(data_dir)
    set_up_django()
    migrate_control_database()
    from litesoc_server.accounts.sealing import KeysUnusable, draw_key  # noqa: PLC0415 # needs Django set up
    from litesoc_server.audit.by import By  # noqa: PLC0415 # needs Django set up
    from litesoc_server.runtime.secret_rotation import rotate_secrets  # noqa: PLC0415 # needs Django set up

    if config.secrets_key is None and config.secret_key is not None:
        fail(
            "LITESOC_SECRET_KEY is a setting, so the key of secrets has to be one, too",
            f"set LITESOC_SECRETS_KEY on every server, for example to {draw_key()}, restart them, and run this again",
        )
    try:
        rotation = rotate_secrets(by=By.operator())
    except KeysUnusable as error:
        fail(str(error), "bring the file secrets_key back from a backup")
    except OSError as error:
        fail(f"the key cannot be written: {error.strerror}", "make room, or let this user write to the data directory")
    if as_json:
        print_json({"secrets": rotation.secrets, "unreadable": rotation.unreadable, "is_key_new": rotation.is_key_new})
        return
    key = "a new key" if rotation.is_key_new else "the first key of LITESOC_SECRETS_KEY"
    out.print(f"{rotation.secrets:,} secrets are encrypted with {key}.")
    if not rotation.is_key_new:
        out.print("The other keys of LITESOC_SECRETS_KEY can be removed now.")
    if rotation.unreadable:
        err.print(
            f"{rotation.unreadable:,} cannot be read with any key and stayed as they are: "
            "`litesoc accounts disable-mfa` for their owners."
        )
