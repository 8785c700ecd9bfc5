"""`litesoc demo`: a server with an organisation, attacked through HTTP, so that there is something to see at once."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from litesoc_server.cli.client import ApiClient
from litesoc_server.cli.console import err, fail, out, progress_bar, shown
from litesoc_server.cli.demo_receiver import DemoReceiver, is_verified
from litesoc_server.cli.demo_traffic import DAYS, Trickle, ordinary_days, send_days
from litesoc_server.runtime.data_dir import is_in_use

START_TIMEOUT_S = 60
ALERTS_TIMEOUT_S = 30
SETTLE_S = 1.0  # the last updates of an alert may still be on their way
PORTS_TRIED = 50
_BODY_SHOWN = 600  # characters
_MARKER = "this-is-demo-data"
_ANSWER_DECODER = msgspec.json.Decoder(dict[str, Any])

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
OSLO = "129.240.118.130"  # University of Oslo
TOKYO = "133.11.93.1"  # University of Tokyo
ATTACKER = "185.220.101.34"  # a well-known Tor exit
OFFICE = "129.240.118.7"
HOME = "84.208.20.110"  # a home line in Norway
HOSTING = "5.9.10.11"  # a hosting company in Germany
SPRAYER = "45.155.205.99"
SPRAYED = ("mira", "jonas", "lena", "omar", "ada", "bo", "cleo", "dev", "eli", "fay", "gus", "hana")


class Step(msgspec.Struct, frozen=True):
    """One event of the script and how long before the end of the script it happens."""

    before_s: float
    event: str
    actor: str
    ip: str
    user_agent: str
    metadata: dict[str, Any]


def script() -> list[Step]:
    """Return the scripted story, oldest step first.

    Ordinary work; then a password attack that succeeds and what its winner does, an impossible journey with a grab for
    power, a worn-down second factor, a stolen session, and passwords tried on everybody.
    """
    mira, jonas, lena, omar = (f"{name}@shop.example" for name in ("mira", "jonas", "lena", "omar"))
    steps = [
        Step((4 - day) * 86_400, "auth.login_success", who, OFFICE, FIREFOX, {"method": "password"})
        for day in range(4)
        for who in (mira, jonas, lena, omar)
    ]
    steps += [
        Step(600 - second * 3, "auth.login_failed", mira, ATTACKER, CHROME, {"reason": "bad_password"})
        for second in range(24)
    ]
    steps += [
        Step(500, "auth.login_success", mira, ATTACKER, CHROME, {"method": "password"}),
        Step(440, "auth.mfa_disabled", mira, ATTACKER, CHROME, {}),
        Step(430, "data.export", mira, ATTACKER, CHROME, {"rows": 48_000}),
        Step(300, "auth.login_success", jonas, OSLO, FIREFOX, {"method": "password"}),
        Step(120, "auth.login_success", jonas, TOKYO, CHROME, {"method": "password"}),
        Step(60, "admin.privilege_escalation", jonas, TOKYO, CHROME, {"new_role": "owner"}),
    ]
    steps += [Step(400 - number * 20, "auth.mfa_denied", lena, HOSTING, CHROME, {"method": "push"}) for number in range(6)]
    steps += [
        Step(270, "auth.mfa_challenge_success", lena, HOSTING, CHROME, {"method": "push"}),
        Step(260, "auth.login_success", lena, HOSTING, CHROME, {"method": "password"}),
        Step(240, "user.profile_updated", omar, HOME, FIREFOX, {"session_id": "s-4711"}),
        Step(200, "user.email_changed", omar, HOSTING, CHROME, {"session_id": "s-4711"}),
    ]
    steps += [
        Step(190 - number * 5, "auth.login_failed", f"{name}@shop.example", SPRAYER, CHROME, {"reason": "bad_password"})
        for number, name in enumerate(SPRAYED)
    ]
    return sorted(steps, key=lambda step: -step.before_s)


def demo(
    data_dir: Annotated[Path, typer.Option("--data-dir", help="Where the demo lives; emptied first.")] = Path("demo-data"),
    port: Annotated[int, typer.Option(help="Port to try first; the next free one is taken.")] = 8000,
    exit_after: Annotated[
        bool, typer.Option("--exit", envvar="DEMO_EXIT", help="End after printing the alerts instead of serving on.")
    ] = False,
) -> None:
    """Start a server, attack it through HTTP, print the alerts with their reasons, and keep serving."""
    data_dir = _fresh_directory(data_dir)
    err.print("[bold]1/6[/] Creating an organisation, an owner and API keys …")
    account = _litesoc_json("init", "--org", "Shop Example", "--email", "owner@shop.example", "--json", data_dir=data_dir)
    backfill = _litesoc_json(
        "keys", "create", "--name", "demo story", "--scope", "ingest,read,backfill", "--json", data_dir=data_dir
    )
    receiver = DemoReceiver()
    hook = _litesoc_json(
        "notify", "add", "--name", "Demo receiver", "--set", f"url={receiver.url}", "--json", data_dir=data_dir
    )
    err.print("[bold]2/6[/] Starting the server (the first start unpacks the place data, some seconds) …")
    server, url = _start_server(data_dir, _free_port(port))
    trickle = None
    try:
        _print_access(url, account)
        past = ordinary_days(time.time_ns() // 1_000_000)
        with ApiClient(url, backfill["api_key"]) as client:
            err.print(f"[bold]3/6[/] Sending {DAYS} days of a made-up company's everyday events …")
            send_days(client, past)
            _play(client)
            _print_alerts(client)
        _print_webhook(receiver, hook["webhook_secret"])
        if exit_after:
            return
        trickle = Trickle(url, account["api_key"], past)
        trickle.start()
        _print_ending(url, account)
        server.wait()
    except KeyboardInterrupt:
        err.print("\nStopping …")
    finally:
        if trickle is not None:
            trickle.stop()
        server.send_signal(signal.SIGTERM)
        server.wait()
        receiver.close()


def _fresh_directory(wanted: Path) -> Path:
    """Return an empty demo directory: ``wanted``, or one beside it while another demo runs there."""
    for path in (wanted, *(wanted.with_name(f"{wanted.name}-{number}") for number in range(2, 10))):
        if path.exists() and not (path / _MARKER).exists() and any(path.iterdir()):
            fail(f"{path} holds something that is not a demo", "give another directory with --data-dir")
        if is_in_use(path):
            continue
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True, mode=0o700)
        (path / _MARKER).touch()
        return path
    fail("nine demos run already", "stop one of them with Ctrl-C")


def _free_port(first: int) -> int:
    for port in range(first, first + PORTS_TRIED):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    fail(f"the ports {first} to {first + PORTS_TRIED - 1} are all taken", "give another one with --port")


def _environment(data_dir: Path) -> dict[str, str]:
    """Return the environment without settings of a real installation: a demo must never touch one."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LITESOC_")}
    # The receiver of its webhook is on this machine, which nothing is sent to otherwise.
    return {**kept, "LITESOC_DATA_DIR": str(data_dir.absolute()), "LITESOC_EGRESS_ALLOW": "127.0.0.1/32"}


