"""What AI editors are told, written from what the server itself goes by: events, endpoints, fields, code to copy."""
