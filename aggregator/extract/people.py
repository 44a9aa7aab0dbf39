"""Who wrote it: JSON-LD, metadata, byline, then the feed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from trafilatura.metadata import extract_author

from aggregator.extract.blocks import Block, Mark
from aggregator.extract.document import BAD_TREE, Page, Tree, clean_line, squash

_METAS = (
    "author", "article:author", "dc.creator", "dcterms.creator", "parsely-author", "sailthru.author", "byl", "authors",
    "cxenseparse:author",
)  # fmt: skip
_SPLIT = re.compile(r"\s*[,;|/&•]\s*(?:and\s)?|\s+(?:and|AND|And|und|et|y|e|i|och|og|en|ve|и|و)\s+")
_BY = re.compile(r"^(?:(?:written |posted )?by|von|par|por|text|story|автор|نویسنده|بقلم|كتب)\b[:\s]+", re.IGNORECASE)
_NOBODY_WORDS = (
    "admin administrator author editor editorial staff redaktion redaction redacción redazione redactie newsroom "
    "webmaster root user unknown anonymous none null"
)
_NOBODY = frozenset(_NOBODY_WORDS.split())
_ADDRESS = re.compile(r"https?:|www\.|@|\.(?:com|org|net|html?)\b|[<>{}\\=]", re.IGNORECASE)
_BYLINE = re.compile(
    r"(?:^|[\s_-])(?:byline|author|autor|auteur|autore|redakt(?:eur|or))(?:s|en)?(?:[_-]{1,2}(?:name|link|names|list))?(?:$|\s)",
    re.IGNORECASE,
)
_AUTHOR_META = re.compile(r"(?:^|[^a-z]|article|content)author(?:s|[_-]?names?)?$")
_AUTHOR_PAGE = re.compile(
    r"/(?:authors?|autore?[ns]?|auteurs?|autori|people|profiles?|staff|journalists?|by|byline|redakteure?|yazar(?:lar)?|avtor|"
    r"reporters?|contributors?)/[^?#]{3,}",
    re.IGNORECASE,
)
_SAYS_BY = re.compile(
    r"^(?:(?:written |reported |posted )?by|von|par|por|di|door|av|af|tekst|text|autore?|auteur|автор|текст|συντάκτης|yazan|"
    r"نویسنده|گزارش|بقلم|كتب|מאת)(?:\s*[:：]\s*|\s+)(.{3,80})$",
    re.IGNORECASE,
)
# Two or more words in capitals, or in a script without: a sentence that begins with "By" is no byline.
_NAME = (
    r"(?:[^\W\d_a-zа-яα-ω][\w.'’-]*)(?:\s+(?:(?:de|da|di|van|von|der|den|la|le|el|al|bin|"
    r"of)\s+)*[^\W\d_a-zа-яα-ω][\w.'’-]*){1,3}"
)
_NAMES = re.compile(rf"{_NAME}(?:(?:\s*[,&]\s*|\s+(?:and|und|et|y|e|en|i|og|och|ve|и|و)\s+){_NAME}){{0,3}}")
_BEHIND_NAMES = re.compile(r"\s*[\d۰-۹٠-٩|•·–(/].*$")
_REPORTER = re.compile(
    r"(?:^|[（(〔【\s])記者\s?([\u4e00-\u9fff]{2,4})\s?[／/]|(?:^|[\s=\[(])([가-힣]{2,4})\s?(?:기자|특파원)(?:$|[\s=\])\d])|"
    r"^(?:作者|撰文|文|記者|记者|본문)\s?[・:：/／]\s?([\u4e00-\u9fff\u3040-\u30ff·]{2,8})(?:$|[\s\d(（|])"
)
_ELSEWHERE = re.compile(
    r"comment|relat|recommend|teaser|popular|trend|side-?bar|recirc|promo|card|(?:^|[\s_-])list", re.IGNORECASE
)
_MOST, _MOST_BYLINES, _LONGEST, _SMALL = 12, 4, 120, 8


def find_authors(
    page: Page | None, feed_authors: Sequence[str], names: Iterable[str], blocks: Sequence[Block] = ()
) -> tuple[str, ...]:
    """The authors, by the first kind of evidence that names a person; ``names`` are the outlet's and are nobody's.

    ``blocks`` are the page's: a line among them may say "By …".
    """
    outlet = {squash(name) for name in names if name}
    for evidence in _evidence(page, feed_authors, blocks):
        people = _people(evidence, outlet)
        if people:
            return people
    return ()


def _evidence(page: Page | None, feed_authors: Sequence[str], blocks: Sequence[Block]) -> Iterable[list[str]]:
    """Raw author lines, best evidence first; a list at a time, so that the dearer ways are tried only if need be."""
    if page:
        yield [name for node in page.articles[:2] for name in _names(node.get("author") or node.get("creator"), persons=True)]
        yield [value for name in _METAS[:2] for value in page.metas.get(name, [])]
        yield [value for name in _METAS[2:] for value in page.metas.get(name, [])]
        yield [value for name, values in page.metas.items() if _AUTHOR_META.search(name) for value in values]
        yield _bylines(page.tree)
        yield _spoken(blocks)
        try:
            yield [extract_author(page.tree) or ""]
        except BAD_TREE:
            # Heuristics over arbitrary class names; a page they cannot read names nobody.
            yield []
    yield list(feed_authors)
    if page:
        yield [name for node in page.articles[:2] for name in _names(node.get("author"), persons=False)]


def _spoken(blocks: Sequence[Block]) -> list[str]:
    """Who a line of its own names: "By Ines Talvik"; 記者王小明／台北報導; 홍길동 기자."""
    for block in blocks:
        if len(block.text) > _LONGEST or any(mark in (Mark.HARD, Mark.COMMENTS) for _, mark in block.marks):
            continue
        # a date may stand right behind the names
        if (said := _SAYS_BY.match(block.text)) and _NAMES.fullmatch(names := _BEHIND_NAMES.sub("", said[1])):
            return [names]
        if said := _REPORTER.search(block.text):
            return [said[1] or said[2] or said[3]]
    return []


def _bylines(tree: Tree) -> list[str]:
    """What the page shows as names of its authors: links and short elements that say so, outside "
    "comments and other articles."""
    found: list[str] = []
    for element in tree.iter("a", "span", "div", "p", "address", "strong", "b", "h4", "h5"):
        get = element.get
        label = get("class") or ""
        named = get("rel") == "author" or get("itemprop") == "author" or (label and _BYLINE.search(label))
        if named or (element.tag == "a" and _AUTHOR_PAGE.search(get("href") or "")):
            line = clean_line(element.text_content()) if len(element) <= _SMALL else ""
            if line and len(line) <= _LONGEST and not _is_elsewhere(element):
                found.append(line)
                if len(found) == _MOST_BYLINES:
                    break
    # the first element may hold the others
    return found[:1] if found and all(line in found[0] for line in found) else found


