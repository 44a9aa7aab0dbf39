"""What a page, its address and its feed entry say about the date of publication, piece by piece."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from math import inf
from urllib.parse import urlsplit

from aggregator.extract.datewords import Reading, find_dates, read_stamp
from aggregator.extract.document import Page, Tree, clean_line, squash
from aggregator.extract.headline import headline_elements
from aggregator.extract.relative import find_relative
from aggregator.model.article import DateCandidate, DateOrigin
from aggregator.model.feed import FeedEntry

_STAMPED = timedelta(hours=2)
# Not every date of a document is that of its publication.
_GENERIC = frozenset(
    {"date", "datecreated", "dc.date", "dcterms.date", "dc.date.created", "dcterms.created", "shareaholic:article_published_time"}
)
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
    r"оновл|güncel|به‌روز|بروزرسانی|به روز رسانی|تحديث|aktualiz|frissít|ažurir|ενημέρωσ|עודכן|עדכון|更新|수정|업데이트",
    re.IGNORECASE,
)
_UPDATED_BEHIND = re.compile(r"\s?[(（]?(?:更新|수정|updated)", re.IGNORECASE)
_COPYRIGHT = re.compile(r"©|copyright|all rights reserved|\(c\)", re.IGNORECASE)
_URL_DAYS = (
    re.compile(r"(?<!\d)((?:19|20|1[34])\d{2})[/_-](\d{1,2})[/_-](\d{1,2})(?!\d)"),
    re.compile(r"(?<!\d)(20\d{2})(0[1-9]|1[0-2])([0-2]\d|3[01])(?!\d)"),
    re.compile(r"/((?:19|20)\d{2})/([a-z]{3})/(\d{1,2})(?!\d)"),
)
_SHORT_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SILENT = frozenset({"script", "style", "noscript", "option", "select"})
_HAS_YEAR = re.compile(r"\d{4}|\d\.\d{1,2}\.\d\d|年")
_CALLED_DATE = re.compile(r"date|time|publi|meta|datum|fecha|tarih", re.IGNORECASE)
_PARTS = 6
_SHORT = 60
_SHORTEST, _PIECE = 6, 160
_BYLINE = 70
_FULL_STOPS = frozenset(".!?…。؟")
_NEAR = 1500
_ELEMENTS = 20_000
_MOST = 24

_FEED, _FEED_FRESH, _FEED_UPDATED = 0.75, 0.58, 0.5
_JSONLD_KEYS = {"datePublished": 0.8, "dateCreated": 0.6, "uploadDate": 0.5, "dateModified": 0.8}
_META, _META_GENERIC, _URL = 0.75, 0.65, 0.6
_TIME, _TIME_FAR, _VISIBLE, _LABELLED, _ABOVE = 0.5, 0.2, 0.4, 0.05, 0.25
_RELATIVE, _FAR, _DOUBT = 0.3, 0.2, 0.6


@dataclass(frozen=True, slots=True)
class Evidence:
    """A candidate with its own weight, whether its zone was its own, and whether it stands above the headline.

    The weights are rough odds that evidence of this kind, alone, is right; agreement is for :mod:`aggregator.extract.dates`.
    """

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


def _evidence(
    origin: DateOrigin, raw: str, reading: Reading, weight: float, *, rejected: str = "", above: bool = False
) -> Evidence:
    weight = weight * _DOUBT if reading.doubtful else weight
    candidate = DateCandidate(origin, clean_line(raw)[:80], reading.at, reading.has_time, rejected, weight, reading.zone)
    return Evidence(candidate, bool(reading.zone), above)


def from_feed(entry: FeedEntry, seen_at: datetime) -> Iterator[Evidence]:
    """The entry's date; for want of one, that of its last change.

    A feed that stamps its entries when it is asked cannot be told from one that was asked right after the publication: a date of
    the last hours counts for less.
    """
    at = entry.published_at or entry.updated_at
    if at:
        weight = _FEED if entry.published_at else _FEED_UPDATED
        weight = min(weight, _FEED_FRESH) if abs(seen_at - at) <= _STAMPED else weight
        raw = entry.published_raw[:80] or at.isoformat()
        named = read_stamp(raw, "UTC") if entry.has_time and not entry.zone_assumed else None
        zone = named.zone if named and named.at == at else ""
        candidate = DateCandidate(DateOrigin.FEED, raw, at, entry.has_time, weight=weight, zone=zone)
        yield Evidence(candidate, zone_known=not entry.zone_assumed)


def from_metadata(page: Page, headline: str, timezone: str) -> Iterator[Evidence]:
    """JSON-LD, then ``<meta>`` and microdata; what they name as the last change is there as well, rejected."""
    yield from _from_jsonld(page, squash(headline), timezone)
    for name in _METAS:
        for raw in page.metas.get(name, [])[:1]:
            if reading := read_stamp(raw, timezone):
                yield _evidence(DateOrigin.META, raw, reading, _META_GENERIC if name in _GENERIC else _META)
    for name in _MODIFIED_METAS:
        if reading := read_stamp(page.meta(name), timezone):
            yield _evidence(DateOrigin.META, page.meta(name), reading, _META, rejected="modified")
    for element in page.tree.xpath('//*[@itemprop="datePublished"]'):
        raw = element.get("content") or element.get("datetime") or (element.text or "")
        if element.tag != "meta" and (reading := read_stamp(raw, timezone)):
            yield _evidence(DateOrigin.META, raw, reading, _META, rejected=_place(element, Heading()))
            break


def _from_jsonld(page: Page, headline: str, timezone: str) -> Iterator[Evidence]:
    nodes = page.articles[:3]
    named = any(squash(str(node.get("headline"))) == headline for node in nodes)
    for key, weight in _JSONLD_KEYS.items():
        for node in nodes:
            raw = node.get(key)
            if not isinstance(raw, str) or not (reading := read_stamp(raw, timezone)):
                continue
            # Of several articles on one page none of which has the headline, any may be another one's.
            own = len(nodes) == 1 or not named or squash(str(node.get("headline"))) in (headline, "none")
            rejected = "modified" if key == "dateModified" else "" if own else "related"
            yield _evidence(DateOrigin.JSONLD, raw, reading, weight, rejected=rejected)
            if own:
                break


def from_url(url: str) -> Iterator[Evidence]:
    """``/2023/05/13/``, ``2023-05-13``, ``20230513``, ``/2023/may/13/`` in the path; Persian days, too."""
    try:
        path = urlsplit(url).path.lower()
    except ValueError:
        return
    for pattern in _URL_DAYS:
        for found in pattern.finditer(path):
            month = _SHORT_MONTHS.index(found[2]) + 1 if found[2] in _SHORT_MONTHS else found[2]
            if str(month).isdigit() and (reading := next(find_dates(f"{found[1]}-{month}-{found[3]}", "UTC"), None)):
                yield _evidence(DateOrigin.URL, found[0], reading, _URL)
                return


def find_heading(page: Page, headline: str) -> Heading:
    """The headline's element: the highest heading with its words; for want of one the first other element that is no link."""
    elements = headline_elements(page.tree, squash(headline))
    plain = [element for element in elements if element.tag != "a" and not _place(element, Heading())]
    element = next(iter(plain or elements), None)
    return Heading(element, frozenset(element.iterancestors()) if element is not None else frozenset())


