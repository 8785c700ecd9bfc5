"""The management API as one object, mounted at the root: the dispatcher in front takes the base paths away."""

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from litesoc_server import __version__
from litesoc_server.api.body import StrictParser
from litesoc_server.api.caller import caller_of, plan_refusal
from litesoc_server.api.errors import flat_response, refusal_for
from litesoc_server.api.v1 import (
    access,
    actor_data,
    actors,
    agent,
    alerts,
    audit,
    channels,
    deliveries,
    detection_policy,
    detectors,
    escalations,
    events,
    events_export,
    feedback,
    forwarders,
    instrumentation,
    invitations,
    ip_data,
    keys,
    members,
    organization,
    privacy,
    routes,
    servers,
    sources,
    suppressions,
    test_environment,
    usage,
)
from litesoc_server.ingest.cors import response_headers
from litesoc_server.orgs.plan_gates import PlanRestricted


class ManagementApi(NinjaAPI):
    """django-ninja with the contract's headers on every authenticated answer."""

    def create_response(
        self,
        request: HttpRequest,
        data: object,
        *,
        status: int | None = None,
        temporal_response: HttpResponse | None = None,
    ) -> HttpResponse:
        """Return an answer with the caller's account headers."""
        answer = super().create_response(request, data, status=status, temporal_response=temporal_response)
        return _with_headers(request, answer)


def answer_to(request: HttpRequest, exc: Exception | type[Exception]) -> HttpResponse:
    """Return the answer to any exception of authentication, validation or an operation."""
    error = exc if isinstance(exc, Exception) else exc()
    if isinstance(error, PlanRestricted):  # by a service that an operation called
        error = plan_refusal(request, error)
    return _with_headers(request, flat_response(refusal_for(error)))


def _with_headers(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Add what every answer carries: the caller's account (contract 2.7), and what browsers ask for."""
    caller = caller_of(request)
    for name, value in () if caller is None else caller.headers:
        response[name] = value
    origin = request.headers.get("Origin")
    for header, content in response_headers(None if origin is None else origin.encode("latin-1", "replace")):
        response[header.decode()] = content.decode()
    response["Cache-Control"] = "no-store"
    return response


api = ManagementApi(
    title="LiteSOC server",
    version=__version__,
    urls_namespace="management",
    openapi_url=None,
    docs_url=None,
    parser=StrictParser(),
)
api.add_router("", events_export.router)  # before what reads one event by its id
api.add_router("", events.router)
api.add_router("", feedback.router)
api.add_router("", alerts.router)
api.add_router("", actors.router)
api.add_router("", actor_data.router)
api.add_router("", detection_policy.router)
api.add_router("", suppressions.router)
api.add_router("", detectors.router)
api.add_router("", ip_data.router)
api.add_router("", organization.router)
api.add_router("", invitations.router)
api.add_router("", members.router)
api.add_router("", instrumentation.router)
api.add_router("", usage.router)
api.add_router("", keys.router)
api.add_router("", access.router)
api.add_router("", privacy.router)
api.add_router("", sources.router)
api.add_router("", audit.router)
api.add_router("", agent.router)
api.add_router("", servers.router)
api.add_router("", test_environment.router)
api.add_router("", forwarders.router)
api.add_router("", channels.router)
api.add_router("", routes.router)
api.add_router("", escalations.router)
api.add_router("", deliveries.router)
for kind in (Exception, HttpError, ValidationError):  # django-ninja has its own answers to the last two
    api.add_exception_handler(kind, answer_to)
