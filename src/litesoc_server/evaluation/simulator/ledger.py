"""What is true of the events: which belong to an attack or to a staged benign event. Never shown to detectors."""

from enum import StrEnum

import msgspec

from litesoc_server.events.event import Event
from litesoc_server.events.ids import OrgId


class Speed(StrEnum):
    """How an attack is paced."""

    FAST = "fast"
    SLOW = "slow"
    DISTRIBUTED = "distributed"  # from many addresses or on many accounts


class Place(StrEnum):
    """Through what an attacker comes."""

    OFFICE = "office"  # behind the address that the victims share
    VPN = "vpn"
    HOSTING = "hosting"
    RESIDENTIAL = "residential"  # a proxy on somebody's home line
    TOR = "tor"
    OWN = "own"  # the account's own device and line: insiders, and staged benign events


class Campaign(msgspec.Struct):
    """One attack, or one benign event that looks like one."""

    number: int
    family: str
    speed: Speed
    place: Place
    org_id: OrgId
    is_attack: bool
    start_ms: int = 0  # true time of its first event, Unix ms
    end_ms: int = 0
    events_count: int = 0
    copies_agent: bool = False  # the attacker's browser and system are those of the victim
    is_physical: bool = False  # a takeover that shows by travel alone: both places are known and too far apart
    successes: list[str] = []  # ids of the events in which the attacker got in

    @property
    def variant(self) -> str:
        """Speed and place in one word."""
        return f"{self.speed}/{self.place}"


class Ledger:
    """The campaigns, and the campaign of every event that belongs to one."""

    def __init__(self) -> None:
        self.campaigns: list[Campaign] = []
        self.campaign_of: dict[str, int] = {}  # event id -> Campaign.number

    def open(self, family: str, speed: Speed, place: Place, org_id: OrgId, *, is_attack: bool) -> Campaign:
        """Add a campaign."""
        campaign = Campaign(len(self.campaigns), family, speed, place, org_id, is_attack)
        self.campaigns.append(campaign)
        return campaign

    def add(self, campaign: Campaign, event: Event) -> None:
        """Note that ``event`` belongs to ``campaign``."""
        self.campaign_of[event.event_id] = campaign.number
        at_ms = event.received_at_ms
        campaign.start_ms = min(campaign.start_ms or at_ms, at_ms)
        campaign.end_ms = max(campaign.end_ms, at_ms)
        campaign.events_count += 1
