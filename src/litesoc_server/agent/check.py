"""`litesoc agent check`: what the agent would read and send, whether it may, and how to mend what it may not."""

from pathlib import Path

import msgspec

from litesoc_server.agent.entries import LogUnreadable
from litesoc_server.agent.file_log import FileLog
from litesoc_server.agent.journal import JournalLog
from litesoc_server.agent.server import Fate, Server
from litesoc_server.agent.settings import AgentSettings, Watch
from litesoc_server.agent.state import FILE_NAME, StateFile, StateUnusable


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    is_good: bool
    text: str


def check_agent(settings: AgentSettings, server: Server) -> list[Finding]:
    """Look at everything the agent needs. Reads nothing for good and sends nothing but a question about the key."""
    findings = [_check_file(watch) for watch in settings.watches]
    if settings.is_journal_read:
        findings.append(_check_journal())
    findings.append(_check_state(settings.state_dir))
    findings += _check_server(settings, server)
    return findings


def _check_file(watch: Watch) -> Finding:
    log = FileLog(watch.path, None, from_start=False)
    try:
        log.peek()
        position = log.position
    except LogUnreadable as error:
        return Finding(is_good=False, text=str(error))
    finally:
        log.close()
    if position is None:
        return Finding(is_good=True, text=f"{watch.path} does not exist yet; it is read from its start once it does")
    return Finding(
        is_good=True, text=f"{watch.path} can be read, lines of {watch.programs.value}; a first start begins at its end"
    )


def _check_journal() -> Finding:
    journal = JournalLog(None, from_start=False)
    try:
        journal.peek()
        position = journal.position
    except LogUnreadable as error:
        return Finding(is_good=False, text=str(error))
    finally:
        journal.close()
    if position is None:
        text = "the journal shows nothing: add the agent's user to the group systemd-journal, or watch a file instead"
        return Finding(is_good=False, text=text)
    return Finding(is_good=True, text="the journal can be read (facilities auth and authpriv)")


def _check_state(directory: Path) -> Finding:
    if not directory.exists():
        return Finding(is_good=True, text=f"{directory} does not exist yet; the agent makes it at its first start")
    try:
        file = StateFile(directory)
    except StateUnusable as error:
        return Finding(is_good=False, text=str(error))
    try:
        state = file.load()
    except StateUnusable as error:
        return Finding(is_good=False, text=str(error))
    finally:
        file.close()
    waiting = sum(request.count for request in state.requests)
    return Finding(
        is_good=True, text=f"{directory / FILE_NAME} can be used: {len(state.logs)} logs, {waiting} events on their way"
    )


def _check_server(settings: AgentSettings, server: Server) -> list[Finding]:
    answer = server.health()
    if answer.fate is not Fate.ACCEPTED:
        return [Finding(is_good=False, text=f"{settings.server}: {answer.reason}")]
    found = answer.body.get("scopes")
    scopes = found if isinstance(found, list) else []
    findings = [Finding(is_good=True, text=f"{settings.server} answers and knows the key")]
    if "ingest" not in scopes:
        findings.append(Finding(is_good=False, text="the key lacks the scope ingest: `litesoc keys create --scope ingest`"))
    times = (
        "events carry their lines' own times"
        if "backfill" in scopes
        else "events get the time of their arrival, because the key lacks the scope backfill"
    )
    findings.append(Finding(is_good=True, text=times))
    if settings.server.startswith("http:"):
        findings.append(Finding(is_good=True, text="the address is http: use https wherever others share the network"))
    return findings
