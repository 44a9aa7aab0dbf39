"""How the modules of this room tell each other that a fetch came to nothing. It never leaves the room."""

from __future__ import annotations

from aggregator.model.page import FailureKind


class FetchError(Exception):
    """A misfortune on its way to becoming a ``FetchFailed``. ``detail`` is short and names no URL, credential or query.

    ``body`` is the beginning of what came of the body, decoded.
    """

    def __init__(self, kind: FailureKind, detail: str) -> None:
        super().__init__(detail)
        self.kind, self.detail = kind, detail
        self.body = b""
