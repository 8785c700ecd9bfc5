"""The Open Cybersecurity Schema Framework: our events and alerts in its classes (https://schema.ocsf.io/1.3.0)."""
