"""Addresses of detectors, settings and suppressions, below those of an organisation."""

from django.urls import path

from litesoc_server.web.views.detections import detections
from litesoc_server.web.views.detections_general import detections_general, detections_general_edit
from litesoc_server.web.views.detector import detector
from litesoc_server.web.views.detector_edit import detector_edit
from litesoc_server.web.views.detector_switch import detector_mute, detector_unmute
from litesoc_server.web.views.policy_changes import policy_changes, policy_reset, policy_undo
from litesoc_server.web.views.suppression_change import suppression_end, suppression_extend, suppression_resume
from litesoc_server.web.views.suppression_new import suppression_new
from litesoc_server.web.views.suppressions import suppressions
from litesoc_server.web.views.suppressions_export import suppressions_export

detection_urls = [
    path("detections/", detections, name="detections"),
    path("detections/general/", detections_general, name="detections_general"),
    path("detections/general/<slug:section>/", detections_general_edit, name="detections_general_edit"),
    path("detections/changes/", policy_changes, name="policy_changes"),
    path("detections/changes/<int:version>/undo", policy_undo, name="policy_undo"),
    path("detections/reset", policy_reset, name="policy_reset"),
    path("detections/<slug:detector>/", detector, name="detector"),
    path("detections/<slug:detector>/edit", detector_edit, name="detector_edit"),
    path("detections/<slug:detector>/mute", detector_mute, name="detector_mute"),
    path("detections/<slug:detector>/unmute", detector_unmute, name="detector_unmute"),
    path("suppressions/", suppressions, name="suppressions"),
    path("suppressions/export.csv", suppressions_export, {"file_format": "csv"}, name="suppressions_export"),
    path("suppressions/export.json", suppressions_export, {"file_format": "json"}, name="suppressions_export"),
    path("suppressions/new", suppression_new, name="suppression_new"),
    path("suppressions/<uuid:suppression_id>/end", suppression_end, name="suppression_end"),
    path("suppressions/<uuid:suppression_id>/extend", suppression_extend, name="suppression_extend"),
    path("suppressions/<uuid:suppression_id>/resume", suppression_resume, name="suppression_resume"),
]
