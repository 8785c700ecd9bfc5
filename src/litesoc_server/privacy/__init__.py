"""One person's data: found, exported and erased, wherever an organisation holds it."""
