"""One page and its feed entry to one ``Extraction``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from aggregator.extract.access import find_access, is_consent_page
from aggregator.extract.blocks import Block
from aggregator.extract.body import Body, page_blocks, plain_text, read_body
from aggregator.extract.dates import decide_date
from aggregator.extract.document import Page, read_page
from aggregator.extract.headline import choose_headline
from aggregator.extract.language import detect_language, other_languages
from aggregator.extract.links import absolute, find_canonical, find_image, find_section, find_tags, site_names
from aggregator.extract.people import find_authors
from aggregator.model.article import Access, Extraction, TextOrigin
from aggregator.model.feed import FeedEntry

_MARKUP = ("html", "xml", "text/plain", "octet-stream")
_FULL_TEXT = 300
_ASKED = "the page asks for consent to cookies in the place of its article"
_BEGINNING = "the page shows only the beginning, the rest to subscribers"

EXTRACTOR = 3
"""The version of what makes an ``Extraction``: it rises when the same page would give another one, and is stored with it."""


def extract_article(
    body: bytes | None,
    *,
    url: str,
    content_type: str,
    entry: FeedEntry,
    outlet: str,
    outlet_language: str | None,
    timezone: str,
    seen_at: datetime,
    note: str,
) -> Extraction:
    """What the page and its feed entry say together. Never raises, whatever the bytes.

    ``body`` is the page (at most some 3 MB), None if it could not be had: then the feed's text stands in and ``note``, the
    caller's sentence on why, is kept. ``url`` is the page's final address, ``content_type`` the header's value. ``outlet``
    is the source's name, ``outlet_language`` its configured language, ``timezone`` the IANA zone of dates that name none,
    ``seen_at`` (aware) the moment of the fetch.
    """
    page, trouble = _open(body, content_type)
    names = _names(page, outlet, url)
    title = choose_headline(page, entry.title, names)
    page = page and page.about(title)
    blocks = page_blocks(page) if page else ()
    authors = find_authors(page, entry.authors, names, blocks)
    found = read_body(page, blocks, url, title, (*authors, *names)) if page else Body()
    access = _access(page, blocks, url, found)
    text, origin, reason = _text(page, found.text, access, entry, title)
    date, modified = decide_date(page, entry, url=url, headline=title, timezone=timezone, seen_at=seen_at)
    return Extraction(
        title=title,
        text=text,
        text_origin=origin,
        note=note or "; ".join(filter(None, (trouble, reason))),
        authors=authors,
        date=date,
        modified_at=modified,
        language=(language := _language(page, entry, f"{title}\n{text}", outlet_language)),
        other_languages=other_languages(text, language),
        site_name=next(iter(site_names(page)), "") if page else "",
        canonical_url=find_canonical(page, url, title) if page else None,
        image_url=(find_image(page, url) if page else None) or (absolute(url, entry.image_url) if entry.image_url else None),
        tags=find_tags(page, entry.tags),
        section=find_section(page, title) if page else "",
        access=access,
        comments=found.comments,
        extractor=EXTRACTOR,
    )


def _open(body: bytes | None, content_type: str) -> tuple[Page | None, str]:
    """The page, or None; and what is to be said of it: why there is none, or what was left out."""
    if body is None:
        return None, ""
    kind = content_type.partition(";")[0].strip().lower()
    if (kind and not any(word in kind for word in _MARKUP)) or body.startswith(b"%PDF"):
        return None, f"page is {kind if not body.startswith(b'%PDF') else 'a PDF'}, not HTML"
    page = read_page(body, content_type)
    return page, page.note if page else "page could not be parsed"


def _names(page: Page | None, outlet: str, url: str) -> list[str]:
    """What the outlet may be called in titles and bylines: as configured, as it calls itself, by its host."""
    try:
        host = (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        host = ""
    labels = host.split(".")
    names = [outlet, host, labels[-2] if len(labels) > 1 else ""]
    return [name for name in [*names, *(site_names(page) if page else ())] if name]


def _access(page: Page | None, blocks: Sequence[Block], url: str, body: Body) -> Access:
    if page is None:
        return Access.OPEN
    said = body.text or "\n".join(block.text for block in blocks)
    return Access.CONSENT if is_consent_page(page, url, said) else find_access(page, blocks, body.text)


def _text(page: Page | None, text: str, access: Access, entry: FeedEntry, title: str) -> tuple[str, TextOrigin, str]:
    """The text, where it comes from, and why it is not the page's, or not all of it. ``text`` is the page's."""
    full = plain_text(entry.content, title)
    spare = full if full else plain_text(entry.summary, title)
    asks = access is Access.CONSENT
    if text and not asks and (len(spare) < _FULL_TEXT or len(text) * 2 >= len(spare)):
        return text, TextOrigin.PAGE, _BEGINNING if access is Access.PAYWALL else ""
    if spare:
        reason = "page text is much shorter than the feed's" if text else "no text found on the page"
        return spare, TextOrigin.FEED, (_ASKED if asks else reason) if page else ""
    if text and not asks:
        return text, TextOrigin.PAGE, _BEGINNING if access is Access.PAYWALL else ""
    return "", TextOrigin.NONE, (_ASKED if asks else "no text found on the page or in the feed") if page else ""


def _language(page: Page | None, entry: FeedEntry, text: str, outlet_language: str | None) -> str | None:
    declared = _declared(page) if page else ()
    return detect_language(text, (outlet_language, entry.language, *declared))


def _declared(page: Page) -> Iterable[str | None]:
    root = page.tree.getroottree().getroot()
    return root.get("lang"), page.meta("og:locale"), page.meta("content-language")
