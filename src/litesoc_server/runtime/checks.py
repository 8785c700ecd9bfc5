"""What `litesoc doctor` checks, one function per dependency; each says what it found and, if need be, the fix."""

import os
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum

import msgspec
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection

from litesoc_server.config import Config
from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.pipeline.detector_errors import read_detector_errors
from litesoc_server.pipeline.enrich.data_sets import look_at_ip_data
from litesoc_server.runtime.build import (
    build_store,
    detection_gap_path,
    detector_errors_path,
    events_directory,
    ignored_proxies_path,
    ip_data_files,
    open_dead_letters,
    stream_directory,
)
from litesoc_server.runtime.data_dir import is_in_use
from litesoc_server.runtime.instrumentation_check import NotLookedAt, find_notices
from litesoc_server.runtime.mail_check import find_mail_problem
from litesoc_server.runtime.proxy_check import find_proxy_problem
from litesoc_server.runtime.state_check import CLOCK_SKEW_MAX_S, find_state_problem
from litesoc_server.store.base import StoreUnavailable

DISK_FREE_MIN_BYTES = 1024**3
DATA_AGE_MAX_DAYS = 120
BUILT_AFTER_S = 1_790_000_000  # September 2026: a clock before the product's own data is wrong


class Outcome(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


class Result(msgspec.Struct, frozen=True):
    """One finding."""

    name: str
    outcome: Outcome
    finding: str
    fix: str = ""


def run_checks(config: Config) -> list[Result]:
    """Run every check; one that fails does not stop the others."""
    checks: tuple[Callable[[Config], Result], ...] = (
        _check_configuration,
        _check_proxies,
        _check_disk,
        _check_control_database,
        _check_policies,
        _check_store,
        _check_stream,
        _check_state,
        _check_detectors,
        _check_clock,
        _check_ip_data,
        _check_instrumentation,
        _check_mail,
    )
    return [check(config) for check in checks]


def _check_configuration(config: Config) -> Result:
    parts = {
        "control database": config.database_url,
        "stream": config.stream_url,
        "event store": config.events_url,
        "shared state": config.state_url,
    }
    remote = [name for name, url in parts.items() if url]
    finding = f"valid; {', '.join(remote)} on servers, the rest" if remote else "valid; everything"
    finding += f" in {config.data_dir}"
    if config.public_url and "*" in config.allowed_hosts:
        fix = "set LITESOC_ALLOWED_HOSTS to your public name, e.g. soc.example.com"
        return Result("Configuration", Outcome.WARNING, f"{finding}; pages answer to any host name", fix)
    return Result("Configuration", Outcome.OK, finding)


def _check_proxies(config: Config) -> Result:
    finding, fix = find_proxy_problem(config, ignored_proxies_path(config))
    return Result("Proxies", Outcome.WARNING if fix else Outcome.OK, finding, fix)


def _check_disk(config: Config) -> Result:
    if not config.data_dir.is_dir():
        return Result("Disk", Outcome.FAILURE, f"{config.data_dir} does not exist", "run `litesoc init`")
    if not os.access(config.data_dir, os.W_OK):
        fix = "give it to the user that runs the server: chown"
        return Result("Disk", Outcome.FAILURE, f"{config.data_dir} is not writable", fix)
    free_bytes = shutil.disk_usage(config.data_dir).free
    finding = f"{free_bytes / 1024**3:.1f} GiB free in {config.data_dir}"
    if free_bytes < DISK_FREE_MIN_BYTES:
        fix = "make room: when the disk is full new events are answered with 503 (those acknowledged are safe)"
        return Result("Disk", Outcome.WARNING, finding, fix)
    if config.data_dir.stat().st_mode & 0o077:
        return Result("Disk", Outcome.WARNING, f"{finding}; others can read it", f"chmod 700 {config.data_dir}")
    return Result("Disk", Outcome.OK, finding)


def _check_control_database(_config: Config) -> Result:
    try:
        call_command("migrate", check_unapplied=True, verbosity=0)
    except DatabaseError as error:
        fix = "check LITESOC_DATABASE_URL and that the server runs there"
        return Result("Control database", Outcome.FAILURE, f"cannot be reached ({type(error).__name__})", fix)
    except (CommandError, SystemExit):
        is_new = not connection.introspection.table_names()
        problem, fix = ("is empty", "run `litesoc init`") if is_new else ("is not up to date", "run `litesoc migrate`")
        return Result("Control database", Outcome.FAILURE, problem, fix)
    from litesoc_server.apikeys.selectors import keys_for_operator  # noqa: PLC0415 # models load after Django's set-up

    usable = sum(1 for key in keys_for_operator(None) if key.state == "active")
    finding = f"{connection.vendor}, up to date, {usable} usable API keys"
    if not usable:
        return Result("Control database", Outcome.WARNING, finding, "run `litesoc init` or `litesoc keys create`")
    return Result("Control database", Outcome.OK, finding)


def _check_policies(_config: Config) -> Result:
    from litesoc_server.orgs.policy_changes import unfitting_policies  # noqa: PLC0415 # models load after Django's set-up

    try:
        unfitting = unfitting_policies()
    except DatabaseError:
        return Result("Detection policies", Outcome.WARNING, "cannot be read", "see Control database")
    if not unfitting:
        return Result("Detection policies", Outcome.OK, "all settings fit this release")
    finding = "; ".join(f"{slug}: {', '.join(names)}" for slug, names in unfitting.items())
    fix = "set them anew, or take them out: litesoc policy reset NAME --org SLUG"
    return Result(
        "Detection policies", Outcome.WARNING, f"settings that do not fit this release, not in force: {finding}", fix
    )


def _check_store(config: Config) -> Result:
    if config.events_url is None and is_in_use(config.data_dir):
        return Result("Event store", Outcome.OK, "embedded, in use by the running server")
    if config.events_url is None and not events_directory(config).exists():
        return Result("Event store", Outcome.OK, "embedded, made when the server first starts")
    store = build_store(config)
    try:
        store.open()
        facts = store.describe()
    except StoreUnavailable as error:
        fix = "check LITESOC_EVENTS_URL and that the server runs there; until then events wait in the stream"
        return Result("Event store", Outcome.FAILURE, f"cannot be opened: {error}", fix)
    finally:
        store.close()
    return Result("Event store", Outcome.OK, ", ".join(f"{name} {value}" for name, value in facts.items()))


def _check_stream(config: Config) -> Result:
    if config.stream_url is None and not stream_directory(config).exists():
        return Result("Stream", Outcome.OK, "embedded, made when the server first starts")
    try:
        with open_dead_letters(config) as dead_letters:
            count = dead_letters.count()
    except StreamUnavailable as error:
        fix = "check LITESOC_STREAM_URL and that the server runs there with JetStream; until then events get 503"
        return Result("Stream", Outcome.FAILURE, f"cannot be used: {error}", fix)
    kind = "NATS JetStream (its configuration must say sync_interval: always)" if config.stream_url else "embedded"
    if count:
        fix = "see why: litesoc dead-letters list"
        return Result("Stream", Outcome.WARNING, f"{kind}, {count} dead letters", fix)
    return Result("Stream", Outcome.OK, f"{kind}, no dead letters")


def _check_state(config: Config) -> Result:
    if config.state_url is None:
        return Result("Shared state", Outcome.OK, "in memory")
    is_fatal, finding, fix = find_state_problem(config.state_url, detection_gap_path(config))
    outcome = Outcome.FAILURE if is_fatal else Outcome.WARNING if fix else Outcome.OK
    return Result("Shared state", outcome, finding, fix)


def _check_detectors(config: Config) -> Result:
    raised = read_detector_errors(detector_errors_path(config))
    if not raised:
        return Result("Detectors", Outcome.OK, "none has raised since the server last started")
    finding = "; ".join(
        f"{detector} raised {one.count:,} times since {_utc(one.first_ms)}, last at {_utc(one.last_ms)}"
        for detector, one in sorted(raised.items())
    )
    fix = (
        'report it with the lines "a detector raised" of the log, which name the events; they are stored, and the other '
        "detectors saw them. `litesoc policy set muted_detectors=NAME` mutes one"
    )
    return Result("Detectors", Outcome.WARNING, finding, fix)


def _check_clock(_config: Config) -> Result:
    now_s = time.time()
    if now_s < BUILT_AFTER_S:
        return Result("Clock", Outcome.FAILURE, "it is set to a time before this version was made", "run an NTP client")
    if connection.vendor == "postgresql":
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
                skew_s = abs(float(cursor.fetchone()[0]) - now_s)
        except DatabaseError:
            return Result("Clock", Outcome.WARNING, "cannot be compared with the database's", "see Control database")
        if skew_s > CLOCK_SKEW_MAX_S:
            return Result("Clock", Outcome.WARNING, f"differs from the database's by {skew_s:.0f} s", "run an NTP client")
    return Result("Clock", Outcome.OK, time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now_s)))