def from_text(page: Page, heading: Heading, timezone: str) -> list[Evidence]:
    """``<time>`` elements and dates in short pieces of text, with their place relative to the headline.

    Text counts from the top of the page to some 1,500 characters behind the headline; a date inside a paragraph never does.
    ``<time>`` elements count further down, too, unless they name several days: those are lists of other articles.
    """
    found: list[Evidence] = []
    near = set()
    for element, above in _walk(page, heading, _NEAR):
        if element.tag == "time":
            near.add(element)
            found.extend(_from_time(element, heading, timezone, above=above, near=True))
        else:
            found.extend(_from_pieces(element, heading, timezone, above=above))
        if len(found) >= _MOST:
            return found
    times = [element for element in page.tree.iter("time") if element not in near][:_MOST]
    far = [item for element in times for item in _from_time(element, heading, timezone, above=False, near=False)]
    lists = len({item.candidate.at.date() for item in far if item.usable and item.candidate.weight <= _TIME_FAR}) > 1
    return found + [item.reject("related") if lists and item.candidate.weight <= _TIME_FAR else item for item in far]


def from_far_text(page: Page, heading: Heading, timezone: str) -> list[Evidence]:
    """Dates in short pieces of text anywhere on the page: the last resort, and only if they name one day alone."""
    found: list[Evidence] = []
    for element, above in _walk(page, heading):
        found.extend(_from_pieces(element, heading, timezone, above=above))
        if len(found) >= 4 * _MOST:
            break
    alone = len({item.candidate.at.date() for item in found if item.usable}) == 1
    faint = [replace(item, candidate=replace(item.candidate, weight=_FAR)) for item in found]
    return [item if alone else item.reject("several") for item in faint][:_MOST]


def _walk(page: Page, heading: Heading, limit: float = inf) -> Iterator[tuple[Tree, bool]]:
    """The elements whose text is to be seen, and whether they stand above the headline.

    It ends ``limit`` characters behind the headline, or from the top of a page where none is found.
    """
    body = page.tree.find(".//body")
    above, distance = heading.element is not None, 0
    for element in islice((page.tree if body is None else body).iter("*"), _ELEMENTS):
        if above:
            above = element is not heading.element
        if element.tag not in _SILENT:
            if not above:
                distance += len(element.text or "") + len(element.tail or "")
                if distance > limit:
                    return
            yield element, above


