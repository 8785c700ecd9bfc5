"""What detectors remember: a handful of primitives, as requests that a backend answers in batches."""
