"""The systemd unit that `litesoc agent print-unit` prints: an unprivileged user who may read logs and little else.

Settings: systemd.exec(5), systemd.resource-control(5).
"""

from litesoc_server.agent.settings import AgentSettings

_UNIT = """\
# litesoc-agent.service, printed by `litesoc agent print-unit`. To use it:
#   litesoc agent print-unit --server {server} > /etc/systemd/system/litesoc-agent.service
#   install -d -m 0750 /etc/litesoc && umask 027 && echo YOUR_KEY > /etc/litesoc/agent.key
#   systemctl daemon-reload && systemctl enable --now litesoc-agent
[Unit]
Description=LiteSOC agent: sends this computer's sign-ins to {server}
Documentation=https://github.com/litesoc/litesoc-server/blob/main/docs/integrations/server-agent.md
Wants=network-online.target
After=network-online.target

[Service]
ExecStart={command}
LoadCredential=agent.key:/etc/litesoc/agent.key
Environment=LITESOC_KEY_FILE=%d/agent.key
Restart=on-failure
RestartSec=5

DynamicUser=yes
SupplementaryGroups={groups}
StateDirectory=litesoc-agent
StateDirectoryMode=0700
UMask=0077

NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
PrivateDevices=yes
PrivateTmp=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
MemoryMax=256M
TasksMax=32

[Install]
WantedBy=multi-user.target
"""


def unit_text(settings: AgentSettings, program: str) -> str:
    """Return the unit; ``program`` is the path of the command `litesoc`. It holds no key."""
    arguments = [program, "agent", "run", "--server", settings.server, "--state-dir", "/var/lib/litesoc-agent"]
    for watch in settings.watches:
        arguments += ["--watch", str(watch)]
    if settings.is_journal_read:
        arguments.append("--journald")
    groups = [*(["adm"] if settings.watches else []), *(["systemd-journal"] if settings.is_journal_read else [])]
    command = " ".join(_quoted(argument) for argument in arguments)
    return _UNIT.format(server=settings.server, command=command, groups=" ".join(groups))


def _quoted(argument: str) -> str:
    """Return an argument as systemd.service(5) reads it: percent signs and dollars doubled, quoted where it must be."""
    text = argument.replace("%", "%%").replace("$", "$$")
    if any(character in text for character in " \t\"'\\;"):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text
