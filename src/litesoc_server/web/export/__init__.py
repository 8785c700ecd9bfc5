"""Lists as files: CSV that spreadsheets can open without running it, and JSON, both written while they are read."""
