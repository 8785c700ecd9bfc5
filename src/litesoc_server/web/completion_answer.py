"""Completions of a query bar as its script reads them."""

from collections.abc import Iterable

from django.http import JsonResponse, QueryDict

from litesoc_server.search.complete import Completion, Suggestion
from litesoc_server.search.parse import TEXT_LENGTH_MAX

OFFERED_MAX = 12


def cursor_in(parameters: QueryDict, text: str) -> int:
    """Return where the cursor stands in ``text``; at its end when the address does not say."""
    sent = str(parameters.get("cursor", ""))
    return int(sent) if sent.isascii() and sent.isdigit() and len(sent) <= len(str(TEXT_LENGTH_MAX)) else len(text)


def completion_answer(completion: Completion, occurring: Iterable[Suggestion] = ()) -> JsonResponse:
    """Return what may stand from ``start`` to ``end``: values that occur first, then those that are known, each once."""
    offered = {one.text: one for one in completion.suggestions}
    seen = {one.text: one for one in occurring}
    # Of a value that occurs, what it means says more than how often; the order still puts it first.
    merged = [Suggestion(text, _help(offered.get(text), one)) for text, one in seen.items()]
    merged += [one for text, one in offered.items() if text not in seen]
    return JsonResponse(
        {
            "start": completion.start,
            "end": completion.end,
            "suggestions": [{"text": one.text, "help": one.help.replace("`", "")} for one in merged[:OFFERED_MAX]],
        }
    )


def _help(known: Suggestion | None, occurring: Suggestion) -> str:
    return f"{known.help} · {occurring.help}" if known is not None and known.help else occurring.help
