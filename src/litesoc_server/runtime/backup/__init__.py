"""Backups: one directory that holds everything, taken while the server runs, for any kind of installation."""
