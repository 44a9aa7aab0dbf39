"""The text of an article, without the headline, breadcrumb, share bars, teasers and invitations around it and in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import trafilatura
from lxml import etree
from lxml import html as lxml_html

from aggregator.extract.blocks import SENTENCE_END, Block, Kind, Mark, live, read_blocks, weight
from aggregator.extract.datewords import find_dates
from aggregator.extract.document import BAD_TREE, Page, Tree, clean_line, squash, words
from aggregator.extract.floods import cut_floods
from aggregator.extract.frame import find_frame, is_named
from aggregator.extract.remains import is_label, is_read_also, without_remains

_LEAD_LINES = 8
_LEAD_CHARS = 140
_STATED, _LITTLE, _MUCH = 250, 200, 400
"""By weight: what JSON-LD must state to count, below what we have next to nothing, and from what on a text can be certain."""
_REPEATED, _CARD = 60, 400
_REMARK, _COMMENTS = 12, 20_000
_PARAGRAPHS = frozenset(("p", "blockquote", "pre", "dd", "dt"))
_BLOCKS_WORDS = (
    "address article aside blockquote br center dd div dl dt figcaption footer form h1 h2 h3 h4 h5 h6 header hr li "
    "main nav ol p pre section table td th tr ul"
)
_BLOCKS = frozenset(_BLOCKS_WORDS.split())
_SILENT_WORDS = "audio canvas embed head iframe noscript object script style svg template title video"
_SILENT = frozenset(_SILENT_WORDS.split())
_SYNDICATION = re.compile(r"^The post .{3,400} (?:first )?appeared (?:first )?on .{2,100}$", re.IGNORECASE)
# Two Linear A signs (printable letters, in no newspaper) stand for the joiners while trafilatura has the text.
_MASK: dict[int, str] = str.maketrans({"\u200c": "\U00010640", "\u200d": "\U00010641"})
_UNMASK: dict[int, str] = str.maketrans({"\U00010640": "\u200c", "\U00010641": "\u200d"})
# The HTML parser lets these in, but a text that is set may not hold them.
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_SENTENCE_END = re.compile(r"[.!?…。؟۔]['\"”’»]?(?:\s|$)")
_TRAIL = re.compile(r"[>›»/|•→←]|::")
_JOINED = re.compile(r"[a-zà-ÿ][A-ZÀ-Þ]")


@dataclass(frozen=True, slots=True)
class Body:
    """What a page has to read: ``text``, one paragraph a line, and the readers' ``comments``."""

    text: str = ""
    comments: str = ""


def page_blocks(page: Page) -> list[Block]:
    """The blocks of a page's body."""
    return read_blocks(_root(page))


def _root(page: Page) -> Tree:
    body = page.tree.find(".//body")
    return page.tree if body is None else body


def read_body(page: Page, blocks: Sequence[Block], url: str, headline: str, people: Sequence[str] = ()) -> Body:
    """The page's text and comments; empty if there are none. ``blocks`` are the page's, ``url`` resolves links.

    Ours comes first: the blocks of the frame that holds the article. Where it is in doubt, trafilatura has a say. What the
    publisher states in JSON-LD (``articleBody``) tells which of our lines are not the article's, and stands in if we have
    something else. ``people`` are the authors and outlets, whose names alone make no line of an article.
    """
    found = find_text(_root(page), blocks, squash(headline))
    stated = _stated(page)
    lines = _agreed(found.lines, stated) if stated else found.lines
    if not (stated and lines) and not found.certain:
        lines = _second_opinion(page, url, lines)
    below = trim_lead("\n".join(lines), headline).split("\n")
    text = trim_lead("\n".join(without_remains(below, people)), headline)  # what stood between headline and byline
    return Body(text, find_comments(blocks, text))


