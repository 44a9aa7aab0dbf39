"""What a page, its address and its feed entry say about the date of publication, piece by piece."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from htmldate import find_date

from aggregator.extract.datewords import Reading, find_dates, read_stamp
from aggregator.extract.document import BAD_TREE, Page, Tree, clean_line, squash
from aggregator.extract.headline import headline_elements
from aggregator.model.article import DateCandidate, DateOrigin
from aggregator.model.feed import FeedEntry

_METAS = (
    "article:published_time", "og:article:published_time", "og:published_time", "datepublished", "article:published",
    "article.published", "article:published:time", "rnews:datepublished", "parsely-pub-date", "sailthru.date",
    "cxenseparse:recs:publishtime", "bt:pubdate", "published_time_telegram", "citation_publication_date", "citation_date",
    "dc.date.issued", "dcterms.issued", "dc.date", "dcterms.date", "dc.date.created", "dcterms.created", "publish-date",
    "publish_date", "publishdate", "published-date", "published_date", "publication_date", "publication-date", "pubdate",
    "pub_date", "article_date_original", "article:publicationdate", "originalpublicationdate", "releasedate",
    "datecreated", "date", "shareaholic:article_published_time", "vr:published_time",
)  # fmt: skip
_MODIFIED_METAS = ("article:modified_time", "og:updated_time", "datemodified", "dcterms.modified", "last-modified", "lastmod")
_RELATED = re.compile(
    r"relat|recent|most|popular|trend|comment|latest|recommend|teaser|promo|read-?(?:next|more)|also|more-|newsletter|"
    r"breaking|ticker|carousel|slider|archive|calendar|gelesen",
    re.IGNORECASE,
)
_EDGE = re.compile(r"sidebar|footer", re.IGNORECASE)
_CAPTION = re.compile(r"caption|credit|picture|picbox|gallery", re.IGNORECASE)
_PUBLISHED = re.compile(
    r"publi[sc]|pub-?date|entry-?date|post-?date|article-?date|news-?date|date-?created|byline|dateline|timestamp", re.IGNORECASE
)
_ARTICLE = re.compile(r"(?:^|\s)(?:article|hentry|post|news-single|single-post)(?:\s|$)", re.IGNORECASE)
_MASTHEAD = re.compile(
    r"masthead|top-?bar|top-?date|site-?header|page-?header-top|navbar|current-?date|today|clock|weather|header-date",
    re.IGNORECASE,
)
_UPDATED = re.compile(
    r"updat|modif|edited|aktualisi|geändert|mis à jour|actualiz|atualiz|aggiornat|bijgewerkt|uppdater|oppdater|opdater|обновл|"
    r"оновл|güncelle|به‌روز|بروزرسانی|تحديث",
    re.IGNORECASE,
)
_COPYRIGHT = re.compile(r"©|copyright|all rights reserved|\(c\)", re.IGNORECASE)
_URL_DAYS = (
    re.compile(r"(?<!\d)((?:19|20)\d{2})[/_-](\d{1,2})[/_-](\d{1,2})(?!\d)"),
    re.compile(r"(?<!\d)(20\d{2})(0[1-9]|1[0-2])([0-2]\d|3[01])(?!\d)"),
    re.compile(r"/((?:19|20)\d{2})/([a-z]{3})/(\d{1,2})(?!\d)"),
)
_SHORT_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SILENT = frozenset({"script", "style", "noscript", "option", "select"})
_HAS_YEAR = re.compile(r"\d{4}|\d\.\d{1,2}\.\d\d")
_PIECE = 160
_BYLINE = 70
_FULL_STOPS = frozenset(".!?…。؟")
_NEAR = 1500
_MOST = 24


@dataclass(frozen=True, slots=True)
class Evidence:
    """A candidate, whether its zone was its own, and whether it stands above the headline."""

    candidate: DateCandidate
    zone_known: bool
    above: bool = False

    @property
    def usable(self) -> bool:
        """Whether nothing speaks against it yet."""
        return not self.candidate.rejected

    def reject(self, reason: str) -> Evidence:
        """The same with a reason against it; an earlier reason stays."""
        return self if self.candidate.rejected else replace(self, candidate=replace(self.candidate, rejected=reason))


@dataclass(frozen=True, slots=True)
class Heading:
    """The headline's element, if found, and the containers that hold it."""

    element: Tree = None
    own: frozenset[Tree] = frozenset()

    def shares_article(self, element: Tree) -> bool:
        """Whether ``element`` stands in one container with the headline that is an article by its name."""
        return any(node in self.own and _is_article(node) for node in element.iterancestors())


