"""Who looks at a page: a person as a member of one organisation, in one environment."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from inspect import iscoroutinefunction
from typing import Any, Concatenate, ParamSpec, cast

from asgiref.sync import sync_to_async
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.http import urlencode
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods

from litesoc_server import backend
from litesoc_server.accounts.models import User
from litesoc_server.audit.by import By
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.orgs.access import membership_of
from litesoc_server.orgs.models import Organization, Role
from litesoc_server.orgs.plan_gates import require_feature
from litesoc_server.orgs.plan_rows import plan_of
from litesoc_server.orgs.plans import Feature, Plan
from litesoc_server.orgs.principals import NAME_LENGTH_MAX, Who
from litesoc_server.orgs.roles import Permission, may
from litesoc_server.orgs.suspension import OrganizationSuspended
from litesoc_server.pipeline.policy import DAY_MS
from litesoc_server.web.audit_by import by_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
READING = ("GET", "HEAD")
_View = ParamSpec("_View")


@dataclass(frozen=True, kw_only=True)
class Member:
    """One person in one organisation, looking at live or at test events."""

    user: User
    org: Organization
    role: Role
    environment: Environment
    plan: Plan
    now_ms: int  # Unix ms, our clock, when the request came
    acting: By | None = None  # with where the request came from, as the audit log records it

    @property
    def org_id(self) -> OrgId:
        """The organisation's id as events carry it."""
        return OrgId(str(self.org.id))

    @property
    def not_before_ms(self) -> int:
        """The oldest visible moment, Unix ms: what is older than the plan's retention is not shown."""
        return self.now_ms - self.plan.retention_days * DAY_MS

    @property
    def not_before(self) -> datetime:
        """The oldest visible moment."""
        return _EPOCH + timedelta(milliseconds=self.not_before_ms)

    @property
    def sees_places(self) -> bool:
        """Whether the plan shows places and networks."""
        return Feature.NETWORK_INTELLIGENCE in self.plan.features

    @property
    def who(self) -> Who:
        """The member as histories name them."""
        return Who(
            by=(self.user.name or self.user.email)[:NAME_LENGTH_MAX], principal=f"user:{self.user.id}", acting=self.acting
        )

    def may(self, permission: Permission) -> bool:
        """Return whether their role includes ``permission``."""
        return may(self.role, permission)

    def url(self, page: str, query: Mapping[str, str | int | list[str]] | None = None, **arguments: object) -> str:
        """Return the address of a page of this organisation and environment, e.g. ``url("alert", alert_id=…)``."""
        place = {"org": self.org.slug, "environment": self.environment.value, **arguments}
        address = reverse(page, kwargs=place)
        return f"{address}?{urlencode(query, doseq=True)}" if query else address


class PageRequest(HttpRequest):
    """A request of a signed-in member."""

    user: User
    member: Member


Page = Callable[Concatenate[PageRequest, Member, _View], HttpResponseBase]


def page(
    permission: Permission = Permission.VIEW, *, methods: tuple[str, ...] = READING, feature: Feature | None = None
) -> Callable[[Any], Any]:
    """Declare a view of an organisation's page: ``view(request, member, **arguments)``, plain or async.

    Who is not signed in is sent to sign in; who is no member finds nothing (404), who may not, or whose plan
    lacks ``feature``, is told so (403). What a plain
    view answers is packed; an async one streams, and packing would hold its lines back.
    """

    def declare(view: Any) -> Any:  # noqa: ANN401 # the two shapes of a view
        if iscoroutinefunction(view):

            @functools.wraps(view)
            async def admitted_async(request: HttpRequest, org: str, environment: str, **arguments: object) -> Any:  # noqa: ANN401
                member = await sync_to_async(admit)(request, org, environment, permission, feature)
                if not isinstance(member, Member):
                    return member
                return kept_by_nobody(await view(request, member, **arguments))

            admitted = admitted_async
        else:

            @gzip_page
            @functools.wraps(view)
            def admitted_plain(request: HttpRequest, org: str, environment: str, **arguments: object) -> Any:  # noqa: ANN401
                member = admit(request, org, environment, permission, feature)
                if not isinstance(member, Member):
                    return member
                return kept_by_nobody(view(request, member, **arguments))

            admitted = admitted_plain
        declared = require_http_methods(list(methods))(admitted)
        declared.permission = permission  # type: ignore[attr-defined] # for the test that walks every address
        return declared

    return declare


def admit(
    request: HttpRequest, org_slug: str, environment: str, permission: Permission, feature: Feature | None = None
) -> Member | HttpResponseBase:
    """Return the member, or the answer that sends somebody to sign in.

    Raises Http404, PermissionDenied, OrganizationSuspended, and PlanRestricted where the plan lacks ``feature``.
    """
    if not request.user.is_authenticated:
        return _to_sign_in(request)
    member = member_of(request.user, org_slug, Environment(environment), acting=by_of(request))
    if member is None:
        raise Http404
    if member.org.is_suspended:
        raise OrganizationSuspended
    cast("PageRequest", request).member = member
    if not member.may(permission):
        raise PermissionDenied
    if feature is not None:
        require_feature(member.plan.features, feature)
    return member


def _to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """Lead to the sign-in page. A part of a page that asks after its session ended reloads the page, which leads there."""
    if "HX-Request" in request.headers:
        return HttpResponse(status=401, headers={"HX-Refresh": "true"})
    return redirect_to_login(request.get_full_path())


def kept_by_nobody(response: HttpResponseBase) -> HttpResponseBase:
    """Mark an answer as one that neither browser nor proxy may keep: pages hold personal data."""
    add_never_cache_headers(response)
    return response


def member_of(user: User, org_slug: str, environment: Environment, *, acting: By | None = None) -> Member | None:
    """Return ``user`` as a member of the organisation; None when they are none."""
    membership = membership_of(user, org_slug)
    if membership is None:
        return None
    return Member(
        user=user,
        org=membership.org,
        role=Role(membership.role),
        environment=environment,
        plan=plan_of(membership.org),
        now_ms=backend.current().clock.now_ms(),
        acting=acting,
    )
