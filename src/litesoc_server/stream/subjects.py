"""Every subject of the stream and the type of its payloads."""

from enum import StrEnum


class Subject(StrEnum):
    """A named line of messages; producers and consumers meet only here."""

    RAW = "raw"  # events.envelope.Envelope, msgpack: from ingest to the pipeline
    DETECTIONS = "detections"  # events.detection.Detection, msgpack: from the pipeline to alerts
