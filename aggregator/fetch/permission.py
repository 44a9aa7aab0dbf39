"""What a robots.txt, or whoever else is asked before a request, has to say about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Permission:
    """Go, or stay away. ``refused`` says why not ("" for go); ``gap`` is the pause that the host asks for, in seconds."""

    refused: str = ""
    gap: float = 0.0


Permit: TypeAlias = Callable[[str], Awaitable[Permission]]
"""Asked for the URL of each hop before anything is sent to its host. It may fetch: the host's turn is not taken yet."""
