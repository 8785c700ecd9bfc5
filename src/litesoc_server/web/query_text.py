"""What stands in a query bar: the text, what it means, and where it is wrong."""

from dataclasses import dataclass

from litesoc_server.orgs.plan_gates import PlanRestricted
from litesoc_server.orgs.plans import Feature
from litesoc_server.search.errors import QueryError
from litesoc_server.search.fields import FieldTable
from litesoc_server.search.format import format_query
from litesoc_server.search.parse import parse
from litesoc_server.search.query import EVERYTHING, Query


@dataclass(frozen=True, kw_only=True)
class QueryText:
    """One query as somebody typed it."""

    text: str
    table: FieldTable
    query: Query  # everything where the text is wrong
    mistake: QueryError | None = None

    @property
    def marked(self) -> tuple[str, str, str]:
        """The text before the mistake, the mistake itself, and what follows it."""
        assert self.mistake is not None, "asked for where there is a mistake"
        start, end = self.mistake.position, self.mistake.position + self.mistake.length
        return self.text[:start], self.text[start:end], self.text[end:]

    @property
    def mended(self) -> str | None:
        """The text with the suggestion in place of the mistake, where there is one."""
        if self.mistake is None or self.mistake.suggestion is None:
            return None
        before, _, after = self.marked
        return f"{before}{self.mistake.suggestion}{after}"

    def write(self, query: Query) -> str:
        """Return another query as it stands in the same bar."""
        return format_query(query, self.table)


def read_query(text: str, table: FieldTable, *, sees_places: bool) -> QueryText:
    """Return what ``text`` means; without ``sees_places`` it may not ask about places and networks."""
    text = text.strip()
    try:
        query = parse(text, table)
    except QueryError as mistake:
        return QueryText(text=text, table=table, query=EVERYTHING, mistake=mistake)
    withheld = sorted(query.fields() & table.withheld())
    if withheld and not sees_places:
        plan = PlanRestricted(Feature.NETWORK_INTELLIGENCE).required
        needs = "is in no plan of this server" if plan is None else f"needs the plan {plan} or a larger one"
        message = f"`{withheld[0]}` {needs}"
        refusal = QueryError(message, position=0, length=len(text))
        return QueryText(text=text, table=table, query=EVERYTHING, mistake=refusal)
    return QueryText(text=text, table=table, query=query)