def find_comments(blocks: Sequence[Block], text: str) -> str:
    """What readers wrote, a line for each paragraph, at most some 20,000 characters; what is in ``text`` is no comment."""
    size, lines = 0, []
    for block in blocks:
        if not any(mark is Mark.COMMENTS for _, mark in block.marks) or block.linked or block.kind is Kind.HEADING:
            continue
        if any(mark is Mark.HARD or element.tag == "form" for element, mark in block.marks):
            continue
        if is_label(block.text) or len(block.text) < _REMARK or block.text in text or _is_date_line(block.text):
            continue
        size += len(block.text)
        if size > _COMMENTS:
            break
        lines.append(block.text)
    return "\n".join(lines) if any(len(line) > _REPEATED for line in lines) else ""


def _stated(page: Page) -> str:
    """The text that the publisher says is the article's, if it is of any length."""
    bodies = (node.get("articleBody") for node in page.articles)
    whole = next((body for body in bodies if isinstance(body, str) and len(body) >= _STATED), "")
    return plain_text(whole) if whole else ""


def _agreed(lines: Sequence[str], stated: str) -> list[str]:
    """``lines`` without those that ``stated`` has not, if the two are one text; else the lines of ``stated``, if it is longer.

    A statement that breaks off, as behind a paywall, rules nothing out.
    """
    known = _grams(words(stated))
    shares = [(line, len(grams), len(grams & known)) for line in lines for grams in [_grams(words(line))]]
    total, common = sum(size for _, size, _ in shares), sum(shared for _, _, shared in shares)
    if common >= 0.8 * total and common >= 0.8 * len(known):
        return [line for line, size, shared in shares if shared * 2 >= size]
    if common < 0.3 * total and len(known) > total:
        return stated.split("\n")
    return list(lines)


def _grams(tokens: Sequence[str]) -> set[tuple[str, ...]]:
    """The word pairs of a line; scripts without blanks have few words in a line, and get its characters."""
    if len(tokens) < 4:
        tokens = list("".join(tokens))
    return set(pairwise(tokens)) or {tuple(tokens)}


def _second_opinion(page: Page, url: str, lines: Sequence[str]) -> list[str]:
    """``lines``, or what trafilatura finds: where we have next to nothing, or something else altogether, or but a part."""
    size = sum(map(weight, lines))
    theirs = _trafilatura(page, url, fast=size >= _LITTLE)
    other = sum(map(weight, theirs))
    if size < _LITTLE or other < _LITTLE:
        return list(lines) if size >= other else theirs
    ours, found = _grams(words("\n".join(lines))), _grams(words("\n".join(theirs)))
    common = len(ours & found)
    apart = common < 0.3 * min(len(ours), len(found))
    part = common >= 0.8 * len(ours) and other > 1.5 * size
    return theirs if apart or part else list(lines)


def _trafilatura(page: Page, url: str, *, fast: bool) -> list[str]:
    _swap_joiners(page.tree, _MASK)
    try:
        document = trafilatura.bare_extraction(page.tree, url=url, include_comments=False, fast=fast)
    except BAD_TREE:
        # It dives through trees of any shape; what it cannot digest is a page without text, and the feed's stands in.
        return []
    finally:
        _swap_joiners(page.tree, _UNMASK)
    text = getattr(document, "text", None)
    return [line for raw in text.translate(_UNMASK).split("\n") if (line := clean_line(raw))] if isinstance(text, str) else []


@dataclass(frozen=True, slots=True)
class Found:
    """What a page's frame holds: ``lines`` of text, and whether there is hardly a doubt that they are the article's."""

    lines: tuple[str, ...]
    certain: bool


