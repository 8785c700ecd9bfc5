"""Every baseline, new for each run."""

from litesoc_server.evaluation.baselines.crowdsec import CrowdSec
from litesoc_server.evaluation.baselines.elastic import Elastic
from litesoc_server.evaluation.baselines.naive import Naive
from litesoc_server.evaluation.baselines.panther import Panther
from litesoc_server.evaluation.baselines.sentinel import Sentinel
from litesoc_server.evaluation.run import Baseline


def new_baselines() -> list[Baseline]:
    """Return the baselines, with nothing seen yet."""
    return [Naive(), Elastic(), Sentinel(), CrowdSec(), Panther()]
