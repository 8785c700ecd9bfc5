"""A seeded population and the attacks on it. What is an attack is kept in a ledger beside the events, never in them."""
