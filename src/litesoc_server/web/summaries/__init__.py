"""What the overview and the pages of actors and addresses are made of."""
