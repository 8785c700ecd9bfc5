"""Alerts become messages, and messages reach people and machines through channels."""
