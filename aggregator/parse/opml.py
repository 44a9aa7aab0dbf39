"""OPML (http://opml.org/spec2.opml): the lists of subscriptions that readers exchange."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from aggregator.parse import fields
from aggregator.parse.charset import to_utf8
from aggregator.parse.wellformed import check

_MAX_FOLDERS = 20
_DEEPEST = 100_000
_WHOLE = True
_FEED_TYPES = frozenset(("rss", "atom", "feed", "rdf", "json"))


@dataclass(frozen=True, slots=True)
class OpmlFeed:
    """One subscription. ``url`` is absolute http(s); ``category`` are the folders around it, the outermost first."""

    title: str
    url: str
    site_url: str | None = None
    category: tuple[str, ...] = ()


def parse_opml(body: bytes) -> tuple[tuple[OpmlFeed, ...], tuple[str, ...]]:
    """Read the feeds of an OPML document, in its order, and a message for every line that was refused.

    Only http(s) addresses are taken, and ``feed:`` ones for what they stand for. A feed that stands in several folders comes
    several times: what to do with repeats is for the caller to say. A DOCTYPE is ignored with all it declares. Folders deeper
    than 20 are not named. Nothing raises: a document that breaks off yields what stood before the break, and a message.
    """
    data, warnings = to_utf8(body, "")
    checked = check(data.lstrip(), deepest=_DEEPEST)
    if checked.root != "opml":
        return (), ("this is not an OPML document: its root element is not <opml>",)
    if not checked.data:
        return (), (checked.problem,)
    reader = _Reader()
    reader.read(checked.data)
    return tuple(reader.feeds), (*warnings, *checked.warnings, *reader.messages)


class _Reader:
    """Handlers for expat. The stack holds, for each open outline, whether it is a folder."""

    def __init__(self) -> None:
        self.feeds: list[OpmlFeed] = []
        self.messages: list[str] = []
        self.stack: list[bool] = []
        self.folders: list[str] = []
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end

    def read(self, data: bytes) -> None:
        try:
            self.parser.Parse(data, _WHOLE)
        except expat.ExpatError as error:
            self.messages.append(f"line {error.lineno}: malformed XML ({error}); what follows was not read")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name.lower() != "outline":
            return
        values = {key.lower(): value for key, value in attributes.items()}
        title = fields.plain(values.get("title") or values.get("text") or "", markup=False)
        is_folder = "xmlurl" not in values and values.get("type", "").lower() not in _FEED_TYPES
        self.stack.append(is_folder)
        if is_folder:
            self.folders.append(title)
        else:
            self.feed(title, values)

    def end(self, name: str) -> None:
        if name.lower() == "outline" and self.stack.pop():
            self.folders.pop()

    def feed(self, title: str, values: dict[str, str]) -> None:
        line = f"line {self.parser.CurrentLineNumber}: {title or 'a feed without a title'}:"
        address = values.get("xmlurl", "").strip()
        url = fields.feed_url(address, "")
        if not url:
            self.messages.append(f"{line} {_shown(address)} is not an http(s) address" if address else f"{line} no xmlUrl")
            return
        site = values.get("htmlurl", "").strip()
        site_url = fields.http_url(site, "")
        if site and not site_url:
            self.messages.append(f"{line} htmlUrl {_shown(site)} is not an http(s) address; the feed was taken without it")
        category = tuple(filter(None, self.folders[:_MAX_FOLDERS]))
        self.feeds.append(OpmlFeed(title or url, url, site_url, category))


def _shown(address: str) -> str:
    text = fields.plain(address, markup=False, limit=100)
    return f'"{text}"'


def render_opml(feeds: Iterable[OpmlFeed], title: str) -> bytes:
    """Write an OPML 2.0 document in UTF-8, feeds in the given order, folders opened and closed as the categories change."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<opml version="2.0">',
        f"<head><title>{escape(fields.without_controls(title))}</title></head>",
        "<body>",
    ]
    path: tuple[str, ...] = ()
    for feed in feeds:
        lines += _moves(path, feed.category)
        path = feed.category
        site = f" htmlUrl={_quoted(feed.site_url)}" if feed.site_url else ""
        name = _quoted(feed.title)
        lines.append(f'<outline type="rss" text={name} title={name} xmlUrl={_quoted(feed.url)}{site}/>')
    lines += _moves(path, ())
    lines += ["</body>", "</opml>", ""]
    return "\n".join(lines).encode()


def _moves(here: tuple[str, ...], there: tuple[str, ...]) -> list[str]:
    """Return the tags that lead from one folder to another."""
    shared = 0
    while shared < min(len(here), len(there)) and here[shared] == there[shared]:
        shared += 1
    return ["</outline>"] * (len(here) - shared) + [f"<outline text={_quoted(name)}>" for name in there[shared:]]


def _quoted(text: str) -> str:
    return quoteattr(fields.without_controls(text))
