"""Django's SQLite backend, with one difference: threads of one process take turns to write (base.py)."""
