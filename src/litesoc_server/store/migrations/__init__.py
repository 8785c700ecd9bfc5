"""Numbered migrations of the event store, run by Alembic through clickhouse-connect's dialect, in process or over HTTP.

Rules, because servers of the previous release keep writing while a new one migrates, and ClickHouse has no transactions:
every statement can be run twice (IF NOT EXISTS, IF EXISTS); new columns have defaults; nothing that the previous release
reads or writes is dropped, renamed or retyped. Drop it one release later.
"""

from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from litesoc_server.store.base import StoreUnavailable

HEAD = "0004"  # revision of the newest file in versions/ (a test holds the two together)
VERSION_TABLE = "schema_version"

_SCRIPTS = Path(__file__).parent
_UNKNOWN_TABLE = 60  # ClickHouse error code


def is_up_to_date(client: Client) -> bool:
    """Return whether the schema is at ``HEAD`` or beyond it: a newer release's schema serves this one too (see above).

    Raises clickhouse-connect's errors.
    """
    try:
        # Two rows for a moment while a migration is being noted.
        ((revision,),) = client.query(f"SELECT max(version_num) FROM {VERSION_TABLE}").result_rows
    except DatabaseError as error:
        if error.code == _UNKNOWN_TABLE:
            return False
        raise
    return bool(revision >= HEAD)


def migrate(connect_arguments: dict[str, Any]) -> None:
    """Bring the schema up to ``HEAD``. ``connect_arguments`` are those of ``clickhouse_connect.driver.create_client``.

    Safe to repeat and to run from several servers at once. Raises StoreUnavailable.
    """
    # Loaded only when there is something to migrate: they take 30 MB and a second.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415
    from sqlalchemy import create_engine  # noqa: PLC0415
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415
    from sqlalchemy.pool import NullPool  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    arguments = {name: value for name, value in connect_arguments.items() if name != "settings"}  # refused by the dialect
    engine = create_engine("clickhousedb://", connect_args=arguments, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except (SQLAlchemyError, CommandError) as error:
        msg = f"the event store's schema could not be brought up to date: {error}"  # schema only, no data
        raise StoreUnavailable(msg) from error
