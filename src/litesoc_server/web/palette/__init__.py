"""The command palette: what somebody may jump to or do, by a few letters."""
