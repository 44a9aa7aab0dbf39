"""What the fields of an entry have in common, whatever the format: plain titles, HTML, addresses, keys, hashes."""

from __future__ import annotations

import hashlib
import html
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

from aggregator.model.feed import FeedEntry

MAX_TITLE = 1_000
MAX_HTML = 1_000_000
MAX_URL = 2_048
MAX_KEY = 512
MAX_RAW_DATE = 200
MAX_TAGS, MAX_TAG = 30, 100
MAX_AUTHORS, MAX_AUTHOR = 20, 200

# C0 (without tab and line ends), DEL and C1, lone surrogates, non-characters.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_BLOCK_TAG = re.compile(r"</?(?:br|p|div|li|ul|ol|h[1-6]|tr|td)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!--[^<>]*>")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,31}\d{0,2});")
_MARKUP = re.compile(r"</[A-Za-z]|<(?:br|p|img)\b|&#?\w{1,31};", re.IGNORECASE)
_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::[1-9]\d{0,3})?(?:[/?#][!-\[\]-~]*)?")
_HTTP = re.compile(r"https?:", re.IGNORECASE)
_URL_NOISE = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{1,8}){0,3}")
_ADDRESS_AND_NAME = re.compile(r"[^\s()<>@]+@[^\s()<>@]+ \((.+)\)")
_NAME_AND_ADDRESS = re.compile(r"(.+?) ?[(<][^\s()<>@]+@[^\s()<>@]+[)>]")
_ADDRESS = re.compile(r"[^\s()<>@]+@[^\s()<>@]+")


def without_controls(text: str) -> str:
    """Return ``text`` without C0 (but tab and line ends), C1, lone surrogates and byte order marks. Bidi controls stay."""
    return _CONTROLS.sub("", text)


def plain(text: str, *, markup: bool = True, limit: int = MAX_TITLE) -> str:
    """Turn a title into plain text on one line: no tags, no entities, no control characters, single spaces.

    ``markup=False``: the feed says that it is plain text, so ``<dialog>`` may be meant; tags go only when one is closed.
    """
    text = text[: 10 * limit]
    if "<" in text:
        text = text.replace("<![CDATA[", "").replace("]]>", "")
        if markup or "</" in text:
            text = _without_tags(text)
    if "&" in text:
        text = html.unescape(text)
        if "&" in text and _ENTITY.search(text):  # escaped once too often
            text = html.unescape(text)
        if "</" in text:
            text = _without_tags(text)
    return " ".join(_CONTROLS.sub("", text).split())[:limit].rstrip()


def _without_tags(text: str) -> str:
    return _TAG.sub("", _BLOCK_TAG.sub(" ", text))


def rich(text: str, *, markup: bool = True) -> str:
    """Return a text field as HTML without control characters, at most ``MAX_HTML`` characters; nothing else is cleaned.

    ``markup=False``: the feed says that it is plain text, so it is escaped, unless it visibly is HTML all the same.
    """
    text = _CONTROLS.sub("", text[:MAX_HTML]).strip()
    if not markup and ("<" in text or "&" in text) and not _MARKUP.search(text):
        return html.escape(text, quote=False)
    return text


def raw_date(text: str) -> str:
    """Return what the feed said for a date, on one line, at most ``MAX_RAW_DATE`` characters."""
    return " ".join(_CONTROLS.sub("", text[: 2 * MAX_RAW_DATE]).split())[:MAX_RAW_DATE]


def http_url(value: str, base: str) -> str | None:
    """Return ``value`` as an absolute http(s) address, resolved against ``base``; None for other schemes and for nonsense."""
    value = value.strip()
    if not value or len(value) > MAX_URL:
        return None
    if _PLAIN_URL.fullmatch(value):
        return value
    value = _URL_NOISE.sub("", value).strip().replace(" ", "%20")
    try:
        origin = urlsplit(base)
        host = value.partition("/")[0].lower().removeprefix("www.")
        if value.startswith("//"):
            value = f"{origin.scheme}:{value}"
        elif host and host == (origin.hostname or "").removeprefix("www."):
            value = f"{origin.scheme}://{value}"  # "outlet.example/story": the scheme was forgotten
        # Not joined when absolute: urljoin would lend "https:///x" the host of the base.
        parts = urlsplit(value if _HTTP.match(value) else urljoin(base, value))
        # Both properties check what they return.
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0 or "\\" in parts.netloc:
            return None
        address = parts.geturl()
    except ValueError:
        return None
    return address if len(address) <= MAX_URL else None


def feed_url(value: str, base: str) -> str | None:
    """Return the address of a feed: as ``http_url``, and ``feed://x`` is ``http://x``, ``feed:https://x`` is ``https://x``."""
    value = value.strip()
    if value[:5].lower() == "feed:":
        rest = value[5:]
        value = f"http:{rest}" if rest.startswith("//") else rest
    return http_url(value, base)


def language(declared: str) -> str | None:
    """Return a language tag in lower case, as declared (RFC 5646 shape), or None."""
    tag = declared.strip().lower().replace("_", "-")
    return tag if _LANGUAGE.fullmatch(tag) else None


def author(name: str) -> str:
    """Return a person's name without an e-mail address around it: ``a@b (Name)`` and ``Name <a@b>`` give ``Name``."""
    name = plain(name, limit=MAX_AUTHOR)
    if "@" not in name:
        return name
    match = _ADDRESS_AND_NAME.fullmatch(name) or _NAME_AND_ADDRESS.fullmatch(name)
    if match:
        return match[1].strip()
    return "" if _ADDRESS.fullmatch(name) else name


def authors(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names of people, without repeats, in order."""
    return tuple(dict.fromkeys(filter(None, map(author, names))))[:MAX_AUTHORS]


def tags(words: Iterable[str]) -> tuple[str, ...]:
    """Return at most ``MAX_TAGS`` plain tags without repeats, in order."""
    return tuple(dict.fromkeys(filter(None, (plain(word, limit=MAX_TAG) for word in words))))[:MAX_TAGS]


def content_hash(title: str, link: str | None, summary: str, content: str) -> str:
    """Return the hex SHA-256 over what an editor can change."""
    return _digest(title, link or "", summary, content)


def entry_key(guid: str, link: str | None, title: str, text: str) -> str:
    """Return what identifies an entry in its source: the guid, else the link, else a digest; at most ``MAX_KEY`` characters."""
    guid = _CONTROLS.sub("", guid).strip()
    return _short(guid or link or f"sha256:{_digest(title, text)}")


def distinct(entries: Sequence[FeedEntry]) -> tuple[tuple[FeedEntry, ...], tuple[str, ...]]:
    """Make keys unique: repeats of one entry go; different entries under one guid all get their link, or a digest, added.

    All of them, not only the later ones: the key must not depend on what else stands above an entry that day.
    """
    seen: dict[str, dict[str, FeedEntry]] = {}
    for entry in entries:
        seen.setdefault(entry.key, {}).setdefault(_identity(entry), entry)
    if len(seen) == len(entries):
        return tuple(entries), ()
    links = Counter((entry.key, entry.link) for twins in seen.values() for entry in twins.values())
    kept: dict[str, FeedEntry] = {}
    broken = 0
    for entry in entries:
        key = entry.key
        if len(seen[key]) > 1:
            own = entry.link if entry.link and links[key, entry.link] == 1 else _identity(entry)[:16]
            key = _short(f"{key}#{own}")
            broken += key not in kept
        kept.setdefault(key, entry if key == entry.key else replace(entry, key=key))
    warnings = (f"{broken} entries share their key with a different entry; link or digest was added to it",) if broken else ()
    return tuple(kept.values()), warnings


def _identity(entry: FeedEntry) -> str:
    """Return what tells entries of one key apart. Without guid and link, the date is all that tells a notice from its repeat."""
    if entry.link is None and entry.key.startswith("sha256:"):
        return _digest(entry.content_hash, entry.published_raw)
    return entry.content_hash


def _short(key: str) -> str:
    return key if len(key) <= MAX_KEY else f"sha256:{_digest(key)}"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
