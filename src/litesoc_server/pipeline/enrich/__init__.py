"""What can be looked up about an event, one file per lookup."""
