"""The public management API."""
