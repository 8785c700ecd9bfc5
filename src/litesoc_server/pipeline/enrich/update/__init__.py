"""Fetching current IP data: which sources there are, how each is downloaded, checked and put in force."""
