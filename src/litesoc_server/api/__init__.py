"""The public management API."""

from ninja import Schema

# django-ninja makes a model of every possible answer of every operation, 800 of them, and most are errors, which are written
# without one. Built when first used, they cost a start of the server nothing.
Schema.model_config["defer_build"] = True
