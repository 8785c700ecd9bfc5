"""CrowdSec's own test cases whose logs are sshd's: the sources that it asserts are found here too, and no others."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from detection_streams import detect
from factories import T0_MS, make_event
from litesoc_server.events.event import Event
from litesoc_server.pipeline.enrich.enricher import Enricher
from litesoc_server.sources.sshd import parse_sshd_lines

pytestmark = pytest.mark.shared_data

NOW = datetime(2026, 11, 22, tzinfo=UTC)
_SOURCE = re.compile(r'"([^"]+)" in results\[\d+\]\.Overflow\.GetSources\(\)')

READ = (
    "opnsense-sshd",
    "ssh-bf",
    "ssh-slow-bf",
    "ssh-time-based-bf",
    "sshd-impossible-travel",
    "sshd-invalid-bf",
)
# What CrowdSec asserts and we do not say, with the reason.
NOT_FOUND = {
    "ssh-time-based-bf": {"10.0.0.101"},  # four attempts in an hour: we ask for six equal gaps before we call it slow
}
# Connections that end before anybody names an account are no attempt to log in.
NO_LOGINS = {
    "sshd-bad-keyexchange-bf": "no key exchange, so no account was named",
    "sshd-refused-conn": "refused by address, before a login",
    "sshd_banner_exchange": "not even the protocol was spoken",
}
# Everything else is the log of another program; those that a source for this server is planned for send JSON events instead.
_OTHER_PROGRAMS = """
adguardhome-bf apache-guacamole_bf apereo-cas-bf apereo-cas-slow-bf asterisk-bf asterisk-user-enum audiobookshelf-bf
authentik-bf aws-bf baikal-bf caddy-basic-auth-bf cowrie_telnet-bf cpanel-bf dovecot-slow-bf-no-overlap exchange-pop-bf
fireflyiii-bf fortinet-vpn-bf freeswitch-user-enumeration gitlab-bf grafana-bf harbor-bf hestiacp-bf
http-bf-wordpress-bf http-magento-bf immich-bf jellyfin-syslog-bf jellyseerr-bf kasm-bruteforce keycloak-bf
mailu-admin-bf mealie-bf meshcentral-bf mikrotik-bf nginx-http-generic-bf nginx-mail-bf ntfy-bf odoo-bf_user-enum
opensearch-dashboard-bf opnsense-gui-auth overseerr-bf paperless-ngx-bf pfsense-gui-auth pgsql-user-enum
proxmox-backup-auth-bf proxmox-bf pureftpd-bf radarr-bf redmine-bf sabnzbd-bf smb-bf stirling-pdf-bf technitium-bf
thehive-bf vaultwarden-bf vsftpd-bf zoneminder-bf
"""
OTHER_PROGRAMS = frozenset(_OTHER_PROGRAMS.split())


@pytest.fixture(scope="module")
def enricher(tmp_path_factory: pytest.TempPathFactory) -> Enricher:
    return Enricher.open(tmp_path_factory.mktemp("ipdata"))


def events_of(case: Path, enricher: Enricher) -> list[Event]:
    (log,) = case.glob("*.log")
    with log.open(encoding="utf-8") as lines:
        logins = sorted(parse_sshd_lines(lines, now=NOW), key=lambda login: login.occurred_at)
    return [
        enricher.enrich(
            make_event(
                number=number,
                name=login.event,
                actor_id=login.actor_id,
                ip=login.user_ip,
                at=login.occurred_at.timestamp() - T0_MS / 1000,
                metadata=login.metadata,
            )
        )
        for number, login in enumerate(logins, 1)
    ]


def test_every_case_is_read_or_has_a_reason(shared_data: Path) -> None:
    cases = {folder.name for folder in (shared_data / "detect" / "crowdsec_tests").iterdir()}
    assert cases == {*READ, *NO_LOGINS, *OTHER_PROGRAMS}
    assert len(cases) == len(READ) + len(NO_LOGINS) + len(OTHER_PROGRAMS) == 65


@pytest.mark.parametrize("name", READ)
def test_the_sources_that_crowdsec_asserts_are_found(name: str, shared_data: Path, enricher: Enricher) -> None:
    case = shared_data / "detect" / "crowdsec_tests" / name
    asserted = set(_SOURCE.findall((case / "scenario.assert").read_text(encoding="utf-8")))
    events = events_of(case, enricher)
    by_id = {event.event_id: event for event in events}
    detections = detect(events)
    found = {by_id[event_id].user_ip for detection in detections for event_id in detection.event_ids}
    print(
        f"{name}: asserted {sorted(asserted)}, found {sorted(map(str, found))} by {sorted({d.detector for d in detections})}"
    )
    assert found == asserted - NOT_FOUND.get(name, set())


@pytest.mark.parametrize("name", NO_LOGINS)
def test_connections_without_a_login_are_no_events(name: str, shared_data: Path, enricher: Enricher) -> None:
    assert events_of(shared_data / "detect" / "crowdsec_tests" / name, enricher) == []
