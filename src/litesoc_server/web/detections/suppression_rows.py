"""Suppressions as a page lists them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from litesoc_server.orgs.models import Suppression
from litesoc_server.orgs.suppression_changes import can_take_end_back
from litesoc_server.web.detections.setting_words import TITLES


@dataclass(frozen=True, kw_only=True)
class SuppressionRow:
    """One suppression."""

    suppression: Suppression
    ended_by: str
    created_by: str
    can_take_end_back: bool

    @property
    def detector_title(self) -> str:
        """The detector as people read it; one that no longer exists by its id."""
        return TITLES.get(self.suppression.detector or "", self.suppression.detector or "")

    @property
    def is_detector_known(self) -> bool:
        """Whether this release has it."""
        return self.suppression.detector in TITLES

    @property
    def is_range(self) -> bool:
        """Whether it is about more than one address."""
        return "/" in (self.suppression.address or "")

    @property
    def same_again(self) -> dict[str, str | int | list[str]]:
        """The query of the form that suppresses the same again."""
        one = self.suppression
        asked = {"detector": one.detector, "actor": one.actor_id, "address": one.address, "reason": one.reason}
        return {name: value for name, value in asked.items() if value}


def suppression_rows(found: Iterable[Suppression], names: Mapping[str, str]) -> list[SuppressionRow]:
    """Return rows; ``names`` say who principals are."""
    return [
        SuppressionRow(
            suppression=one,
            ended_by=names.get(one.ended_by or "", ""),
            created_by=names.get(one.created_by, ""),
            can_take_end_back=can_take_end_back(one),
        )
        for one in found
    ]
