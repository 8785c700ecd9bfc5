"""Servers: the computers whose agents say that they are alive, and how to add one."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from litesoc_server import backend
from litesoc_server.pipeline.policy import DAY_MS
from litesoc_server.server_address import server_address
from litesoc_server.servers.heartbeat import SERVERS_MAX
from litesoc_server.servers.models import ServerStatus
from litesoc_server.servers.selectors import servers_of
from litesoc_server.store.base import StoreUnavailable
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.servers.rows import rows_of

HOSTS_COUNTED_MAX = 2 * SERVERS_MAX  # logs that are relayed name other hosts, too


@page()
def servers(request: PageRequest, member: Member) -> HttpResponse:
    """Show the list; how many events came from each is asked for after the page."""
    rows = rows_of(member, servers_of(member.org, member.environment), timezone.now(), None)
    by_status = {status.label: sum(row.status is status for row in rows) for status in ServerStatus}
    url = server_address(request)
    context = {
        "rows": rows,
        "by_status": by_status,
        "is_asked_later": True,
        "install": _install(url),
        "vendor": _vendor(url),
    }
    return render(request, "web/servers/page.html", context)


@page()
def servers_table(request: PageRequest, member: Member) -> HttpResponse:
    """Answer the list with the counts."""
    context: dict[str, Any] = {}
    counts: dict[str, int] | None = None
    try:
        counts = backend.current().reader.events_by_host(
            org_id=member.org_id,
            environment=member.environment,
            from_ms=max(member.now_ms - DAY_MS, member.not_before_ms),
            to_ms=member.now_ms + 1,
            limit=HOSTS_COUNTED_MAX,
        )
    except StoreUnavailable:
        context["is_store_away"] = True
    rows = rows_of(member, servers_of(member.org, member.environment), timezone.now(), counts)
    return render(request, "web/servers/table.html", {"rows": rows, **context})


def _install(url: str) -> str:
    return (
        "pip install litesoc-server\n"
        "install -d -m 0750 /etc/litesoc\n"
        "(umask 077; cat > /etc/litesoc/agent.key)   # paste an API key, then Ctrl-D\n"
        f"litesoc agent print-unit --server {url} > /etc/systemd/system/litesoc-agent.service\n"
        "systemctl daemon-reload && systemctl enable --now litesoc-agent"
    )


def _vendor(url: str) -> str:
    return f"# /etc/litesoc/config.yaml\napi_endpoint: {url}\n\n# /etc/litesoc/agent.env\nLITESOC_KEY=YOUR_API_KEY"
