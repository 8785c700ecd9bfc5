"""New events for open pages: looked for once per search, however many people follow it."""
