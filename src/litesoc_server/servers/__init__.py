"""Servers: the computers whose agents say that they are alive."""
