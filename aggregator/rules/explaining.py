"""A syntax error as a person wants to see it."""

from __future__ import annotations

import unicodedata

from aggregator.errors import RuleSyntaxError
from aggregator.text import direction

_WINDOW = 100


def explain_error(error: RuleSyntaxError) -> str:
    """The message, the line of the query with a caret under the place, and the hint; each on a line of its own.

    In a right-to-left line a caret may stand anywhere on the screen, so the message also names the word, counted from 1.
    """
    lines = error.query.split("\n")
    line = lines[error.query_line - 1] if error.query_line <= len(lines) else ""
    at = min(error.column - 1, len(line))
    place = f"column {error.column}" if len(lines) == 1 else f"line {error.query_line}, column {error.column}"
    if direction(None, line) == "rtl":
        place += f", at word {len(line[: at + 1].split()) or 1}"
    start = max(0, at - _WINDOW // 2)
    shown = _visible(line[start : start + _WINDOW])
    length = max(1, min(error.length, len(line) - at, start + _WINDOW - at))
    caret = " " * _width(_visible(line[start:at])) + "^" + "~" * (_width(_visible(line[at : at + length])) - 1)
    rows = [f"{place}: {error.message}", f"    {shown}", f"    {caret}"]
    if error.hint:
        rows.append(f"    {error.hint}")
    return "\n".join(rows)


def _visible(text: str) -> str:
    """``text`` with control characters (and lone surrogates) replaced, so that it takes the room that it seems to."""
    return "".join(" " if char == "\t" else "\ufffd" if unicodedata.category(char) in ("Cc", "Cs") else char for char in text)


def _width(text: str) -> int:
    """Columns on a terminal: wide characters take two, combining and invisible ones none."""
    widths = (
        0 if unicodedata.category(char) in ("Mn", "Me", "Cf") else 1 + (unicodedata.east_asian_width(char) in "WF")
        for char in text
    )
    return sum(widths)
