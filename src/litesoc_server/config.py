"""The one reader of the environment: a typed Config that reports every problem at once and fails before anything starts."""

import os
import re
import secrets
from email.utils import parseaddr
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from litesoc_server.key_files import write_first_key

_FILE_SUFFIX = "_FILE"
# Read by the command line's clients and by applications on the same machine; no settings of the server.
_FOREIGN_VARIABLES = frozenset(
    {"LITESOC_URL", "LITESOC_API_KEY", "LITESOC_KEY", "LITESOC_SERVER", "LITESOC_MCP_ALLOW_WRITE"}
)
_FOREIGN_PREFIX = "LITESOC_TEST_"  # the test suite's own switches
MAIL_SCHEMES = ("smtp", "smtps", "smtp+plain")
_HEXADECIMAL_KEY = re.compile(r"[0-9a-f]{64}")
_SECRET_KEY_LENGTH_MIN = 32  # characters; of a random key that is at least 128 bits in hexadecimal


class ConfigError(Exception):
    """The settings are wrong; the text lists every problem, one a line, each with its fix."""


def _check_download(url: str | None) -> str | None:
    """Return the address of a file that agents fetch. Raises ValueError unless it is an https one."""
    if url is not None and (not url.startswith("https://") or not url.isprintable() or " " in url):
        msg = "must be an https:// address"
        raise ValueError(msg)
    return url


