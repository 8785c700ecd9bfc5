"""The event store: a port (base.py) over ClickHouse, in process (chDB) or as a server, with one SQL dialect."""
