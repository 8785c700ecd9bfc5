"""The words every plane shares: envelope, event, detection and their errors. No I/O; imports nothing of ours."""
