"""How applications of each framework send events: code to copy, for the setup guide, the documentation and AI editors."""
