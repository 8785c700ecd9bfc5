"""The labels of a simulation as a document of its own."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from litesoc_server.evaluation.simulator.simulation import Simulation

_ENCODER = msgspec.json.Encoder()


def labels_document(simulation: Simulation, numbers: Mapping[int, Sequence[int]]) -> bytes:
    """Return JSON: every campaign with the numbers of its events, counted from 1 in the order of the stream."""
    campaigns: list[dict[str, Any]] = []
    for campaign in simulation.ledger.campaigns:
        members = msgspec.structs.asdict(campaign)
        del members["successes"]  # ids that a server never sees: it gives its own
        campaigns.append({**members, "event_numbers": list(numbers.get(campaign.number, ()))})
    return msgspec.json.format(_ENCODER.encode({"plan": simulation.plan, "campaigns": campaigns})) + b"\n"
