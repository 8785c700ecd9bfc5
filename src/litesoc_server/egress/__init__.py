"""What the product sends to addresses that people typed in: which of them it may reach, and how long it waits."""
