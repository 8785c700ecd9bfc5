"""`python -m litesoc_server` is the command `litesoc`."""

from litesoc_server.cli import main

if __name__ == "__main__":
    main()
