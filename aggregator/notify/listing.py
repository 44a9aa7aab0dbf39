"""The list headers of a mail (RFC 2369, 2919, 8058), by which mail programs offer a button, a folder and an archive."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from aggregator.notify.links import Links, Purpose


def list_headers(links: Links | None, *, stop: tuple[Purpose, int], number: int, mailbox: str = "") -> Mapping[str, str]:
    """List-Unsubscribe with -Post, and List-Archive, as far as there is something behind them.

    ``stop`` is the link that ends such mails, ``number`` the message in the web view, ``mailbox`` an address whose mail we read.
    Without https there is no web link for machines: a button that cannot be one click is worse than none.
    """
    ways, headers = [], dict[str, str]()
    secure = links is not None and links.one_click
    if links is not None and secure:
        ways.append(f"<{links.url(*stop)}>")
    if links is not None and mailbox:
        path = "/".join(links.url(*stop).rsplit("/", 2)[1:])
        ways.append(f"<mailto:{quote(mailbox, safe='@+')}?subject={UNSUBSCRIBE}%20{path}>")
    if ways:
        headers["List-Unsubscribe"] = ", ".join(ways)
    if links is not None and secure:
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        headers["List-Archive"] = f"<{links.url(Purpose.VIEW, number)}>"
    return headers


UNSUBSCRIBE = "unsubscribe"
"""The first word of the subject by which a mail asks to end a subscription; what follows is the end of the link."""
