"""What the pages about channels, routes and deliveries are made of."""
