"""Detections become alerts that people triage."""
