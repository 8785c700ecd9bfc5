"""Version 1 of the management API, one file per resource."""
