"""API keys: issue, hash, revoke; implements ingest.keys.KeySource."""
