"""From the bytes of a page to a tree, its ``<meta>`` values and its JSON-LD, each read once."""

from __future__ import annotations

import html
import json
import logging
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from trafilatura.utils import detect_encoding, load_html
from w3lib.encoding import html_body_declared_encoding, html_to_unicode, http_content_type_encoding, read_bom, to_unicode

from aggregator.extract.floods import MOST_ATTRIBUTES, cut_floods

Tree: TypeAlias = Any
"""An ``lxml.html`` element; lxml publishes no types."""

Node: TypeAlias = dict[str, Any]

# What these libraries have to say about a bad page travels in the note; their own words would only fill the log.
for _name in ("trafilatura", "htmldate"):
    logging.getLogger(_name).addHandler(logging.NullHandler())

BAD_TREE: tuple[type[Exception], ...] = (
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    AssertionError,
    RecursionError,
    SyntaxError,
)
"""What lxml (its parse errors are ``SyntaxError`` or ``ValueError``), trafilatura and htmldate raise on absurd pages."""

_ARTICLE_TYPE = re.compile(r"(?:Article|BlogPosting|Posting|Report|Review)$")
_PAGE_TYPE = re.compile(r"(?:WebPage|VideoObject|ItemPage)$")
_BREADCRUMB = re.compile(r"bread-?crumb", re.IGNORECASE)
_COLLAPSE = re.compile(r"\s+")
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\ufeff]")
_CDATA = re.compile(r"^\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[)|(?:-->|//\s*\]\]>|\]\]>)\s*$")
_LOOSE = re.compile(r'"(datePublished|dateModified|headline)"\s*:\s*"((?:[^"\\]|\\.){4,400})"')
_LOOSE_TYPE = re.compile(r'"@type"\s*:\s*\[?\s*"[A-Za-z]*(?:Article|Posting)"')
_MAX_NODES = 400
_ASCII = bytes(range(128))


@dataclass(frozen=True, slots=True)
class Page:
    """A parsed page. ``metas`` maps lower-cased names, properties and itemprops to their contents in document order.

    ``articles`` are the JSON-LD nodes that describe an article (those that describe the page come last), ``crumbs`` the steps
    of the breadcrumb from below the home page, as JSON-LD or the page's own navigation has them. ``note`` tells what was left
    out before parsing.
    """

    tree: Tree
    metas: dict[str, list[str]] = field(default_factory=dict)
    articles: tuple[Node, ...] = ()
    crumbs: tuple[str, ...] = ()
    note: str = ""

    def meta(self, *names: str) -> str:
        """The first non-empty content among ``names``, in that order; else an empty string."""
        return next((value for name in names for value in self.metas.get(name, ()) if value), "")

    def about(self, headline: str) -> Page:
        """The page with the JSON-LD nodes of this headline first: a list of further articles may stand before the article."""
        key = squash(headline)
        return replace(self, articles=tuple(sorted(self.articles, key=lambda node: squash(str(node.get("headline"))) != key)))


def clean_line(text: str) -> str:
    """One line of plain text: entities resolved, blanks collapsed, control characters and soft hyphens gone.

    The zero-width non-joiner stays: it is spelling in Persian.
    """
    if "&" in text:
        text = html.unescape(html.unescape(text))
    return _COLLAPSE.sub(" ", _UNSEEN.sub("", text)).strip()


def squash(text: str) -> str:
    """What two spellings of one headline have in common: letters and digits, NFKC, without case."""
    return " ".join(words(text))


def words(text: str) -> list[str]:
    """The words of :func:`squash`."""
    return re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold())


def decode(body: bytes, content_type: str) -> str:
    """The text of a page. Order: byte order mark, valid UTF-8, header, ``<meta>``, detection.

    Bytes that are valid UTF-8 and not plain ASCII are UTF-8 whatever the header claims; a declared charset that
    makes rubbish of the page is a lie and gives way to detection.
    """
    name, mark = read_bom(body)
    if name is not None and mark is not None:
        return to_unicode(body[len(mark) :], name)
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        declared = http_content_type_encoding(content_type) or html_body_declared_encoding(body[:4096])
    strange = len(body.translate(None, _ASCII))
    if declared:
        text = to_unicode(body, declared)
        # a multibyte character cut at the size limit, or one stray byte, is no reason for doubt
        if text.count("\ufffd") * 10 <= strange:
            return text
    return str(html_to_unicode(None, body, auto_detect_fun=_detect, default_encoding="cp1252")[1])