def _from_time(element: Tree, heading: Heading, timezone: str, *, above: bool, near: bool) -> Iterator[Evidence]:
    raw = element.get("datetime") or element.text_content()
    if reading := read_stamp(raw, timezone):
        labelled = _labelled(element)
        above = above and not labelled
        rejected = _place(element, heading, labelled=labelled) or _updated(element)
        weight = _TIME + _LABELLED if labelled else _TIME if near or heading.shares_article(element) else _TIME_FAR
        yield _evidence(DateOrigin.TIME, raw, reading, _ABOVE if above else weight, rejected=rejected, above=above)


def _from_pieces(element: Tree, heading: Heading, timezone: str, *, above: bool) -> Iterator[Evidence]:
    """Dates in the text right before an element's first child and right behind the element, or in one that is cut up."""
    for piece, home in _pieces(element):
        if not _SHORTEST <= len(piece) <= _PIECE or not _HAS_YEAR.search(piece):
            continue
        labelled = _labelled(home)
        readings = list(find_dates(piece, timezone))
        for reading in readings:
            if _is_prose(piece, reading):
                continue
            said = _said_before(element, home) + piece[: reading.start]
            rejected = _wording(piece, reading, readings, said) or _place(home, heading, labelled=labelled)
            raw = piece[reading.start : reading.end]
            weight = _VISIBLE + _LABELLED if labelled else _ABOVE if above else _VISIBLE
            yield _evidence(DateOrigin.VISIBLE, raw, reading, weight, rejected=rejected, above=above and not labelled)


def _said_before(element: Tree, home: Tree) -> str:
    """What stands before a piece of text: the label behind which it is, or in the element that it is the tail of."""
    if home is element:
        return f"{_name(element)} {_label(element)} "
    return f"{_name(home)} {(element.text or '')[-_SHORT:]} "


def _pieces(element: Tree) -> Iterator[tuple[str, Tree]]:
    """Text with the element that it belongs to."""
    text, tail = element.text, element.tail
    if text and not text.isspace():
        yield text, element
    if tail and not tail.isspace() and (home := element.getparent()) is not None:
        yield tail, home
    # <div class="date"><b>13</b> May <i>2023</i></div>
    if 1 < len(element) <= _PARTS and _is_dated(element):
        parts = [part.strip() for part in element.itertext() if part.strip()]
        if len(parts) <= _PARTS and sum(map(len, parts)) <= _SHORT:
            yield " ".join(parts), element


def from_relative(page: Page, heading: Heading, timezone: str, seen_at: datetime) -> Iterator[Evidence]:
    """``3 hours ago`` and the like, in small pieces of text of their own near the headline."""
    count = 0
    for element, above in _walk(page, heading, _NEAR):
        if count >= _MOST:
            return
        for piece, home in _pieces(element):
            text = piece.strip()
            for reading in find_relative(text, timezone, seen_at) if 0 < len(text) <= _SHORT else ():
                raw, labelled = text[reading.start : reading.end], _labelled(home)
                # "Today" may be a link in a menu or the name of a paper.
                if not (reading.has_time or labelled or any(map(str.isdecimal, raw)) or _is_dated(home)):
                    continue
                count += 1
                rejected = ("modified" if _UPDATED.search(text) else "") or _place(home, heading, labelled=labelled)
                yield _evidence(DateOrigin.VISIBLE, raw, reading, _RELATIVE, rejected=rejected, above=above)


def _is_dated(element: Tree) -> bool:
    """Whether an element is called a date of some kind."""
    return element.tag == "time" or bool(_CALLED_DATE.search(element.get("class") or ""))


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
    return "modified" if _UPDATED.search(f"{_name(element)} {_label(element)}") else ""


def _name(element: Tree) -> str:
    """What an element is called; nothing if that is a publication, for WordPress themes mark one date "updated published"."""
    name = f"{element.get('class') or ''} {element.get('itemprop') or ''}"
    return "" if _PUBLISHED.search(name) else name


def _label(element: Tree) -> str:
    """The text right before an element."""
    before, parent = element.getprevious(), element.getparent()
    label = (before.tail or "").strip() or before.text if before is not None else getattr(parent, "text", "")
    return (label or "")[-_SHORT:]


def _wording(piece: str, reading: Reading, readings: Sequence[Reading], said: str) -> str:
    """What a piece of text says against a date in it: ``said`` is what stands before it, which may belong to an earlier date."""
    if _COPYRIGHT.search(piece):
        return "copyright"
    earlier = max((other.end for other in readings if other.end <= reading.start), default=None)
    before = said if earlier is None else piece[earlier : reading.start]
    return "modified" if _UPDATED.search(before) or _UPDATED_BEHIND.match(piece, reading.end) else ""


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
    if node.tag == "a" and any(node.find(f".//{name}") is not None for name in ("h2", "h3", "h4")):
        # another article's headline and date, as one link to it
        return "related"
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