def _is_elsewhere(element: Tree) -> bool:
    """Whether an element stands among comments or other articles."""
    return any(
        node.tag in ("aside", "nav", "footer", "figure") or _ELSEWHERE.search(f"{node.get('class') or ''} {node.get('id') or ''}")
        for node in islice(element.iterancestors(), 12)
        if node.tag not in ("body", "html")
    )


def _names(value: Any, *, persons: bool) -> list[str]:
    """The names in a JSON-LD ``author``: a string, an object, or a list of either. ``persons``: leave out organisations."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [] if persons and "Organization" in str(value.get("@type")) else _names(value.get("name"), persons=persons)
    if isinstance(value, list):
        return [name for item in value[:_MOST] for name in _names(item, persons=persons)]
    return []


def _is_outlet(key: str, outlet: set[str]) -> bool:
    """Whether a name is the outlet's or begins with it ("Northern Herald staff")."""
    return any(key == name or (len(name) > 3 and key.startswith(f"{name} ")) for name in outlet)


def _people(lines: Iterable[str], outlet: set[str]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for line in lines:
        if "://" in line:
            continue
        if said := _REPORTER.search(line):
            line = said[1] or said[2] or said[3]
        for part in _SPLIT.split(clean_line(line)[:300]):
            name = _BY.sub("", part).strip(" .:-–—\"'()")
            key = squash(name)
            if (
                2 <= len(name) <= 60
                and key
                and not _is_outlet(key, outlet)
                and key not in _NOBODY
                and not _ADDRESS.search(name)
                and not key.isdigit()
            ):
                found.setdefault(key, name)
    return tuple(found.values())[:_MOST]
