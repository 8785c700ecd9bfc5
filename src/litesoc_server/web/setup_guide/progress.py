"""How far an organisation has come with one of its environments: events, a first alert."""

from dataclasses import dataclass

from litesoc_server import backend
from litesoc_server.alerts.access import visible_alerts
from litesoc_server.alerts.models import Alert
from litesoc_server.events.event import Event
from litesoc_server.store.base import EventSearch
from litesoc_server.web.member import Member


@dataclass(frozen=True)
class Progress:
    """What arrived so far."""

    event: Event | None  # the newest
    alert: Alert | None  # the newest

    @property
    def is_done(self) -> bool:
        """Whether there is nothing left to wait for."""
        return self.event is not None and self.alert is not None


def progress_of(member: Member) -> Progress:
    """Return what arrived so far. Raises StoreUnavailable."""
    return Progress(newest_event(member), newest_alert(member))


def newest_event(member: Member) -> Event | None:
    """Return the event that happened last. Raises StoreUnavailable."""
    where = EventSearch(environment=member.environment, not_before_ms=member.not_before_ms)
    page = backend.current().reader.search_events(org_id=member.org_id, where=where, limit=1)
    return page.events[0] if page.events else None


def newest_alert(member: Member) -> Alert | None:
    """Return the alert that was raised last."""
    alerts = visible_alerts(org_id=member.org_id, environment=member.environment, not_before=member.not_before)
    return alerts.first()


def has_alerts(member: Member) -> bool:
    """Return whether the environment ever had an alert: then its applications send events that detectors understand."""
    return visible_alerts(org_id=member.org_id, environment=member.environment, not_before=None).exists()
