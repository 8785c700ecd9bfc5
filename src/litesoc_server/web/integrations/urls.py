"""Addresses of the Integrations pages, below those of an organisation."""

from django.urls import path

from litesoc_server.web.views import integration
from litesoc_server.web.views.integrations import integrations

integration_urls = [
    path("integrations/", integrations, name="integrations"),
    path("integrations/<str:source>/", integration.integration, name="integration"),
    path("integrations/<str:source>/change", integration.integration_change, name="integration_change"),
    path("integrations/<str:source>/progress", integration.integration_progress, name="integration_progress"),
    path("integrations/<str:source>/secret", integration.integration_secret, name="integration_secret"),
    path(
        "integrations/<str:source>/secret/remove",
        integration.integration_secret_remove,
        name="integration_secret_remove",
    ),
]
