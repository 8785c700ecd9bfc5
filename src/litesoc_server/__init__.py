"""LiteSOC server: self-hosted security observability for applications."""

__version__ = "0.1.0"
