"""The HTTP edge: authenticate, limit, check the shape, append durably, answer. No Django here."""
