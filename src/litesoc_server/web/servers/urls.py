"""Addresses of the pages of servers, below /o/<organisation>/<live or test>/servers/."""

from django.urls import path

from litesoc_server.web.views import server, servers

server_urls = [
    path("", servers.servers, name="servers"),
    path("table", servers.servers_table, name="servers_table"),
    path("<uuid:server_id>/", server.server, name="server"),
    path("<uuid:server_id>/rename", server.server_rename, name="server_rename"),
    path("<uuid:server_id>/remove", server.server_remove, name="server_remove"),
    path("<uuid:server_id>/update", server.server_update, name="server_update"),
]
