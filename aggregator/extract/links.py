"""Addresses and labels of a page: canonical address, picture, name of the site, tags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from aggregator.extract.document import Page, clean_line, squash, words

_SECOND_LEVEL_WORDS = "ac asso co com edu gen go gob gov gouv gub info int ltd mil ne net nom or org press sch"
_SECOND_LEVEL = frozenset(_SECOND_LEVEL_WORDS.split())
_CACHES = ("ampproject.org", "ampproject.net")
_TRACKING = re.compile(
    r"(?:utm_\w+|fbclid|gclid|dclid|msclkid|yclid|igshid|mc_[ce]id|ref(?:errer|_src)?|cmp(?:id)?|xtor|at_\w+|wt_\w+|ns_\w+|ito|"
    r"smid|print(?:able|view)?|amp|outputtype|__twitter_impression)(?:=|$)",
    re.IGNORECASE,
)
# What stands behind an article's address when another view of it is meant.
_VIEW = re.compile(r"(?:amp|print|mobile|index)(?:\.\w+)?/?|\d{1,2}", re.IGNORECASE)
_MOST_TAGS = 30
_LONGEST_TAG = 60


def absolute(base: str, link: str) -> str | None:
    """``link`` as an absolute http(s) URL, None if it cannot be one."""
    link = link.strip()
    if not link or len(link) > 4000:
        return None
    try:
        url = urljoin(base, link)
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return url if sound and not re.search(r"[\s<>\"]", url) else None


def site_of(url: str) -> str:
    """The part of the host that one owner registers, by a rule of thumb: two labels, three under ``co.uk`` and its like."""
    try:
        host = (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
    if not host.isascii():
        with suppress(UnicodeError):
            host = host.encode("idna").decode()
    labels = host.split(".")
    if host.replace(".", "").isdigit() or len(labels) < 3:
        return host
    return ".".join(labels[-3 if len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL else -2 :])


def find_canonical(page: Page, url: str, headline: str = "") -> str | None:
    """What the page says its address is, if that can be true, without tracking and print parameters and without a fragment.

    Asked in this order: ``rel=canonical``, ``og:url``, JSON-LD. Believed if it is http(s) on the same site (or ``url`` is an AMP
    cache's), and neither the home page, nor a section above ``url``, nor another article: one whose words in the address have
    nothing in common with those of ``url`` nor with the ``headline``.
    """
    declared = [
        element.get("href") or ""
        for element in page.tree.iter("link")
        if "canonical" in (element.get("rel") or "").lower().split()
    ]
    for link in [*declared[:2], page.meta("og:url"), *_stated_addresses(page)]:
        address = absolute(url, link)
        if address and _is_plausible(address, url, headline):
            return _bare(address)
    return None


def _stated_addresses(page: Page) -> list[str]:
    """What the first article node of JSON-LD says of its address."""
    found: list[str] = []
    for node in page.articles[:1]:
        for value in (node.get("mainEntityOfPage"), node.get("url")):
            link = value.get("@id") if isinstance(value, dict) else value
            if isinstance(link, str):
                found.append(link)
    return found


def _bare(address: str) -> str:
    """An address without the parameters that tell where a reader came from or how he wants to see it, and without fragment."""
    parts = urlsplit(address)
    if not parts.query and not parts.fragment:
        return address
    kept = "&".join(pair for pair in parts.query.split("&") if pair and not _TRACKING.match(pair))
    return urlunsplit((parts.scheme, parts.netloc, parts.path, kept, ""))


def _is_plausible(address: str, url: str, headline: str) -> bool:
    if site_of(address) != site_of(url) and site_of(url) not in _CACHES:
        return False
    there, own = urlsplit(_bare(address)), urlsplit(_bare(url))
    path, here = there.path.strip("/"), own.path.strip("/")
    if there.query or path == here:
        return True
    if not path:
        return not here
    above = here.startswith(f"{path}/") and not _VIEW.fullmatch(here[len(path) + 1 :])
    return not above and not _is_other(path, here, headline)


def _is_other(path: str, here: str, headline: str) -> bool:
    """Whether ``path`` is another article's than ``here``, both having words to tell it by: no word and no long number shared."""
    said, ours = _slug(path), _slug(here)
    if len(said) < 3 or len(ours) < 3:
        return False
    return not said & ours and not said & set(words(headline))


def _slug(path: str) -> set[str]:
    """The words of four letters and more in the last part of a path, and the numbers of four digits and more in the last two."""
    parts = unquote(path).casefold().rstrip("/").split("/")[-2:]
    found = {word for word in re.split(r"[\W_]+", parts[-1]) if len(word) >= 4 and word != "html"}
    return found | {number for number in re.findall(r"\d{4,}", parts[0]) if not re.fullmatch(r"(?:19|20)\d\d", number)}


def find_image(page: Page, url: str) -> str | None:
    """The page's own picture."""
    for link in (page.meta("og:image", "og:image:url", "twitter:image", "twitter:image:src"), *_pictures(page)):
        if address := absolute(url, link):
            return address
    return None


def _pictures(page: Page) -> list[str]:
    found: list[str] = []
    for node in page.articles[:1]:
        value: Any = node.get("image") or node.get("thumbnailUrl")
        for item in value[:3] if isinstance(value, list) else [value]:
            link = item.get("url") if isinstance(item, dict) else item
            if isinstance(link, str):
                found.append(link)
    return found


def site_names(page: Page) -> list[str]:
    """What the site calls itself, the most usual form first."""
    publishers = (node.get("publisher") for node in page.articles)
    names = [item.get("name") for item in publishers if isinstance(item, dict)]
    names = [page.meta("og:site_name"), *names, page.meta("application-name")]
    return list(dict.fromkeys(clean_line(name)[:100] for name in names if isinstance(name, str) and name))


def find_tags(page: Page | None, feed_tags: Sequence[str]) -> tuple[str, ...]:
    """Keywords of page and feed, at most 30, without repeats."""
    raw: list[str] = []
    if page:
        raw += page.metas.get("article:tag", [])
        for node in page.articles[:1]:
            raw += _keywords(node.get("keywords"))
        for name in ("news_keywords", "keywords", "parsely-tags"):
            raw += _keywords(page.meta(name))
        raw += [element.text or "" for element in page.tree.iter("a") if element.get("rel") == "tag"]
    return _distinct([*raw, *feed_tags])


def _keywords(value: Any) -> list[str]:
    if isinstance(value, str):
        return re.split(r"[,;،、]", value)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _distinct(raw: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for item in raw:
        tag = clean_line(item).lstrip("#").strip()
        if tag and len(tag) <= _LONGEST_TAG:
            found.setdefault(tag.casefold(), tag)
    return tuple(found.values())[:_MOST_TAGS]


def find_section(page: Page, headline: str) -> str:
    """The outlet's word for where the article stands: JSON-LD, ``<meta>``, else the last step of its breadcrumb before it."""
    stated = [node.get("articleSection") for node in page.articles[:2]]
    names = [item for value in stated for item in (value if isinstance(value, list) else [value])[:1] if isinstance(item, str)]
    names += [page.meta("article:section", "section", "parsely-section", "cxenseparse:section", "sailthru.section")]
    key = squash(headline)
    names += [name for name in reversed(page.crumbs) if squash(name) != key and not key.startswith(squash(name))][:1]
    return next((clean for name in names if (clean := clean_line(name)) and len(clean) <= _LONGEST_TAG), "")
