"""Wiring: the only place that knows which implementation is used."""
