"""What the API answers when it says no."""

from __future__ import annotations

import json


class ApiError(Exception):
    """A request that is answered with a 4xx. Nothing was recorded."""

    def __init__(self, status: int, code: str, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field

    def body(self) -> dict[str, object]:
        """The error envelope."""
        error: dict[str, object] = {"code": self.code, "message": self.message}
        if self.field:
            error["field"] = self.field
        return {"error": error}

    def body_text(self) -> str:
        """The error envelope as JSON."""
        return json.dumps(self.body())
