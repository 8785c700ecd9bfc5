"""Alembic's entry point: runs the migrations on the connection that ``migrate`` hands over."""

import clickhouse_connect.cc_sqlalchemy.alembic  # registers ClickHouse with Alembic
from alembic import context

from litesoc_server.store.migrations import VERSION_TABLE

assert clickhouse_connect.cc_sqlalchemy.alembic.ClickHouseImpl

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
with context.begin_transaction():
    context.run_migrations()
