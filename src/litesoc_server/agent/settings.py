"""What an agent is told: where its server is, which logs to read, where to keep its state."""

import socket
import tomllib
from datetime import UTC, tzinfo
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from litesoc_server.events.structs import converter
from litesoc_server.sources.auth_log import Programs

DEFAULT_CONFIG = Path("/etc/litesoc/agent.toml")
DEFAULT_STATE_DIR = Path("/var/lib/litesoc-agent")
DEFAULT_LOGS = (Path("/var/log/auth.log"), Path("/var/log/secure"))  # Debian's and Red Hat's
WATCHES_MAX = 32
KEY_LENGTH_MAX = 512
_LOCAL_TIME = Path("/etc/localtime")


class SettingsWrong(Exception):
    """The settings do not go; the text names the one and the fix."""


class Watch(msgspec.Struct, frozen=True):
    """One log file to read."""

    path: Path
    programs: Programs = Programs.AUTH

    def __str__(self) -> str:
        """Return it as it is written on the command line."""
        return f"{self.path}:{self.programs.value}"


class AgentSettings(msgspec.Struct, frozen=True):
    """Everything but the key, which is asked for by itself."""

    server: str
    watches: tuple[Watch, ...]
    is_journal_read: bool
    state_dir: Path
    hostname: str
    time_zone: tzinfo = UTC  # of log lines without a zone
    is_from_start: bool = False
    is_once: bool = False  # read what is there now; nobody waits for more
    ca_file: str | None = None


class ConfigFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may stand in the configuration file; the command line decides where both say something."""

    server: str | None = None
    key_file: str | None = None
    watch: list[str] = msgspec.field(default_factory=list[str])
    journald: bool | None = None
    state_dir: str | None = None
    hostname: str | None = None
    time_zone: str | None = None
    ca_file: str | None = None


_TO_CONFIG = converter(ConfigFile)


def read_config(path: Path | None) -> ConfigFile:
    """Return what the file says; nothing when none was named and none is at its usual place. Raises SettingsWrong."""
    asked = path or DEFAULT_CONFIG
    try:
        return _TO_CONFIG(tomllib.loads(asked.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        if path is None:
            return ConfigFile()
        msg = f"{asked} does not exist: name the file with --config"
        raise SettingsWrong(msg) from error
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{asked} cannot be read: it must be a text file that the agent's user may read"
        raise SettingsWrong(msg) from error
    except tomllib.TOMLDecodeError as error:
        msg = f"{asked} is not TOML: {error}"
        raise SettingsWrong(msg) from error
    except msgspec.ValidationError as error:
        msg = f"{asked}: {error}"
        raise SettingsWrong(msg) from error


def parse_watch(text: str) -> Watch:
    """Return what ``PATH`` or ``PATH:PROGRAMS`` means. Raises SettingsWrong."""
    path, colon, programs = text.rpartition(":")
    if not colon or "/" in programs:
        path, programs = text, Programs.AUTH.value
    if programs not in {one.value for one in Programs}:
        known = ", ".join(one.value for one in Programs)
        msg = f"watch {text}: {programs} is none of {known}; write e.g. /var/log/auth.log:sshd"
        raise SettingsWrong(msg)
    if not path.startswith("/"):
        msg = f"watch {text}: the path must be absolute, e.g. /var/log/auth.log"
        raise SettingsWrong(msg)
    return Watch(Path(path), Programs(programs))


def make_settings(
    config: ConfigFile,
    *,
    server: str | None = None,
    watch: list[str] | None = None,
    is_journal_read: bool | None = None,
    state_dir: Path | None = None,
    is_from_start: bool = False,
    is_once: bool = False,
) -> AgentSettings:
    """Return the settings, those of the command line before those of the file. Raises SettingsWrong."""
    url = server or config.server
    if not url:
        raise SettingsWrong("the server is not named: give --server, e.g. https://soc.example.com, or `server` in the file")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise SettingsWrong("--server must be the server's root address, e.g. https://soc.example.com")
    watches = tuple(parse_watch(text) for text in watch or config.watch)
    if len(watches) > WATCHES_MAX:
        msg = f"watch: {len(watches)} logs are more than {WATCHES_MAX}; run a second agent for the others"
        raise SettingsWrong(msg)
    if len({one.path for one in watches}) < len(watches):
        raise SettingsWrong("watch: a path stands there twice; each file is read once, with one kind of lines")
    journal = is_journal_read if is_journal_read is not None else config.journald
    if not watches and journal is None:
        watches = tuple(Watch(path) for path in DEFAULT_LOGS if path.exists())
        journal = not watches
    if not watches and not journal:
        raise SettingsWrong("there is nothing to read: name a file with --watch, or give --journald")
    return AgentSettings(
        server=url,
        watches=watches,
        is_journal_read=bool(journal),
        state_dir=state_dir or Path(config.state_dir or DEFAULT_STATE_DIR),
        hostname=config.hostname or socket.gethostname() or "unknown",
        time_zone=_time_zone(config.time_zone),
        is_from_start=is_from_start,
        is_once=is_once,
        ca_file=config.ca_file,
    )


def read_key(key: str | None, key_file: Path | None, config: ConfigFile) -> str:
    """Return the API key from what was given, first LITESOC_KEY, then a file. Raises SettingsWrong."""
    path = key_file or (Path(config.key_file) if config.key_file else None)
    if key is None and path is None:
        raise SettingsWrong("the API key is missing: put it into LITESOC_KEY, or into a file that LITESOC_KEY_FILE names")
    if key is None:
        try:
            key = cast("Path", path).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            msg = f"{path} cannot be read as an API key: it must hold the key and nothing else"
            raise SettingsWrong(msg) from error
    text = key.strip()
    if not text or len(text) > KEY_LENGTH_MAX or not (text.isascii() and text.isprintable()) or " " in text:
        raise SettingsWrong("the API key holds characters that no key has: copy it whole, as it was shown")
    return text


def _time_zone(name: str | None) -> tzinfo:
    """Return the zone of log lines that name none: the one named, or this computer's."""
    try:
        if name is not None:
            return ZoneInfo(name)
        with _LOCAL_TIME.open("rb") as file:
            return ZoneInfo.from_file(file, key="localtime")
    except FileNotFoundError:
        return UTC
    except (OSError, ValueError, KeyError) as error:
        msg = f"time_zone: {name} is not known on this computer; write e.g. Europe/Berlin"
        raise SettingsWrong(msg) from error
