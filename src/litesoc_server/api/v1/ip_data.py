"""`/ip-data`: which data places and networks are looked up in, and how old it is."""

import datetime as dt
from typing import Literal

from ninja import Router, Schema
from pydantic import Field

from litesoc_server import backend
from litesoc_server.api.caller import ApiRequest, KeyAuth
from litesoc_server.api.v1.schemas import READ_ERRORS
from litesoc_server.ingest.keys import Scope
from litesoc_server.pipeline.enrich.data_sets import DataSetInfo

router = Router(tags=["ip data"])


class DataSetOut(Schema):
    """One data set in use."""

    kind: Literal["city", "asn", "ranges"] = Field(description="Places, networks, or addresses of one kind of network.")
    source: str = Field(examples=["DB-IP City Lite"])
    licence: str = Field(examples=["CC BY 4.0"])
    date: dt.date = Field(description="The day it describes.")
    age_days: int
    ranges: int = Field(description="IPv4 and IPv6 together; of a MaxMind DB file the nodes of its search tree.")


class IpDataOut(Schema):
    """Everything in use."""

    data_sets: list[DataSetOut]
    problems_count: int = Field(
        description="Data that could not be opened; what was good stays in use. `litesoc doctor` on the server says the fix."
    )


class IpDataAnswer(Schema):
    """The answer."""

    success: Literal[True] = True
    data: IpDataOut


@router.get(
    "/ip-data",
    auth=KeyAuth(Scope.READ),
    response={200: IpDataAnswer, **READ_ERRORS},
    summary="Show the IP data in use",
    operation_id="getIpData",
)
def get_ip_data(request: ApiRequest) -> IpDataAnswer:
    """Show sources, licences and ages. The operator renews the data with `litesoc geo update`."""
    del request
    parts = backend.current()
    today = dt.datetime.fromtimestamp(parts.clock.now_ms() / 1000, dt.UTC).date()
    state = parts.ip_data()
    data_sets = [_data_set_out(info, today) for info in state.infos]
    return IpDataAnswer(data=IpDataOut(data_sets=data_sets, problems_count=len(state.problems)))


def _data_set_out(info: DataSetInfo, today: dt.date) -> DataSetOut:
    return DataSetOut.model_validate(
        {
            "kind": info.kind,
            "source": info.source,
            "licence": info.licence,
            "date": info.data_date,
            "age_days": info.age_days(today),
            "ranges": info.ranges_count,
        }
    )
