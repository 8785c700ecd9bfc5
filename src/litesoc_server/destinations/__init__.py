"""What channels and forwarders have in common: other systems, and what somebody types in to reach them."""