def find_text(root: Tree, blocks: Sequence[Block], headline: str) -> Found:
    """The lines of the article under ``root``, by where they stand. ``headline`` is squashed."""
    blocks = live(blocks)
    frame = find_frame(root, blocks, headline)
    inside = [block for block in blocks if block.home is frame or any(node is frame for node in block.home.iterancestors())]
    prose = sum(block.prose for block in inside)
    # A page of links, such as a press review, is its links.
    of_links = sum(weight(block.text) for block in inside if block.linked) > prose
    cards = frozenset() if of_links else _cards(inside, frame)
    texts = {block.home for block in inside if block.prose}
    kept: list[Block] = []
    seen: set[str] = set()
    for block in inside:
        if block.text in seen or (not of_links and (block.linked or _is_aside(block, frame, cards, texts))):
            continue
        if len(block.text) > _REPEATED:
            seen.add(block.text)
        kept.append(block)
    while kept and kept[-1].kind is Kind.HEADING:  # it headed what has been left out
        kept.pop()
    total = sum(block.prose for block in blocks)
    certain = prose >= _MUCH and is_named(frame) and prose >= total * 0.6
    return Found(tuple(block.text for block in kept), certain)


def _is_aside(block: Block, frame: Tree, cards: AbstractSet[Tree], texts: AbstractSet[Tree]) -> bool:
    """Whether a block in the frame is no part of its text: a teaser, a pointer to other articles, a label."""
    if cards and any(node in cards for node in _up_to(block.home, frame)):
        return True
    if block.links and is_read_also(block.text, linked=block.links / len(block.text)):
        return True
    label = block.kind is Kind.TEXT and not block.prose and weight(block.text) < 80 and not SENTENCE_END.search(block.text)
    return label and block.home not in texts and block.home.tag not in _PARAGRAPHS


def _cards(blocks: Sequence[Block], frame: Tree) -> frozenset[Tree]:
    """The elements inside the frame that begin with a link and hold little else: teasers of other articles."""
    sizes: dict[Tree, int] = {}
    linked: dict[Tree, int] = {}
    leading: dict[Tree, bool] = {}
    for block in blocks:
        for node in _up_to(block.home, frame):
            sizes[node] = sizes.get(node, 0) + weight(block.text)
            linked[node] = linked.get(node, 0) + (weight(block.text) if block.linked else 0)
            leading.setdefault(node, block.linked)
    return frozenset(
        node for node, size in sizes.items() if leading[node] and size <= _CARD and linked[node] >= max(15, 0.25 * size)
    )


def _up_to(element: Tree, frame: Tree) -> Iterator[Tree]:
    """``element`` and what is around it, up to the frame, which is left out."""
    while element is not frame and element is not None:
        yield element
        element = element.getparent()


def _swap_joiners(tree: Tree, table: dict[int, str]) -> None:
    """Put stand-ins for ZWNJ and ZWJ, or put them back: trafilatura drops them as unprintable, and with them word borders."""
    signs = {chr(code) for code in table}
    for element in tree.iter(etree.Element):
        if element.text and not element.text.isascii() and not signs.isdisjoint(element.text):
            element.text = _NOT_XML.sub("", element.text.translate(table))
        if element.tail and not element.tail.isascii() and not signs.isdisjoint(element.tail):
            element.tail = _NOT_XML.sub("", element.tail.translate(table))


def plain_text(markup: str, headline: str = "") -> str:
    """A feed's HTML as plain text, one paragraph a line, without the headline and the "The post … appeared first on …"."""
    if "<" not in markup and "&" not in markup:
        return trim_lead(markup, headline)
    try:
        root = lxml_html.fragment_fromstring(f"<div>{cut_floods(markup)}</div>", create_parent="div")
    except (etree.LxmlError, ValueError, AssertionError):
        return trim_lead(re.sub(r"<[^<>]*>", " ", markup), headline)
    pieces: list[str] = []
    _collect(root, pieces)
    lines = "".join(pieces).split("\n")
    return trim_lead("\n".join(line for line in lines if not _SYNDICATION.match(clean_line(line))), headline)


def _collect(root: Tree, pieces: list[str]) -> None:
    """The text under ``root`` with a newline at each end of a block. By events: feeds nest deeper than Python may recurse."""
    silent = 0
    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        name = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            silent += name in _SILENT
            if name in _BLOCKS:
                pieces.append("\n")
            if not silent and element.text:
                pieces.append(element.text.replace("\n", " "))
            continue
        if event == "end":
            silent -= name in _SILENT
            if name in _BLOCKS:
                pieces.append("\n")
        if not silent and element.tail and element is not root:
            pieces.append(element.tail.replace("\n", " "))


