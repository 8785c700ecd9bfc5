"""What the pages of servers show, and where they are."""
