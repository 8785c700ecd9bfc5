"""What the setup guide shows: snippets, what the server understood of the first events, and what is still missing."""
