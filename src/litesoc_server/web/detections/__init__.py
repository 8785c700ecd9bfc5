"""What the pages Detections and Suppressions show: settings, changes and detectors in words."""
