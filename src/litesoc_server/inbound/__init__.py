"""Webhook sources: what an organisation sets for each, and what came of their deliveries; implements ingest's ports."""
