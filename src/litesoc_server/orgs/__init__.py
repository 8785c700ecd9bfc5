"""Organisations, their plans, members and detection policies."""
