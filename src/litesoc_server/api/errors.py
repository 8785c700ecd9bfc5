"""Every failure as the one flat error shape (contract 2.8), whoever noticed it: we, django-ninja or Django."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse, UnreadablePostError
from ninja.errors import HttpError, ValidationError

from litesoc_server.apikeys.allow_lists import WouldLockOut
from litesoc_server.apikeys.authorise_origins import OriginsRefused
from litesoc_server.apikeys.models import ApiKey
from litesoc_server.apikeys.values import KeyEnded, KeyForbidden, KeyRefused
from litesoc_server.events.errors import StreamUnavailable
from litesoc_server.ingest.allow_list import AllowListInvalid
from litesoc_server.ingest.responses import ErrorCode, Refused, error_body, server_error, unavailable
from litesoc_server.notify.refusals import NotifyRefused
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.policy_changes import PolicyConflict
from litesoc_server.orgs.policy_values import PolicyInvalid
from litesoc_server.search.errors import QueryError
from litesoc_server.store.base import StoreUnavailable

log = logging.getLogger(__name__)

PROBLEMS_MAX = 3  # named in one text
LISTED_MAX = 100  # listed in one answer
_NOT_FOUND = "there is nothing here: it does not exist, belongs to somebody else or is older than the retention"


def refusal_for(error: Exception) -> Refused:
    """Return the answer to ``error``. What nobody foresaw is logged, without its text, and answered as our own fault."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, HttpError) and isinstance(error.__cause__, Refused):
        return error.__cause__  # django-ninja wraps whatever the parser of the body raised
    for kind, answer in _ANSWERS.items():
        if isinstance(error, kind):
            return answer(error)
    return server_error(error)


def _database_unavailable(error: Exception) -> Refused:
    log.warning("the control database does not answer: %s", type(error).__name__)
    return unavailable("the control database is")


def _store_unavailable(_: Exception) -> Refused:
    log.warning("the event store does not answer")
    return unavailable("the event store is")


def _stream_unavailable(_: Exception) -> Refused:
    log.warning("the stream does not take feedback")
    return unavailable("the stream is")


def _invalid(error: Exception) -> Refused:
    assert isinstance(error, ValidationError)
    return Refused(ErrorCode.VALIDATION_FAILED, _problems(error.errors))


def _too_large(_: Exception) -> Refused:
    return Refused(ErrorCode.PAYLOAD_TOO_LARGE, "the body is larger than 1 MiB: send less at once")


def _cut_off(_: Exception) -> Refused:
    return Refused(ErrorCode.REQUEST_TIMEOUT, "the body did not arrive whole: send it again")


def _policy_invalid(error: Exception) -> Refused:
    assert isinstance(error, PolicyInvalid)
    texts = [problem.text for problem in error.problems]
    more = f"; and {len(texts) - PROBLEMS_MAX} more" if len(texts) > PROBLEMS_MAX else ""
    errors = [{"field": problem.setting, "message": problem.text} for problem in error.problems[:LISTED_MAX]]
    return Refused(ErrorCode.VALIDATION_FAILED, "; ".join(texts[:PROBLEMS_MAX]) + more, errors=errors)


def _query_mistaken(error: Exception) -> Refused:
    assert isinstance(error, QueryError)
    message = f"query: {error.message} (at character {error.position + 1})"
    return Refused(ErrorCode.VALIDATION_FAILED, message, position=error.position, length=error.length)


def _policy_conflict(error: Exception) -> Refused:
    assert isinstance(error, PolicyConflict)
    return Refused(ErrorCode.POLICY_CONFLICT, str(error), version=error.version)


def _key_refused(error: Exception) -> Refused:
    assert isinstance(error, KeyRefused)
    return Refused(ErrorCode.VALIDATION_FAILED, f"{error.field}: {error}")


def _allow_list_invalid(error: Exception) -> Refused:
    assert isinstance(error, AllowListInvalid)
    return _several("allow_list", [f"line {problem.line}: {problem.text}" for problem in error.problems])


def _origins_refused(error: Exception) -> Refused:
    assert isinstance(error, OriginsRefused)
    return _several("origins", [f"number {problem.position}: {problem.text}" for problem in error.problems])


def _several(field: str, texts: list[str]) -> Refused:
    errors = [{"field": field, "message": text} for text in texts]
    return Refused(ErrorCode.VALIDATION_FAILED, f"{field}: {' '.join(texts[:PROBLEMS_MAX])}", errors=errors)


def _would_lock_out(error: Exception) -> Refused:
    assert isinstance(error, WouldLockOut)
    found = [{"key_id": None if one.key is None else str(one.key.id), "address": one.address} for one in error.locked_out]
    message = "the list leaves out addresses that are in use, see locked_out: add them, or send insist: true"
    return Refused(ErrorCode.WOULD_LOCK_OUT, message, locked_out=found)


def _notify_refused(error: Exception) -> Refused:
    assert isinstance(error, NotifyRefused)
    message = f"{error.field}: {error.text}"
    return Refused(ErrorCode.VALIDATION_FAILED, message, errors=[{"field": error.field, "message": error.text}])


_ANSWERS: Mapping[type[Exception], Callable[[Exception], Refused]] = {
    ValidationError: _invalid,
    PolicyInvalid: _policy_invalid,
    QueryError: _query_mistaken,
    PolicyConflict: _policy_conflict,
    KeyRefused: _key_refused,
    NotifyRefused: _notify_refused,
    KeyForbidden: lambda error: Refused(ErrorCode.FORBIDDEN, str(error)),
    KeyEnded: lambda error: Refused(ErrorCode.KEY_CONFLICT, str(error)),
    ApiKey.DoesNotExist: lambda _: not_found(),
    AllowListInvalid: _allow_list_invalid,
    OriginsRefused: _origins_refused,
    WouldLockOut: _would_lock_out,
    Organization.DoesNotExist: lambda _: not_found(),
    RequestDataTooBig: _too_large,
    UnreadablePostError: _cut_off,
    DatabaseError: _database_unavailable,
    StoreUnavailable: _store_unavailable,
    StreamUnavailable: _stream_unavailable,
}


def not_found() -> Refused:
    """Return the answer for what is not there or not to be seen; the two look alike."""
    return Refused(ErrorCode.NOT_FOUND, _NOT_FOUND)


def flat_response(refused: Refused) -> JsonResponse:
    """Return the answer as Django sends it."""
    body = error_body(refused.code, refused.message, **refused.hints)
    return JsonResponse(body, status=refused.status, headers=dict(refused.headers))


def _problems(errors: Iterable[dict[str, Any]]) -> str:
    """Name the fields and what they must be; never what was sent."""
    texts = []
    for error in errors:
        field = next((str(part) for part in reversed(error["loc"]) if isinstance(part, str)), "")
        what = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input ")
        texts.append(f"{field} {'must be' + what.removeprefix('should be') if what.startswith('should be') else what}")
    return "; ".join(texts[:PROBLEMS_MAX])


class FlatMethodErrorsMiddleware:
    """Gives 405, which the framework answers by itself as plain text, the shape of every other error."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on and look at what comes back."""
        response = self._get_response(request)
        if isinstance(response, HttpResponseNotAllowed):
            allowed = response["Allow"]
            message = f"{request.method} is not allowed here: use {allowed}"
            return flat_response(Refused(ErrorCode.METHOD_NOT_ALLOWED, message, headers=(("Allow", allowed),)))
        return response
