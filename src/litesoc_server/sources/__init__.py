"""What senders put on the wire, one small pure file per source."""
