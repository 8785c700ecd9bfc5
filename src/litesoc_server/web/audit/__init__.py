"""What the pages on the audit log are made of."""
