"""What an agent is told, in a file and on the command line."""

from pathlib import Path

import pytest

from litesoc_server.agent.settings import (
    ConfigFile,
    SettingsWrong,
    Watch,
    make_settings,
    parse_watch,
    read_config,
    read_key,
)
from litesoc_server.agent.unit import unit_text
from litesoc_server.sources.auth_log import Programs

KEY = "lsoc_live_0123456789abcdef"
SERVER = "https://soc.example.com"


def test_the_command_line_decides_where_both_say_something(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(f'server = "{SERVER}"\nwatch = ["/var/log/a:sudo"]\nhostname = "web-3"\ntime_zone = "Europe/Berlin"\n')
    config = read_config(path)
    of_file = make_settings(config)
    assert (of_file.server, of_file.watches) == (SERVER, (Watch(Path("/var/log/a"), Programs.SUDO),))
    assert (of_file.hostname, str(of_file.time_zone)) == ("web-3", "Europe/Berlin")
    asked = make_settings(config, server="http://127.0.0.1:8000", watch=["/var/log/b"], state_dir=tmp_path)
    assert (asked.server, asked.watches) == ("http://127.0.0.1:8000", (Watch(Path("/var/log/b")),))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("servre = 'x'", "servre"),
        ("watch = 'x'", "watch"),
        ("server = ", "not TOML"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(text)
    with pytest.raises(SettingsWrong, match=named):
        read_config(path)


def test_a_file_that_was_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsWrong, match="--config"):
        read_config(tmp_path / "none.toml")


@pytest.mark.parametrize("text", ["relative.log", "/var/log/auth.log:ssh"])
def test_a_watch_that_does_not_go_is_named(text: str) -> None:
    with pytest.raises(SettingsWrong, match="watch"):
        parse_watch(text)


def test_a_path_may_hold_a_colon() -> None:
    assert parse_watch("/var/log/a:b/auth.log") == Watch(Path("/var/log/a:b/auth.log"))


@pytest.mark.parametrize("server", ["soc.example.com", "ftp://soc.example.com", "https://user:word@soc.example.com", ""])
def test_a_server_that_does_not_go_is_named(server: str) -> None:
    with pytest.raises(SettingsWrong, match="server"):
        make_settings(ConfigFile(), server=server, watch=["/a"])


def test_the_same_file_is_not_read_twice() -> None:
    with pytest.raises(SettingsWrong, match="twice"):
        make_settings(ConfigFile(), server=SERVER, watch=["/a:sudo", "/a:sshd"])


def test_the_key_comes_from_what_was_given_or_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(f"{KEY}\n")
    assert read_key(KEY, None, ConfigFile()) == KEY
    assert read_key(None, path, ConfigFile()) == KEY
    assert read_key(None, None, ConfigFile(key_file=str(path))) == KEY
    with pytest.raises(SettingsWrong, match="LITESOC_KEY"):
        read_key(None, None, ConfigFile())


@pytest.mark.parametrize("key", ["", "two words", "lsoc_…"])
def test_what_is_no_key_is_said_without_quoting_it(key: str) -> None:
    with pytest.raises(SettingsWrong, match="copy it whole") as raised:
        read_key(key, None, ConfigFile())
    assert not key or key not in str(raised.value)


def test_the_unit_runs_without_rights_and_holds_no_key() -> None:
    settings = make_settings(ConfigFile(), server=SERVER, watch=["/var/log/50% auth.log:sshd"], is_journal_read=True)
    unit = unit_text(settings, "/opt/litesoc/bin/litesoc")
    assert '"/var/log/50%% auth.log:sshd"' in unit
    assert "SupplementaryGroups=adm systemd-journal" in unit
    assert {"DynamicUser=yes", "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet="} <= {
        *unit.splitlines()
    }
    assert "lsoc_" not in unit
