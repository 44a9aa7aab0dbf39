"""XML 1.0, as little of it as a feed needs. The standard library's writer passes on U+000B and U+0000, which is not XML."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'


def allowed(text: str) -> str:
    """``text`` with U+FFFD for each character that XML forbids (section 2.2): controls, lone surrogates, U+FFFE and U+FFFF."""
    return _FORBIDDEN.sub("\ufffd", text)


def element(name: str, content: str | None = None, **attributes: str) -> str:
    """An element with text in it, all escaped; empty ones are closed at once. ``xml_lang`` is written ``xml:lang``."""
    told = "".join(f" {key.replace('_', ':')}={quoteattr(allowed(value))}" for key, value in attributes.items())
    if content is None:
        return f"<{name}{told}/>"
    # A lone carriage return would be read as a line feed (section 2.11).
    return f"<{name}{told}>{escape(allowed(content), {chr(13): '&#13;'})}</{name}>"
