"""Addresses of the Integrations pages, below those of an organisation."""

from django.urls import path

from litesoc_server.web.views import forwarder_edit, forwarders, integration
from litesoc_server.web.views.integrations import integrations

integration_urls = [
    path("integrations/", integrations, name="integrations"),
    path("integrations/out/new", forwarder_edit.forwarder_new, name="forwarder_new"),
    path("integrations/out/<uuid:forwarder_id>/", forwarder_edit.forwarder_edit, name="forwarder_edit"),
    path("integrations/out/<uuid:forwarder_id>/test", forwarders.forwarder_test, name="forwarder_test"),
    path("integrations/out/<uuid:forwarder_id>/pause", forwarders.forwarder_pause, name="forwarder_pause"),
    path("integrations/out/<uuid:forwarder_id>/remove", forwarders.forwarder_remove, name="forwarder_remove"),
    path("integrations/out/<uuid:forwarder_id>/restore", forwarders.forwarder_restore, name="forwarder_restore"),
    path("integrations/<str:source>/", integration.integration, name="integration"),
    path("integrations/<str:source>/change", integration.integration_change, name="integration_change"),
    path("integrations/<str:source>/forget", integration.integration_forget, name="integration_forget"),
    path("integrations/<str:source>/progress", integration.integration_progress, name="integration_progress"),
    path("integrations/<str:source>/secret", integration.integration_secret, name="integration_secret"),
    path(
        "integrations/<str:source>/secret/remove",
        integration.integration_secret_remove,
        name="integration_secret_remove",
    ),
]
