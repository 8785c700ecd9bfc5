"""`litesoc mcp`: what AI assistants may ask a LiteSOC server, over the Model Context Protocol and the management API."""
