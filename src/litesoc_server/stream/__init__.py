"""The durable log between stages: a port (base.py) with an embedded and a networked implementation."""
