"""The only writes to players, their devices and instruments."""


class PlayerRefused(Exception):
    """The request cannot be taken; the message says why and what to do. Nothing was changed."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code
