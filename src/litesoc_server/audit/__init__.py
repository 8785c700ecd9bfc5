"""The audit log: what people, keys and the system did to an organisation, as a chain that shows every change of it."""