def default_data_dir() -> Path:
    """Return where everything lives when nobody says otherwise ($XDG_DATA_HOME/litesoc, else ~/.local/share/litesoc)."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "litesoc"


def _check_scheme(*allowed: str) -> AfterValidator:
    def check(url: str | None) -> str | None:
        if url is not None and url.split("://")[0] not in allowed:
            msg = f"must start with one of {', '.join(a + '://' for a in allowed)}"
            raise ValueError(msg)
        return url

    return AfterValidator(check)


def _one_of(*allowed: int) -> AfterValidator:
    def check(value: int) -> int:
        if value not in allowed:
            msg = f"must be {' or '.join(str(a) for a in allowed)}"
            raise ValueError(msg)
        return value

    return AfterValidator(check)


def _check_address(url: str | None) -> str | None:
    if url is not None and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc):
        msg = "must be a whole address, e.g. https://soc.example.com"
        raise ValueError(msg)
    return url


def _check_email_url(url: SecretStr | None) -> SecretStr | None:
    if url is not None and not _is_mail_url(url.get_secret_value()):
        msg = (
            f"must be one of {', '.join(f'{scheme}://' for scheme in MAIL_SCHEMES)} with user:password@host:port and no path"
        )
        raise ValueError(msg)
    return url


def _is_mail_url(url: str) -> bool:
    parts = urlsplit(url)
    try:
        _ = parts.port
    except ValueError:  # its text quotes what may be a part of the password
        return False
    return parts.scheme in MAIL_SCHEMES and bool(parts.hostname) and not parts.path.strip("/")


def _check_sender(sender: str | None) -> str | None:
    if sender is not None and ("@" not in parseaddr(sender)[1] or not sender.isprintable()):
        msg = "must be an e-mail address, e.g. LiteSOC <soc@example.com>"
        raise ValueError(msg)
    return sender


def _check_contact(contact: str | None) -> str | None:
    if contact is None or (contact.startswith("https://") and contact.isprintable() and " " not in contact):
        return contact
    if "@" in parseaddr(contact)[1] and parseaddr(contact)[1] == contact and contact.isprintable():
        return f"mailto:{contact}"
    msg = "must be an e-mail address or begin with https://"
    raise ValueError(msg)


def _check_secret_key(key: SecretStr | None) -> SecretStr | None:
    if key is not None and len(key.get_secret_value()) < _SECRET_KEY_LENGTH_MIN:
        msg = f"must have at least {_SECRET_KEY_LENGTH_MIN} characters"
        raise ValueError(msg)
    return key


def _check_audit_key(key: SecretStr | None) -> SecretStr | None:
    if key is not None and not _HEXADECIMAL_KEY.fullmatch(key.get_secret_value()):
        raise ValueError("must be 64 hexadecimal digits in small letters")
    return key


def _check_secrets_key(keys: SecretStr | None) -> SecretStr | None:
    if keys is not None and not all(map(_HEXADECIMAL_KEY.fullmatch, keys.get_secret_value().split(","))):
        raise ValueError("must be 64 hexadecimal digits in small letters, or several of that with commas in between")
    return keys


def _check_networks(networks: list[str]) -> list[str]:
    for network in networks:
        try:
            ip_network(network)
        except ValueError as error:
            msg = f"{network} is no network, e.g. 10.20.0.0/16 or 192.168.1.7"
            raise ValueError(msg) from error
    return networks


def _split_at_commas(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class Config(BaseSettings):
    """Every setting, read from ``LITESOC_<NAME>`` or, for secrets in files, from the file ``LITESOC_<NAME>_FILE``."""

    model_config = SettingsConfigDict(env_prefix="LITESOC_", extra="forbid", frozen=True)

    data_dir: Path = Field(
        default_factory=default_data_dir, description="Where everything lives that has no URL of its own."
    )
    database_url: Annotated[str | None, _check_scheme("postgresql", "postgres", "sqlite")] = Field(
        default=None,
        description="Control database: postgresql://user:password@host/name; unset: SQLite in the data directory.",
    )
    stream_url: Annotated[str | None, _check_scheme("nats", "tls")] = Field(
        default=None, description="Stream: nats://host:4222 (JetStream enabled); unset: SQLite in the data directory."
    )
    events_url: Annotated[str | None, _check_scheme("clickhouse", "clickhouses", "http", "https")] = Field(
        default=None,
        description="Event store: clickhouse://user:password@host:8123/database; unset: chDB in the data directory.",
    )
    state_url: Annotated[str | None, _check_scheme("redis", "rediss")] = Field(
        default=None,
        description="Shared rate limits (sign-in too) and quota counters: redis://host:6379/0; unset: in memory, for one "
        "process.",
    )
    secret_key: Annotated[SecretStr | None, AfterValidator(_check_secret_key)] = Field(
        default=None,
        description="Signs sessions and, unless there is LITESOC_SECRETS_KEY, encrypts secrets of second factors (at least "
        "32 characters); unset: made once and kept in the data directory.",
    )
    secrets_key: Annotated[SecretStr | None, AfterValidator(_check_secrets_key)] = Field(
        default=None,
        description="Encrypts secrets in the control database (64 hexadecimal digits; make one with `openssl rand -hex "
        "32`). Several with commas in between: the first encrypts, all decrypt, for `litesoc secrets rotate`; unset: that "
        "command keeps one in the data directory, and before its first use LITESOC_SECRET_KEY does it.",
    )
    audit_key: Annotated[SecretStr | None, AfterValidator(_check_audit_key)] = Field(
        default=None,
        description="Signs the audit log's checkpoints (64 hexadecimal digits, an Ed25519 private key; make one with "
        "`openssl rand -hex 32`); unset: made once and kept in the data directory.",
    )
    public_url: Annotated[str | None, AfterValidator(_check_address)] = Field(
        default=None, description="Where people reach this server, e.g. https://soc.example.com; used in links."
    )
    trusted_proxy_count: int = Field(
        default=0,
        ge=0,
        le=10,
        description="Reverse proxies between the internet and this server; the address of a client, for allow-lists, "
        "limits, histories and events, is then the one that the first of them wrote into X-Forwarded-For. With 0 that "
        "header is not believed.",
    )
    email_url: Annotated[SecretStr | None, AfterValidator(_check_email_url)] = Field(
        default=None,
        description="Mail server: smtp://user:password@host:587 (STARTTLS), smtps://user:password@host:465 (TLS from the "
        "start) or smtp+plain://host:25 (no encryption); needs LITESOC_PUBLIC_URL, where links in mails start; unset: no "
        "mail is sent.",
    )
    email_from: Annotated[str | None, AfterValidator(_check_sender)] = Field(
        default=None,
        description="Sender of mails, e.g. LiteSOC <soc@example.com>; unset: litesoc@ and the host of LITESOC_PUBLIC_URL.",
    )
    allowed_hosts: Annotated[list[str], NoDecode, BeforeValidator(_split_at_commas)] = Field(
        default=["*"],
        description="Host names that pages answer to, separated by commas; name yours when behind a public name.",
    )
    egress_allow: Annotated[list[str], NoDecode, BeforeValidator(_split_at_commas), AfterValidator(_check_networks)] = Field(
        default=[],
        description="Networks that webhooks, channels and forwarders may reach although they are private, this machine or "
        "otherwise special, separated by commas, e.g. 10.20.0.0/16,127.0.0.1; unset: public addresses only. Requests go "
        "through HTTPS_PROXY, ALL_PROXY and NO_PROXY as usual; what a proxy may reach is for its own rules.",
    )
    security_contact: Annotated[str | None, AfterValidator(_check_contact)] = Field(
        default=None,
        description="Where people report a vulnerability of this installation: an e-mail address or an https:// address; "
        "published as /.well-known/security.txt; unset: there is no such file.",
    )
    collect_status: Annotated[int, _one_of(202, 200)] = Field(
        default=202, description="Status of an accepted /collect: 202, or 200 for scripts that insist on it."
    )
    quota_exceeded_status: Annotated[int, _one_of(403, 429)] = Field(
        default=403, description="Status of QUOTA_EXCEEDED: 403, or 429 for older clients."
    )
    stream_max_bytes: int = Field(
        default=10 * 1024**3,
        ge=1024**2,
        description="Ceiling of the stream on disk, bytes; when it is reached new events get 503 and old ones stay safe.",
    )
    stream_replicas: int = Field(
        default=1, ge=1, le=5, description="Copies of the stream in a NATS cluster: 1, 3 or 5; the embedded stream has one."
    )
    store_memory_bytes: int = Field(
        default=1024**3, ge=256 * 1024**2, description="Ceiling of the embedded event store's memory, bytes."
    )
    body_timeout_s: float = Field(
        default=20.0, gt=0, description="A request whose head or body takes longer than this, in seconds, gets 408."
    )
    city_mmdb: Path | None = Field(
        default=None,
        description="Your own City database in MaxMind DB format, used in place of all others; read anew when it changes.",
    )
    asn_mmdb: Path | None = Field(
        default=None,
        description="Your own ASN or ISP database in MaxMind DB format, used in place of all others; read anew when it "
        "changes.",
    )
    maxmind_account_id: int | None = Field(
        default=None,
        ge=1,
        description="Account id at MaxMind; with the licence key `litesoc geo update` fetches GeoLite2.",
    )
    maxmind_license_key: SecretStr | None = Field(default=None, description="Licence key of that account.")
    agent_update_version: str | None = Field(
        default=None,
        pattern=r"^v?\d{1,6}(\.\d{1,6}){1,3}$",
        description="Version of the vendor's server agent that older ones are told of, e.g. 1.4.0; needs the two addresses "
        "below; unset: agents hear of no update.",
    )
    agent_update_url: Annotated[str | None, AfterValidator(_check_download)] = Field(
        default=None, description="Where that version is: an https:// address of a tar.gz that holds litesoc-agent."
    )
    agent_update_checksum_url: Annotated[str | None, AfterValidator(_check_download)] = Field(
        default=None, description="Where its checksums are: an https:// address of what sha256sum prints."
    )
    metrics_port: int | None = Field(
        default=None, ge=1, le=65535, description="Serve Prometheus metrics on 127.0.0.1 at this port; unset: off."
    )
    log_level: Annotated[str, BeforeValidator(str.upper)] = Field(
        default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least severe log line shown."
    )

    @model_validator(mode="after")
    def _links_in_mails_start_somewhere(self) -> Self:
        """Refuse mail without a public address: links would start wherever a request claims to be sent to."""
        if self.email_url is not None and self.public_url is None:
            msg = "LITESOC_EMAIL_URL needs LITESOC_PUBLIC_URL, where the links in mails start"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _updates_of_agents_are_verified(self) -> Self:
        """Refuse a part of an update: without its checksum agents would install whatever they get."""
        parts = (self.agent_update_version, self.agent_update_url, self.agent_update_checksum_url)
        if any(parts) and not all(parts):
            msg = "LITESOC_AGENT_UPDATE_VERSION, _URL and _CHECKSUM_URL go together: set all three or none"
            raise ValueError(msg)
        return self


def _read_secret_files(environ: dict[str, str]) -> dict[str, str]:
    """Return settings given as ``LITESOC_<NAME>_FILE``. Raises ConfigError when a file cannot be read or both are set."""
    values: dict[str, str] = {}
    for variable, file_name in environ.items():
        if not (variable.startswith("LITESOC_") and variable.endswith(_FILE_SUFFIX)):
            continue
        name = variable.removesuffix(_FILE_SUFFIX)
        if name in environ:
            msg = f"{name} and {variable} are both set; keep one"
            raise ConfigError(msg)
        try:
            values[name.removeprefix("LITESOC_").lower()] = Path(file_name).read_text(encoding="utf-8").strip()
        except OSError as error:
            msg = f"{variable} names a file that cannot be read: {error.strerror}"
            raise ConfigError(msg) from error
    return values


def load_config(**overrides: object) -> Config:
    """Read the environment once. ``overrides`` (from the command line) win. Raises ConfigError listing every problem."""
    environ = dict(os.environ)
    known = {f"LITESOC_{name.upper()}" for name in Config.model_fields}
    unknown = sorted(
        name
        for name in environ
        if name.startswith("LITESOC_")
        and name.removesuffix(_FILE_SUFFIX) not in known | _FOREIGN_VARIABLES
        and not name.startswith(_FOREIGN_PREFIX)
    )
    problems = [f"{name} is not a setting; see docs/reference/settings.md" for name in unknown]
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        config = Config(**{**_read_secret_files(environ), **given})  # type: ignore[arg-type] # values are validated by pydantic
    except ValidationError as error:
        for problem in error.errors():
            where = ".".join(str(part) for part in problem["loc"])
            text = problem["msg"].removeprefix("Value error, ")
            problems.append(f"LITESOC_{where.upper()}: {text}" if where else text)  # nowhere: several settings disagree
        raise ConfigError("\n".join(problems)) from error
    if problems:
        raise ConfigError("\n".join(problems))
    return config


def secret_key_of(config: Config) -> str:
    """Return the signing key: the configured one, else one made at first use and kept, readable by its owner only."""
    if config.secret_key is not None:
        return config.secret_key.get_secret_value()
    path = config.data_dir / "secret_key"
    config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        write_first_key(path, secrets.token_urlsafe(48))
    return path.read_text(encoding="ascii").strip()
