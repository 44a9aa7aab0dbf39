"""What a check of the mail found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``well`` is None when it could not be, or is a matter of taste."""

    what: str
    well: bool | None
    detail: str
    hint: str = ""
