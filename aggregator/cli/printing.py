"""What strangers wrote (a feed's title, a server's answer), made safe for a terminal."""

from __future__ import annotations

import json
from typing import Any

_JOINERS = "\u200c\u200d"
"""ZWNJ and ZWJ: invisible, but part of how Persian and emoji are written."""


def printable(text: str) -> str:
    """Text in which each control character, bidirectional ones included, is a space."""
    return "".join(char if char.isprintable() or char in _JOINERS else " " for char in text)


def json_line(value: Any, **options: Any) -> str:
    """One line of JSON as people read it; what does not print (C1 controls, too) is escaped, so nothing is lost."""
    line = json.dumps(value, ensure_ascii=False, **options)
    return "".join(char if char.isprintable() or char in _JOINERS else json.dumps(char)[1:-1] for char in line)