def _check_ip_data(config: Config) -> Result:
    today = datetime.now(UTC).date()
    data = look_at_ip_data(ip_data_files(config))
    finding = "; ".join(f"{info.source} of {info.data_date} ({info.age_days(today)} days old)" for info in data.infos)
    if data.problems:
        outcome = Outcome.WARNING if data.infos else Outcome.FAILURE
        fix = "do what each says; `litesoc geo update --force` fetches everything anew"
        return Result("IP data", outcome, f"{finding or 'none'}; passed over: {'; '.join(data.problems)}", fix)
    old = sorted({info.source for info in data.infos if info.age_days(today) > DATA_AGE_MAX_DAYS})
    if old:
        fix = "run `litesoc geo update` every day or week, or install a newer release"
        return Result("IP data", Outcome.WARNING, f"{finding}; older than {DATA_AGE_MAX_DAYS} days: {', '.join(old)}", fix)
    return Result("IP data", Outcome.OK, finding)


def _check_instrumentation(config: Config) -> Result:
    try:
        notices, left_undone = find_notices(config)
    except NotLookedAt as reason:
        return Result("Instrumentation", Outcome.OK, f"not looked at: {reason}")
    remark = [f"not looked at: {left_undone}"] if left_undone else []
    if not notices:
        sound = "no agent and no source went silent" if remark else "nothing wrong with what was sent in the last 7 days"
        return Result("Instrumentation", Outcome.OK, "; events ".join([sound, *remark]))
    fix = "do what each says; detection is only as good as what it is told"
    return Result("Instrumentation", Outcome.WARNING, "\n".join([*notices, *(f"events {text}" for text in remark)]), fix)


def _check_mail(config: Config) -> Result:
    finding, fix = find_mail_problem(config)
    return Result("Mail", Outcome.FAILURE if fix else Outcome.OK, finding, fix)


def _utc(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
