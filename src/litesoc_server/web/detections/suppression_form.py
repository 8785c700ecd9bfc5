"""The form of a new suppression, and the choice of how long one lasts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.http import QueryDict

from litesoc_server.orgs.policy_values import PolicyInvalid, Problem
from litesoc_server.orgs.suppressions import LASTS_MAX, OWNER_LENGTH_MAX, REASON_LENGTH_MAX
from litesoc_server.web.detections.editing import sentence

CUSTOM = "custom"
EXPIRIES: Mapping[str, tuple[str, timedelta]] = {
    "1d": ("1 day", timedelta(days=1)),
    "7d": ("7 days", timedelta(days=7)),
    "30d": ("30 days", timedelta(days=30)),
    "90d": ("90 days", timedelta(days=90)),
}
DEFAULT_EXPIRY = "7d"
# How the service calls a field -> how the form does.
_NAMES = {"expires_at": "expiry"}
FIELD_LENGTH_MAX = 4_000  # characters kept of what was typed; every field's own limit is lower


@dataclass(kw_only=True)
class SuppressionForm:
    """What somebody typed, and what is wrong with it."""

    detector: str = ""
    actor: str = ""
    address: str = ""
    owner: str = ""
    reason: str = ""
    expiry: str = DEFAULT_EXPIRY
    until: str = ""  # for CUSTOM, as the browser's field shows it without scripts: 2026-12-01T08:00, UTC
    errors: dict[str, str] = field(default_factory=dict)
    owner_length_max: int = OWNER_LENGTH_MAX
    reason_length_max: int = REASON_LENGTH_MAX

    def expires_at(self, now: datetime) -> datetime:
        """Return the chosen moment. Raises PolicyInvalid when none was."""
        if self.expiry in EXPIRIES:
            return now + EXPIRIES[self.expiry][1]
        try:
            return datetime.fromisoformat(self.until).replace(tzinfo=UTC)
        except ValueError:
            text = f"choose a time, at most {LASTS_MAX.days} days away"
            raise PolicyInvalid((Problem(setting="expires_at", text=text),)) from None

    def show_problems(self, problems: Iterable[Problem]) -> None:
        """Put each problem beside its field."""
        for problem in problems:
            name = _NAMES.get(problem.setting, problem.setting)
            text = problem.text
            for before in (f"{problem.setting} ", "expires_at "):
                text = text.removeprefix(before)
            self.errors[name] = sentence(text)


def suppression_form(sent: QueryDict, *, owner: str) -> SuppressionForm:
    """Return the form filled from an address or from what was sent; ``owner`` stands where nothing is said."""

    def typed(name: str) -> str:
        return str(sent.get(name, ""))[:FIELD_LENGTH_MAX]

    return SuppressionForm(
        detector=typed("detector"),
        actor=typed("actor"),
        address=typed("address").strip(),
        owner=typed("owner") if "owner" in sent else owner,
        reason=typed("reason"),
        expiry=typed("expiry") or DEFAULT_EXPIRY,
        until=typed("until").removesuffix("Z"),
    )
