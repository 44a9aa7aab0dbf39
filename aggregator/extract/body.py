"""The text of an article: trafilatura's, without the headline, breadcrumb and masthead that pages glue to its beginning."""

from __future__ import annotations

import re

import trafilatura
from lxml import etree
from lxml import html as lxml_html

from aggregator.extract.datewords import find_dates
from aggregator.extract.document import BAD_TREE, Page, Tree, clean_line, words

_LEAD_LINES = 8
_LEAD_CHARS = 140
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


def page_text(page: Page, url: str, headline: str) -> str:
    """The page's text, one paragraph a line, without the headline; empty if there is none. ``url`` resolves links."""
    _swap_joiners(page.tree, _MASK)
    try:
        document = trafilatura.bare_extraction(page.tree, url=url, include_comments=False, fast=True)
    except BAD_TREE:
        # It dives through trees of any shape; what it cannot digest is a page without text, and the feed's stands in.
        return ""
    finally:
        _swap_joiners(page.tree, _UNMASK)
    text = getattr(document, "text", None)
    return trim_lead(text.translate(_UNMASK), headline) if isinstance(text, str) else ""


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
        root = lxml_html.fragment_fromstring(f"<div>{markup}</div>", create_parent="div")
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
