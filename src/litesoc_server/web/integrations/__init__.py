"""The Integrations pages: what sources are called on them, and what people read about refusals."""
