"""Addresses of notifications, below those of an organisation."""

from django.urls import path

from litesoc_server.web.views import notification_channel as channel
from litesoc_server.web.views.notification_channel_new import channel_kinds, channel_new
from litesoc_server.web.views.notification_channel_test import channel_secret, channel_test, channel_test_result
from litesoc_server.web.views.notification_channels import notifications
from litesoc_server.web.views.notification_deliveries import (
    deliveries_replay,
    delivery_replay,
    notification_deliveries,
    notification_delivery,
)
from litesoc_server.web.views.notification_mine import notification_mine
from litesoc_server.web.views.notification_routes import notification_routes, route_edit, route_new, route_remove
from litesoc_server.web.views.notification_rules import rule_add, rule_remove, rule_switch

notification_urls = [
    path("", notifications, name="notifications"),
    path("new/", channel_kinds, name="channel_kinds"),
    path("new/<slug:kind>/", channel_new, name="channel_new"),
    path("mine/", notification_mine, name="notification_mine"),
    path("routes/", notification_routes, name="notification_routes"),
    path("routes/<uuid:route_id>/", route_edit, name="route_edit"),
    path("routes/<uuid:route_id>/remove", route_remove, name="route_remove"),
    path("escalation/add", rule_add, name="rule_add"),
    path("escalation/<uuid:rule_id>/switch", rule_switch, name="rule_switch"),
    path("escalation/<uuid:rule_id>/remove", rule_remove, name="rule_remove"),
    path("deliveries/", notification_deliveries, name="notification_deliveries"),
    path("deliveries/<uuid:delivery_id>/", notification_delivery, name="notification_delivery"),
    path("deliveries/<uuid:delivery_id>/replay", delivery_replay, name="delivery_replay"),
    path("channels/<uuid:channel_id>/", channel.notification_channel, name="notification_channel"),
    path("channels/<uuid:channel_id>/change", channel.channel_change, name="channel_change"),
    path("channels/<uuid:channel_id>/switch", channel.channel_switch, name="channel_switch"),
    path("channels/<uuid:channel_id>/mute", channel.channel_mute, name="channel_mute"),
    path("channels/<uuid:channel_id>/remove", channel.channel_remove, name="channel_remove"),
    path("channels/<uuid:channel_id>/restore", channel.channel_restore, name="channel_restore"),
    path("channels/<uuid:channel_id>/test", channel_test, name="channel_test"),
    path("channels/<uuid:channel_id>/test/<uuid:delivery_id>", channel_test_result, name="channel_test_result"),
    path("channels/<uuid:channel_id>/secret", channel_secret, name="channel_secret"),
    path("channels/<uuid:channel_id>/routes/new", route_new, name="route_new"),
    path("channels/<uuid:channel_id>/replay", deliveries_replay, name="deliveries_replay"),
]
