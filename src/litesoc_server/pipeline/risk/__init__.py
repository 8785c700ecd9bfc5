"""The risk score of a login: how much likelier an attacker than the owner is to log in like this."""
