"""One file per kind of channel, and what they share."""