def _is_article(node: Tree) -> bool:
    if node.tag in ("body", "html"):
        return False
    return node.tag == "article" or bool(_ARTICLE.search(node.get("class") or ""))


def _evidence(origin: DateOrigin, raw: str, reading: Reading, *, rejected: str = "", above: bool = False) -> Evidence:
    return Evidence(
        DateCandidate(origin, clean_line(raw)[:80], reading.at, reading.has_time, rejected), reading.zone_known, above
    )


def from_feed(entry: FeedEntry) -> Iterator[Evidence]:
    """The entry's date; for want of one, that of its last change."""
    at = entry.published_at or entry.updated_at
    if at:
        candidate = DateCandidate(DateOrigin.FEED, entry.published_raw[:80] or at.isoformat(), at, entry.has_time)
        yield Evidence(candidate, zone_known=not entry.zone_assumed)


def from_metadata(page: Page, timezone: str) -> Iterator[Evidence]:
    """JSON-LD, then ``<meta>`` and microdata."""
    for key in ("datePublished", "dateCreated", "uploadDate"):
        stamps = [node[key] for node in page.articles[:3] if isinstance(node.get(key), str)]
        readings = [(raw, reading) for raw in stamps if (reading := read_stamp(raw, timezone))]
        if readings:
            yield _evidence(DateOrigin.JSONLD, readings[0][0], readings[0][1])
            break
    for name in _METAS:
        for raw in page.metas.get(name, [])[:1]:
            if reading := read_stamp(raw, timezone):
                yield _evidence(DateOrigin.META, raw, reading)
    for element in page.tree.xpath('//*[@itemprop="datePublished"]'):
        raw = element.get("content") or element.get("datetime") or (element.text or "")
        if element.tag != "meta" and (reading := read_stamp(raw, timezone)):
            yield _evidence(DateOrigin.META, raw, reading, rejected=_place(element, Heading()))
            break


def find_modified(page: Page, timezone: str) -> datetime | None:
    """When the page says it was last changed."""
    stamps = [node["dateModified"] for node in page.articles[:3] if isinstance(node.get("dateModified"), str)]
    stamps += [page.meta(name) for name in _MODIFIED_METAS]
    return next((reading.at for raw in stamps if raw and (reading := read_stamp(raw, timezone))), None)


def from_url(url: str) -> Iterator[Evidence]:
    """``/2023/05/13/``, ``2023-05-13``, ``20230513``, ``/2023/may/13/`` in the path."""
    try:
        path = urlsplit(url).path.lower()
    except ValueError:
        return
    for pattern in _URL_DAYS:
        for found in pattern.finditer(path):
            month = _SHORT_MONTHS.index(found[2]) + 1 if found[2] in _SHORT_MONTHS else found[2]
            if str(month).isdigit() and (reading := next(find_dates(f"{found[1]}-{month}-{found[3]}", "UTC"), None)):
                yield _evidence(DateOrigin.URL, found[0], reading)
                return


def find_heading(page: Page, headline: str) -> Heading:
    """The headline's element: the highest heading with its words; for want of one the first other element that is no link."""
    elements = headline_elements(page.tree, squash(headline))
    plain = [element for element in elements if element.tag != "a" and not _place(element, Heading())]
    element = next(iter(plain or elements), None)
    return Heading(element, frozenset(element.iterancestors()) if element is not None else frozenset())


def from_text(page: Page, heading: Heading, timezone: str) -> Iterator[Evidence]:
    """``<time>`` elements and dates in short pieces of text, with their place relative to the headline.

    Text counts from the top of the page to some 1,500 characters behind the headline; a date inside a paragraph never does.
    """
    body = page.tree.find(".//body")
    above, distance, count = heading.element is not None, 0, 0
    for element in (page.tree if body is None else body).iter():
        if element is heading.element:
            above = False
        if element.tag in _SILENT:
            continue
        text = f"{element.text or ''} {element.tail or ''}"
        distance += 0 if above else len(text)
        if element.tag == "time":
            found = list(_from_time(element, heading, timezone, above=above))
        elif distance <= _NEAR and _HAS_YEAR.search(text):
            found = list(_from_pieces(element, heading, timezone, above=above))
        else:
            continue
        count += len(found)
        yield from found
        if count >= _MOST:
            return