def _detect(body: bytes) -> str | None:
    """The likeliest charset of a sample, None if there is no telling."""
    return next(iter(detect_encoding(body[:60_000])), None)


def read_page(body: bytes, content_type: str) -> Page | None:
    """Parse a page; None if it is not HTML or nothing can be made of it."""
    text = decode(body, content_type)
    markup = cut_floods(text)
    try:
        tree = load_html(markup)
    except BAD_TREE:
        return None
    if tree is None:
        return None
    articles, crumbs = _articles(tree)
    note = "" if markup is text else f"page has a tag of more than {MOST_ATTRIBUTES} attributes: the rest of them was left out"
    return Page(tree, _metas(tree), tuple(articles), tuple(crumbs or _trail(tree)), note)


def _metas(tree: Tree) -> dict[str, list[str]]:
    """Name, property or itemprop (lower case) of every ``<meta>`` to its contents."""
    metas: dict[str, list[str]] = {}
    for element in tree.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop")
        if name:
            metas.setdefault(name.strip().lower(), []).append(clean_line(element.get("content") or ""))
    return metas


def _articles(tree: Tree) -> tuple[list[Node], list[str]]:
    """Article nodes of every JSON-LD block, then page nodes; and the breadcrumb's names.

    A broken block is searched for the three values that matter.
    """
    articles: list[Node] = []
    pages: list[Node] = []
    crumbs: list[str] = []
    for script in tree.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower() or not script.text:
            continue
        for node in _nodes(_load(script.text)):
            types = node.get("@type")
            names = [str(name) for name in (types if isinstance(types, list) else [types])]
            if any(_ARTICLE_TYPE.search(name) for name in names):
                articles.append(node)
            elif any(_PAGE_TYPE.search(name) for name in names):
                pages.append(node)
            elif any(name.endswith("BreadcrumbList") for name in names) and not crumbs:
                crumbs = _steps(node.get("itemListElement"))
    return articles + pages, crumbs


def _steps(items: Any) -> list[str]:
    """The names in a ``BreadcrumbList``, without the first one if there are more: it is the home page."""
    names = []
    for item in items[:12] if isinstance(items, list) else []:
        held = item.get("item") if isinstance(item, dict) else None
        name = (item.get("name") if isinstance(item, dict) else None) or (held.get("name") if isinstance(held, dict) else None)
        if isinstance(name, str):
            names.append(clean_line(name))
    return names[1:]


def _trail(tree: Tree) -> list[str]:
    """The links of the page's breadcrumb, without the first one."""
    for element in tree.iter("nav", "ol", "ul", "div"):
        if _BREADCRUMB.search(f"{element.get('class') or ''} {element.get('id') or ''} {element.get('aria-label') or ''}"):
            return [name for link in list(element.iter("a"))[:8] if (name := clean_line(link.text_content()))][1:]
    return []


def _load(text: str) -> Any:
    """The value of a JSON-LD block, as far as it can be saved."""
    text = _CDATA.sub("", text.strip())
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        if not _LOOSE_TYPE.search(text):
            return None
    node: Node = {"@type": "Article"}
    for key, value in _LOOSE.findall(text):
        node.setdefault(key, value.replace('\\"', '"').replace("\\/", "/"))
    return node


def _nodes(value: Any) -> Iterator[Node]:
    """The nodes of a JSON-LD value: lists, ``@graph`` and main entities are entered, lists of other items are not."""
    queue, seen = [value], 0
    while queue and seen < _MAX_NODES:
        head = queue.pop(0)
        seen += 1
        if isinstance(head, list):
            queue.extend(head[:_MAX_NODES])
        elif isinstance(head, dict):
            yield head
            queue.extend(
                head[key]
                for key in ("@graph", "mainEntity", "mainEntityOfPage", "breadcrumb")
                if isinstance(head.get(key), list | dict)
            )
