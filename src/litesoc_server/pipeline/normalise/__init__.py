"""From an envelope to events."""
