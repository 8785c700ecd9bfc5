"""Addresses of pages. Those of an organisation lie below /o/<organisation>/<live or test>/."""

from django.urls import include, path, register_converter
from django.urls.converters import StringConverter
from django.views.generic import RedirectView

from litesoc_server.web.detections.urls import detection_urls
from litesoc_server.web.integrations.urls import integration_urls
from litesoc_server.web.notifications.urls import notification_urls
from litesoc_server.web.servers.urls import server_urls
from litesoc_server.web.settings_pages.urls import settings_urls
from litesoc_server.web.views import alert_bulk, alert_comments, alert_decide, alert_logins, alert_suppress, saved_views
from litesoc_server.web.views.actor import actor, actor_links, actor_map, actor_risk_now, actor_timeline
from litesoc_server.web.views.actors import actors
from litesoc_server.web.views.address import address, address_actors, address_timeline
from litesoc_server.web.views.addresses import addresses
from litesoc_server.web.views.alert import alert
from litesoc_server.web.views.alert_completion import alert_completion
from litesoc_server.web.views.alerts import alerts, new_alerts
from litesoc_server.web.views.alerts_export import alerts_export
from litesoc_server.web.views.docs import docs
from litesoc_server.web.views.event import event
from litesoc_server.web.views.event_chart import event_chart
from litesoc_server.web.views.event_completion import event_completion
from litesoc_server.web.views.event_facets import event_facets
from litesoc_server.web.views.event_stream import event_stream
from litesoc_server.web.views.events import events
from litesoc_server.web.views.events_export import events_export
from litesoc_server.web.views.favicon import favicon
from litesoc_server.web.views.home import home
from litesoc_server.web.views.invitation import invitation
from litesoc_server.web.views.operator import operator, operator_suspend
from litesoc_server.web.views.overview import overview, overview_alerts, overview_figures
from litesoc_server.web.views.overview_cards import overview_arrivals, overview_map, overview_tops
from litesoc_server.web.views.palette import palette
from litesoc_server.web.views.passkey_sign_in import passkey_sign_in
from litesoc_server.web.views.profile import profile
from litesoc_server.web.views.security_txt import security_txt
from litesoc_server.web.views.sessions import sessions
from litesoc_server.web.views.setup import setup, setup_key, setup_notices, setup_progress


class EnvironmentConverter(StringConverter):
    """Which events an address is about."""

    regex = "live|test"


register_converter(EnvironmentConverter, "environment")

organization_urls = [
    path("", overview, name="overview"),
    path("palette", palette, name="palette"),
    path("overview/alerts/", overview_alerts, name="overview_alerts"),
    path("overview/arrivals/", overview_arrivals, name="overview_arrivals"),
    path("overview/figures/", overview_figures, name="overview_figures"),
    path("overview/map/", overview_map, name="overview_map"),
    path("overview/tops/", overview_tops, name="overview_tops"),
    path("actors/", actors, name="actors"),
    path("actors/actor", actor, name="actor"),
    path("actors/actor/links/", actor_links, name="actor_links"),
    path("actors/actor/map/", actor_map, name="actor_map"),
    path("actors/actor/risk/", actor_risk_now, name="actor_risk"),
    path("actors/actor/timeline/", actor_timeline, name="actor_timeline"),
    path("addresses/", addresses, name="addresses"),
    path("addresses/address", address, name="address"),
    path("addresses/address/actors/", address_actors, name="address_actors"),
    path("addresses/address/timeline/", address_timeline, name="address_timeline"),
    path("setup/", setup, name="setup"),
    path("setup/key", setup_key, name="setup_key"),
    path("setup/notices", setup_notices, name="setup_notices"),
    path("setup/progress", setup_progress, name="setup_progress"),
    path("events/", events, name="events"),
    path("events/chart/", event_chart, name="event_chart"),
    path("events/completion/", event_completion, name="event_completion"),
    path("events/export.csv", events_export, {"file_format": "csv"}, name="events_export"),
    path("events/export.json", events_export, {"file_format": "json"}, name="events_export"),
    path("events/export.ndjson", events_export, {"file_format": "ndjson"}, name="events_export"),
    path("events/facets/", event_facets, name="event_facets"),
    path("events/stream", event_stream, name="events_stream"),
    path("events/<uuid:event_id>/", event, name="event"),
    path("views/", saved_views.save, name="saved_view_save"),
    path("views/restore", saved_views.restore, name="saved_view_restore"),
    path("views/<uuid:view_id>/rename", saved_views.rename, name="saved_view_rename"),
    path("views/<uuid:view_id>/delete", saved_views.delete, name="saved_view_delete"),
    path("alerts/", alerts, name="alerts"),
    path("alerts/export.csv", alerts_export, {"file_format": "csv"}, name="alerts_export"),
    path("alerts/export.json", alerts_export, {"file_format": "json"}, name="alerts_export"),
    path("alerts/completion/", alert_completion, name="alert_completion"),
    path("alerts/new", new_alerts, name="alerts_new"),
    path("alerts/<uuid:alert_id>/", alert, name="alert"),
    path("alerts/<uuid:alert_id>/decide", alert_decide.decide, name="alert_decide"),
    path("alerts/<uuid:alert_id>/undo", alert_decide.undo, name="alert_undo"),
    path("alerts/<uuid:alert_id>/assign", alert_decide.assign, name="alert_assign"),
    path("alerts/<uuid:alert_id>/comments", alert_comments.add, name="alert_comments"),
    path("alerts/<uuid:alert_id>/comments/<uuid:comment_id>", alert_comments.change, name="alert_comment"),
    path("alerts/<uuid:alert_id>/logins/<uuid:event_id>", alert_logins.say, name="alert_login"),
    path("alerts/<uuid:alert_id>/suppress", alert_suppress.suppress, name="alert_suppress"),
    path("alerts/bulk", alert_bulk.start, name="alerts_bulk"),
    path("alerts/bulk/<uuid:bulk_id>/step", alert_bulk.step, name="alerts_bulk_step"),
    path("alerts/bulk/<uuid:bulk_id>/undo", alert_bulk.undo, name="alerts_bulk_undo"),
    path("", include(detection_urls)),
    path("notifications/", include(notification_urls)),
    path("", include(integration_urls)),
    path("servers/", include(server_urls)),
    path("settings/", include(settings_urls)),
]

urlpatterns = [
    path("", home, name="home"),
    path("docs", docs, name="docs"),
    path("favicon.ico", favicon, name="favicon"),
    path(".well-known/security.txt", security_txt, name="security_txt"),
    path("profile/", profile, name="profile"),
    path("operator/", operator, name="operator"),
    path("operator/<uuid:org_id>/suspend", operator_suspend, name="operator_suspend"),
    path("invitations/<str:token>/", invitation, name="invitation"),
    # Before allauth's own of these names: the profile shows all of it, and each start of a sign-in by passkey counts.
    path("accounts/sessions/", sessions, name="usersessions_list"),
    path("accounts/2fa/", RedirectView.as_view(pattern_name="profile"), name="mfa_index"),
    path("accounts/2fa/webauthn/login/", passkey_sign_in),
    path("accounts/2fa/webauthn/", RedirectView.as_view(pattern_name="profile"), name="mfa_list_webauthn"),
    path("o/<slug:org>/<environment:environment>/", include(organization_urls)),
]
