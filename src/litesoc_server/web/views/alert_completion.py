"""What may come next in the query bar above alerts: fields, and values where they are known."""

from django.http import JsonResponse

from litesoc_server.orgs.members import members_who_may
from litesoc_server.orgs.roles import Permission
from litesoc_server.pipeline.detect.registry import DETECTORS
from litesoc_server.search.alert_fields import ALERT_FIELDS
from litesoc_server.search.complete import Completion, Suggestion, complete, value_suggestion
from litesoc_server.web.completion_answer import completion_answer, cursor_in
from litesoc_server.web.member import Member, PageRequest, page


@page()
def alert_completion(request: PageRequest, member: Member) -> JsonResponse:
    """Answer what may stand at the cursor: `text` as typed so far, `cursor` in characters."""
    text = str(request.GET.get("text", ""))
    completion = complete(text, cursor_in(request.GET, text), ALERT_FIELDS)
    return completion_answer(completion, _known(completion, member))


def _known(completion: Completion, member: Member) -> list[Suggestion]:
    """Return values that the table of fields cannot know: detectors and people."""
    typed = completion.typed.lower()
    match completion.field:
        case "detector":
            found = [(detector.id, detector.title) for detector in DETECTORS]
        case "assignee":
            found = [(user.email, user.name) for user in members_who_may(member.org, Permission.TRIAGE)]
        case _:
            found = []
    return [value_suggestion(value, words) for value, words in found if value.startswith(typed)]
