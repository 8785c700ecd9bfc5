"""From a raw envelope to a stored event and its detections: normalise, enrich, detect, store."""