def trim_lead(text: str, headline: str) -> str:
    """``text`` in clean lines, without what belongs to the page above it: dates, breadcrumbs, the headline however often."""
    lines = [line for raw in text.split("\n") if (line := clean_line(raw))]
    pattern, whole = _headline_pattern(headline), words(headline)
    start = 0
    while start < min(len(lines), _LEAD_LINES):
        rest = _without_headline(lines[start], pattern, len(whole)) if pattern else lines[start]
        rest = "" if whole and words(lines[start]) == whole else rest
        if rest == lines[start] and not (_is_date_line(rest) or _is_trail(rest)):
            break
        if rest and rest != lines[start]:
            lines[start] = rest
        else:
            start += 1
    return "\n".join(lines[start:])


@lru_cache(maxsize=16)
def _headline_pattern(headline: str) -> re.Pattern[str] | None:
    """Finds the headline whatever its quotes and blanks; None if it is too short to be told from ordinary words."""
    tokens = re.findall(r"\w+", headline)
    if len("".join(tokens)) < 4:
        return None
    return re.compile(r"[\W_]*".join(map(re.escape, tokens)), re.IGNORECASE)


def _without_headline(line: str, pattern: re.Pattern[str], size: int) -> str:
    """``line`` without a leading breadcrumb and headline; unchanged if its beginning is text that happens to use the words."""
    found = pattern.search(line, 0, _LEAD_CHARS + 2 * len(pattern.pattern))
    if not found or found.start() > _LEAD_CHARS:
        return line
    before, after = line[: found.start()], line[found.end() :]
    if not re.search(r"\w", after):
        return "" if _is_navigation(before, whole=True) else line
    again = pattern.match(after.lstrip(" \t-–—:|'\"“”‘’«»"))
    if again is None and not _is_seam(after, size):
        return line
    if not _is_navigation(before, whole=False):
        return line
    return after.lstrip(" \t-–—:|’”»\"'").strip()


def _is_navigation(before: str, *, whole: bool) -> bool:
    """Whether what stands before the headline is a breadcrumb. ``whole``: nothing follows the headline on this line."""
    if not re.search(r"\w", before):
        return True
    if len(before) > _LEAD_CHARS or _SENTENCE_END.search(before):
        return False
    glued = bool(_JOINED.search(before) or _TRAIL.search(before)) or before[-1].isalnum()
    return glued or (whole and len(before.split()) <= 10)


def _is_seam(after: str, size: int) -> bool:
    """Whether a new sentence begins right behind the headline: glued, set off, or in capitals behind a long headline."""
    first = after[0]
    if first.isalpha():
        return first.isupper() or not (first.islower() or size < 4)
    stripped = after.lstrip(" \t'\"”’»")
    if not stripped:
        return True
    if re.match(r"\s*[|–—]\s|\s+-\s|:\s", after):
        return True
    return size >= 6 and after[0].isspace() and stripped[0].isupper()


def _is_date_line(line: str) -> bool:
    """Whether a short line says nothing but a date, perhaps with a word such as "Published"."""
    if len(line) > 70:
        return False
    found = next(find_dates(line, "UTC"), None)
    return found is not None and len(re.findall(r"[^\W\d_]", line[: found.start] + line[found.end :])) <= 16


def _is_trail(line: str) -> bool:
    """Whether a short line is a breadcrumb by its arrows or run-together words: ``Home › News › World``, ``HomeNewsWorld``."""
    if len(line) > 100 or _SENTENCE_END.search(line):
        return False
    parts = [part.strip() for part in re.split(r"[>›»/|→]", line) if part.strip()]
    if len(parts) >= 3:
        return all(len(part.split()) <= 3 for part in parts)
    return len(_JOINED.findall(line)) >= 2 and len(line.split()) <= 6
