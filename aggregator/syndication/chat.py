"""Messages to chats: what was found, in a few lines. What outlets write can neither format them nor call anybody."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html import escape
from typing import Any

from aggregator.model.channel import ChatStyle
from aggregator.syndication.entries import line

MOST = 1000
"""Characters of a message, escapes included."""

_TITLE, _NAME = 200, 60
_MARKDOWN = re.compile(r"([\\`*_~\[\]()<>|#])")
_AFTER_AT = "@\u200b"  # a blank without width: no name that anybody is called by begins with it
_ROOM = len("\n… and 000,000 more")


def chat_text(bodies: Sequence[str], style: ChatStyle, instance: str) -> str:
    """One message for events (``article.matched``, as JSON): each with headline, outlet and address under its rule.

    What does not fit into 1,000 characters is counted.
    """
    found = [json.loads(body)["data"] for body in bodies]
    text, shown, rule = f"[{_foreign(instance, _NAME, style)}]", 0, None
    for data in found:
        more = "" if data["rule"] == rule else f"\n{_foreign(data['rule_name'], _NAME, style)}:"
        more += _told(data, style)
        last = shown + 1 == len(found)
        if len(text) + len(more) > MOST - (0 if last else _ROOM):
            break
        text, shown, rule = text + more, shown + 1, data["rule"]
    return text if shown == len(found) else f"{text}\n… and {len(found) - shown:,} more"


def _told(data: dict[str, Any], style: ChatStyle) -> str:
    """Headline and, on a line of its own so that each runs its own way, outlet and address; a long address is left out."""
    title = _foreign(data["title"] or data["url"], _TITLE, style)
    outlet, url = _foreign(data["outlet"], _NAME, style), _address(data["url"], style)
    return f"\n{title}\n{' '.join(filter(None, (outlet, url if len(url) <= MOST // 3 else '')))}"


def _foreign(text: str, most: int, style: ChatStyle) -> str:
    """Words of others: on one line, cut, calling nobody, and escaped for the chat. (Slack's are escaped by whoever sends.)"""
    clean = line(text, most).replace("@", _AFTER_AT)
    match style:
        case ChatStyle.HTML:
            return escape(clean, quote=False)
        case ChatStyle.MARKDOWN:
            return _MARKDOWN.sub(r"\\\1", clean)
        case ChatStyle.PLAIN | ChatStyle.SLACK:
            return clean


def _address(url: str, style: ChatStyle) -> str:
    safe = url.replace("@", "%40").replace("<", "%3C").replace(">", "%3E").replace("|", "%7C")
    return escape(safe, quote=False) if style is ChatStyle.HTML else safe
