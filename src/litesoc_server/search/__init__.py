"""The language of the query bar and of the API's `query`: what may be asked, as data, and how a text becomes a query.

Pure: the store compiles a query of events to SQL, `alerts` one of alerts to Django. The grammar for people stands in
docs/reference/search.md.
"""
