"""`litesoc agent`: reads a computer's logs of sign-ins and sends what they tell to a server, each line once."""
