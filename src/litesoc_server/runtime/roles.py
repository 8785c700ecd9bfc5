"""Which parts of the server one process runs."""

from enum import StrEnum

from litesoc_server.config import Config, ConfigError


class Role(StrEnum):
    """What `litesoc serve --role` takes."""

    ALL = "all"  # everything, the default
    INGEST = "ingest"  # POST /collect only
    WORKER = "worker"  # the pipeline and alerts, no HTTP
    WEB = "web"  # pages and the management API

    @property
    def takes_events(self) -> bool:
        """Whether it answers /collect."""
        return self in (Role.ALL, Role.INGEST)

    @property
    def has_pages(self) -> bool:
        """Whether it answers the management API and pages."""
        return self in (Role.ALL, Role.WEB)

    @property
    def processes_events(self) -> bool:
        """Whether it runs the pipeline and alerts."""
        return self in (Role.ALL, Role.WORKER)


def check_role(role: Role, config: Config) -> None:
    """Raise ConfigError when ``role`` cannot work with ``config``: processes share servers, not embedded files."""
    if role is Role.ALL:
        return
    needed = {
        "LITESOC_DATABASE_URL": config.database_url,
        "LITESOC_STREAM_URL": config.stream_url,
        "LITESOC_EVENTS_URL": config.events_url,
        "LITESOC_STATE_URL": config.state_url,
    }
    missing = [name for name, value in needed.items() if value is None]
    if missing:
        msg = f"--role {role.value} shares its work with other processes, so it needs {', '.join(missing)}"
        raise ConfigError(msg)


def owns_data_dir(config: Config) -> bool:
    """Return whether anything lives in the data directory that only one server may use at a time."""
    return config.stream_url is None or config.events_url is None
