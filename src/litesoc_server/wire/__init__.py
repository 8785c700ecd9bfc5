"""Shapes of the public JSON that more than the API shows."""