def _litesoc_json(*arguments: str, data_dir: Path) -> dict[str, Any]:
    answer = subprocess.run(  # noqa: S603 # our own command
        [sys.executable, "-m", "litesoc_server", *arguments],
        env=_environment(data_dir),
        stdout=subprocess.PIPE,
        check=False,
    )
    if answer.returncode:
        fail(f"`litesoc {arguments[0]}` failed", "its message stands above")
    return _ANSWER_DECODER.decode(answer.stdout)


def _start_server(data_dir: Path, port: int) -> tuple[subprocess.Popen[str], str]:
    log_path = data_dir / "server.log"
    with log_path.open("w") as log:
        server = subprocess.Popen(  # noqa: S603 # our own command
            [sys.executable, "-m", "litesoc_server", "serve", "--port", str(port)],
            env=_environment(data_dir),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    timer = threading.Timer(START_TIMEOUT_S, server.kill)
    timer.start()
    with err.status("Waiting for the server …"):
        line = server.stdout.readline() if server.stdout else ""
    timer.cancel()
    if not line.startswith("ready "):
        server.kill()
        fail("the server did not start; the end of its log:\n" + log_path.read_text()[-2000:], f"the log is {log_path}")
    return server, line.removeprefix("ready ").strip()


def _print_access(url: str, account: dict[str, str]) -> None:
    out.print(f"\n  Dashboard [bold]{url}[/]")
    out.print(f"  Sign in   [bold]{account['owner']}[/]  password [bold]{account['password']}[/]")
    out.print(f"  HTTP API  {url}/docs")
    out.print("  Send an event yourself:\n")
    out.print(
        f"  curl -X POST {url}/api/v1/collect -H 'x-api-key: {account['api_key']}' \\\n"
        "    -H 'Content-Type: application/json' \\\n"
        """    -d '{"event": "auth.login_failed", "actor": {"id": "you"}, "user_ip": "8.8.8.8"}'\n"""
    )


def _print_ending(url: str, account: dict[str, str]) -> None:
    out.print(f"\nOpen [bold]{url}[/] and sign in as {account['owner']} with the password {account['password']}")
    out.print("Everyday events keep coming until Ctrl-C. Watch them in the terminal:")
    out.print(f"  LITESOC_API_KEY={account['api_key']} {sys.argv[0]} tail --url {url}")


def _play(client: ApiClient) -> None:
    err.print("[bold]4/6[/] Playing an attack through HTTP …")
    end = datetime.now(UTC)
    steps = script()
    with progress_bar() as progress:
        task = progress.add_task("Sending events", total=len(steps))
        for step in steps:
            client.send(
                {
                    "event": step.event,
                    "actor": {"id": step.actor, "email": step.actor},
                    "user_ip": step.ip,
                    "metadata": {**step.metadata, "user_agent": step.user_agent},
                    "timestamp": (end - timedelta(seconds=step.before_s)).isoformat(),
                }
            )
            progress.advance(task)
            time.sleep(0.05)  # slow enough to watch


def _print_alerts(client: ApiClient) -> None:
    """Wait until the families of the script are there, then print every alert with its reasons."""
    err.print("[bold]5/6[/] Alerts")
    wanted = {"brute_force_attack", "impossible_travel", "privilege_escalation", "data_exfiltration", "suspicious_activity"}
    deadline = time.monotonic() + ALERTS_TIMEOUT_S
    while missing := wanted - {alert["alert_type"] for alert in client.alerts()}:
        if time.monotonic() > deadline:
            names = ", ".join(sorted(missing))
            fail(f"these alerts did not come within {ALERTS_TIMEOUT_S} s: {names}", "see server.log in the data directory")
        time.sleep(0.2)
    time.sleep(SETTLE_S)
    alerts = client.alerts()
    colours = {"critical": "bold white on red", "high": "bold red", "medium": "yellow", "low": "cyan"}
    for alert in reversed(alerts):
        out.print(f"\n[{colours[alert['severity']]}] {alert['severity'].upper()} [/] [bold]{shown(alert['title'])}[/]")
        out.print(f"  {shown(alert['description'] or '')}")
        for reason in alert["metadata"].get("reasons", []):
            out.print(f"  • {shown(reason)}")
        for explanation in alert["metadata"].get("could_also_be", [])[:2]:
            out.print(f"  [dim]? It could also be: {shown(explanation)}[/]")
        for action in alert["metadata"].get("actions", [])[:2]:
            out.print(f"  [green]→ {shown(action)}[/]")


def _print_webhook(receiver: DemoReceiver, secret: str) -> None:
    """Show the signed request that told of the last alert which was created."""
    err.print("[bold]6/6[/] Webhook")
    deadline = time.monotonic() + ALERTS_TIMEOUT_S
    while not (created := [one for one in receiver.received if b'"type":"alert.created"' in one.body]):
        if time.monotonic() > deadline:
            fail(f"no webhook came within {ALERTS_TIMEOUT_S} s", "see server.log in the data directory")
        time.sleep(0.1)
    request = created[-1]
    out.print(
        f"\n{len(receiver.received)} signed requests came to {receiver.url}, the receiver of this demo. One of them:\n"
    )
    out.print("  POST /litesoc")
    for name in ("content-type", "webhook-id", "webhook-timestamp", "webhook-signature"):
        out.print(f"  {name}: {shown(request.headers[name])}")
    body = request.body.decode()
    out.print(f"\n  {shown(body[:_BODY_SHOWN])}{' …' if len(body) > _BODY_SHOWN else ''}\n")
    if not is_verified(request, secret):
        fail("the signature of the webhook does not fit", "report this, it is a bug")
    out.print("  [green]✓[/] The signature was verified with the channel's secret (Standard Webhooks, HMAC-SHA256).")
