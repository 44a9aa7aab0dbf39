"""What other programs and chats read: feeds of what a rule has found, events for webhooks, and messages.

Everything here is pure, and the same input gives the same bytes, so that an entity tag can be made of them. What strangers
wrote is text: titles are no markup, snippets are escaped, links are http(s) or left out, and what XML forbids is replaced.

| module | holds |
|---|---|
| ``entries`` | what is said of each article, once for all formats |
| ``atom`` | Atom 1.0 (RFC 4287) |
| ``jsonfeed`` | JSON Feed 1.1 |
| ``rss`` | RSS 2.0, with Dublin Core for what it lacks |
| ``xml`` | characters and elements |
| ``events`` | the bodies of webhooks |
| ``chat`` | messages to chats |
| ``signing`` | their signatures |
| ``notices`` | the mail that tells of a channel that was switched off |
"""

from aggregator.syndication.chat import chat_text
from aggregator.syndication.events import event
from aggregator.syndication.notices import switched_off
from aggregator.syndication.writing import write_feed

__all__ = ["chat_text", "event", "switched_off", "write_feed"]
