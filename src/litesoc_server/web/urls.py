"""Addresses of pages. Those of an organisation lie below /o/<organisation>/<live or test>/."""

from django.urls import include, path, register_converter
from django.urls.converters import StringConverter
from django.views.generic import RedirectView

from litesoc_server.web.views.docs import docs
from litesoc_server.web.views.event import event
from litesoc_server.web.views.event_chart import event_chart
from litesoc_server.web.views.event_completion import event_completion
from litesoc_server.web.views.event_facets import event_facets
from litesoc_server.web.views.events import events
from litesoc_server.web.views.favicon import favicon
from litesoc_server.web.views.home import home
from litesoc_server.web.views.overview import overview
from litesoc_server.web.views.setup import setup, setup_key, setup_notices, setup_progress
from litesoc_server.web.views.profile import profile
from litesoc_server.web.views.sessions import sessions


class EnvironmentConverter(StringConverter):
    """Which events an address is about."""

    regex = "live|test"


register_converter(EnvironmentConverter, "environment")

organization_urls = [
    path("", overview, name="overview"),
    path("setup/", setup, name="setup"),
    path("setup/key", setup_key, name="setup_key"),
    path("setup/notices", setup_notices, name="setup_notices"),
    path("setup/progress", setup_progress, name="setup_progress"),
    path("events/", events, name="events"),
    path("events/chart/", event_chart, name="event_chart"),
    path("events/completion/", event_completion, name="event_completion"),
    path("events/facets/", event_facets, name="event_facets"),
    path("events/<uuid:event_id>/", event, name="event"),
]

urlpatterns = [
    path("", home, name="home"),
    path("docs", docs, name="docs"),
    path("favicon.ico", favicon, name="favicon"),
    path("profile/", profile, name="profile"),
    # Before allauth's own pages of these names: the profile shows all of it.
    path("accounts/sessions/", sessions, name="usersessions_list"),
    path("accounts/2fa/", RedirectView.as_view(pattern_name="profile"), name="mfa_index"),
    path("accounts/2fa/webauthn/", RedirectView.as_view(pattern_name="profile"), name="mfa_list_webauthn"),
    path("o/<slug:org>/<environment:environment>/", include(organization_urls)),
]