def _from_time(element: Tree, heading: Heading, timezone: str, *, above: bool) -> Iterator[Evidence]:
    raw = element.get("datetime") or element.text_content()
    if reading := read_stamp(raw, timezone):
        labelled = _labelled(element)
        rejected = _place(element, heading, labelled=labelled) or _updated(element)
        yield _evidence(DateOrigin.TIME, raw, reading, rejected=rejected, above=above and not labelled)


def _from_pieces(element: Tree, heading: Heading, timezone: str, *, above: bool) -> Iterator[Evidence]:
    """Dates in the text right before an element's first child and right behind the element."""
    for piece, home in ((element.text, element), (element.tail, element.getparent())):
        if not piece or home is None or len(piece) > _PIECE or not _HAS_YEAR.search(piece):
            continue
        labelled = _labelled(home)
        for reading in find_dates(piece, timezone):
            if _is_prose(piece, reading):
                continue
            rejected = _wording(piece, reading) or _place(home, heading, labelled=labelled)
            raw = piece[reading.start : reading.end]
            yield _evidence(DateOrigin.VISIBLE, raw, reading, rejected=rejected, above=above and not labelled)


def _is_prose(piece: str, reading: Reading) -> bool:
    """Whether a date stands in a sentence, where it says when something happened, and not in a byline."""
    rest = piece[: reading.start] + piece[reading.end :]
    return len(re.findall(r"[^\W\d_]", rest)) > _BYLINE or (len(rest.split()) > 3 and rest.rstrip()[-1:] in _FULL_STOPS)


def _labelled(element: Tree) -> bool:
    """Whether an element or its parent is called a publication date."""
    parent = element.getparent()
    nodes = [element] if parent is None or parent.tag in ("body", "html") else [element, parent]
    return any(_PUBLISHED.search(f"{node.get('class') or ''} {node.get('id') or ''}") for node in nodes)


def _updated(element: Tree) -> str:
    """``modified`` if a ``<time>`` says so by its class, its label or the words before it."""
    before, parent = element.getprevious(), element.getparent()
    label = before.tail or before.text if before is not None else getattr(parent, "text", "")
    name = f"{element.get('class') or ''} {element.get('itemprop') or ''}"
    # WordPress themes mark one date "updated published"
    said = f"{'' if _PUBLISHED.search(name) else name} {(label or '')[-60:]}"
    return "modified" if _UPDATED.search(said) else ""


def _wording(piece: str, reading: Reading) -> str:
    if _COPYRIGHT.search(piece):
        return "copyright"
    return "modified" if _UPDATED.search(piece[: reading.start]) else ""


def _place(element: Tree, heading: Heading, *, labelled: bool = False) -> str:
    """Why a date at ``element`` is not the article's, by the containers around it up to one that holds the headline, too.

    ``labelled``: it is called a publication date, which a clock in the masthead is not.
    """
    node, depth = element, 0
    reason = ""
    while node is not None and node not in heading.own and node.tag not in ("body", "html") and depth < 12 and not reason:
        reason = _container(node, labelled=labelled, known=heading.element is not None)
        node, depth = node.getparent(), depth + 1
    # an article's own footer or margin may well hold its date
    if reason == "edge":
        return "" if heading.shares_article(element) else "related"
    return reason


def _container(node: Tree, *, labelled: bool, known: bool) -> str:
    label = f"{node.get('class') or ''} {node.get('id') or ''}"
    if node.tag in ("figure", "figcaption") or _CAPTION.search(label):
        return "caption"
    if _RELATED.search(label):
        return "related"
    if node.tag in ("aside", "footer") or _EDGE.search(label):
        return "edge"
    if node.tag == "nav" or (not labelled and _MASTHEAD.search(label)):
        return "masthead"
    if node.tag == "header" and known and not labelled and not any(up.tag in ("article", "main") for up in node.iterancestors()):
        return "masthead"
    return ""


def from_htmldate(page: Page, url: str, found: Sequence[Evidence], seen_at: datetime) -> Iterator[Evidence]:
    """The day that htmldate's many patterns find, unless a candidate of that day was rejected already."""
    latest = (seen_at + timedelta(days=1)).strftime("%Y-%m-%d")
    try:
        raw = find_date(page.tree, extensive_search=False, url=url, original_date=True, min_date="1995-01-01", max_date=latest)
    except BAD_TREE:
        # Patterns over arbitrary markup; a page they choke on has no more evidence.
        return
    reading = read_stamp(raw, "UTC") if raw else None
    if reading:
        rejected = next((item.candidate.rejected for item in found if item.candidate.at.date() == reading.at.date()), "")
        yield _evidence(DateOrigin.VISIBLE, raw or "", reading, rejected=rejected, above=True)
