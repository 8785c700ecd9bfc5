"""What stops a backup or a restore."""


class BackupError(Exception):
    """It cannot be done; the text says why, ``fix`` what to do about it."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.fix = fix
