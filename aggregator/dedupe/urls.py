"""Addresses: one spelling for fetching (``canonical_url``), one key for identity (``url_key``)."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import urlsplit, urlunsplit

from w3lib.url import canonicalize_url

_KEY_CHARS = 512
_PORTS = {"http": ":80", "https": ":443"}

# Parameters that only say where a click came from.
_TRACKING_PREFIXES = ("utm_", "pk_", "mtm_", "matomo_", "hsa_", "at_", "fb_", "ga_", "itm_", "wt.", "wt_")
_TRACKING_WORDS = (
    "fbclid gclid gclsrc gbraid wbraid dclid msclkid yclid ysclid twclid ttclid igshid igsh li_fat_id mc_cid mc_eid "
    "mkt_tok _ga _gl _hsenc _hsmi __hstc __hssc __hsfp hsctatracking vero_id vero_conv oly_enc_id oly_anon_id s_cid "
    "s_kwcid cmpid ncid ocid icid intcid ito xtor smid smtyp sc_channel sc_cid trk trkcampaign rss_id spm rssfeed "
    "__twitter_impression guccounter guce_referrer guce_referrer_sig"
)
_TRACKING = frozenset(_TRACKING_WORDS.split())
# Parameters that may mean anything, dropped only if they name a channel.
_CHANNEL_NAME_WORDS = (
    "cmp emc feed feedname feedtype from mod origin partner ref referer referrer rss source src traffic_source via"
)
_CHANNEL_NAMES = frozenset(_CHANNEL_NAME_WORDS.split())
_CHANNEL_WORDS = (
    "1 atom email facebook feed fb google homepage mail newsletter push reddit rss rss2 share social telegram true "
    "twitter whatsapp x"
)
_CHANNELS = frozenset(_CHANNEL_WORDS.split())
_SESSION_WORDS = "phpsessid jsessionid sessionid session_id cfid cftoken"
_SESSIONS = frozenset(_SESSION_WORDS.split())
_SESSION_PATH = re.compile(r";jsessionid=[^/?#;]*", re.IGNORECASE)

_HOST_PREFIX = re.compile(r"^(?:www\d?|m|mobile|amp)\.(?=[^.]+\.[^.])")
_INDEX = re.compile(r"/(?:index|default)\.(?:html?|php\d?|aspx?|jsp|cgi)$", re.IGNORECASE)
_AMP_TAIL = re.compile(r"(?<=[^/])(?:/amp(?:\.html)?|\.amp)$", re.IGNORECASE)
# What most links look like: canonical already, and worth not taking apart (a feed of 40 entries has 40 of them at each poll).
_SIMPLE = re.compile(
    r"https?://([a-z0-9-]+(?:\.[a-z0-9-]+)+(?::(?!80/|443/)[1-9][0-9]{1,4})?)((?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9_.~-]*)+)", re.ASCII
)
_AMP_QUERY = frozenset({("amp", ""), ("amp", "1"), ("amp", "true"), ("outputtype", "amp")})


def canonical_url(url: str) -> str:
    """``url`` in one spelling that still fetches the same page.

    Scheme and host in lower case, default port and fragment dropped (a ``#!`` or ``#/`` fragment addresses content and
    stays), dot segments resolved, percent-encoding in one form (RFC 3986 §6.2), tracking and session parameters dropped,
    the rest of the query sorted. An address that cannot be parsed comes back as it is.
    """
    if _SIMPLE.fullmatch(url):
        return url
    try:
        parts = urlsplit(canonicalize_url(_SESSION_PATH.sub("", url.strip()), keep_fragments=True))
        host = parts.netloc.removesuffix(_PORTS.get(parts.scheme, " "))
    except ValueError:
        return url.strip()
    pairs = [pair for pair in parts.query.split("&") if pair and not _is_noise(*_pair(pair))]
    fragment = parts.fragment if parts.fragment.startswith(("!", "/")) else ""
    return urlunsplit((parts.scheme, host, parts.path, "&".join(pairs), fragment))


def url_key(url: str) -> str:
    """The identity of an address, at most 512 characters: equal for the forms in which one page is linked.

    Beyond :func:`canonical_url`: no scheme, no ``www.``, ``m.``, ``mobile.`` or ``amp.`` before the host, no ``/amp`` behind
    the path, no ``index.html``, no trailing slash. Other parameters count: ``?id=1`` and ``?id=2`` are two pages.
    """
    if simple := _SIMPLE.fullmatch(url):
        return _bounded(_HOST_PREFIX.sub("", simple[1]) + _plain_path(simple[2]))
    try:
        parts = urlsplit(canonical_url(url))
    except ValueError:
        return _bounded(url.strip())
    path = _plain_path(parts.path)
    pairs = [pair for pair in parts.query.split("&") if pair and _folded(pair) not in _AMP_QUERY]
    key = _HOST_PREFIX.sub("", parts.netloc) + path
    key += f"?{'&'.join(pairs)}" if pairs else ""
    return _bounded(key + (f"#{parts.fragment}" if parts.fragment else ""))


def _plain_path(path: str) -> str:
    return _AMP_TAIL.sub("", _INDEX.sub("", path).rstrip("/")).rstrip("/")


def _bounded(key: str) -> str:
    """``key``, its tail replaced by a hash if it is too long for the store."""
    if len(key) <= _KEY_CHARS:
        return key
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{key[: _KEY_CHARS - len(digest) - 1]}~{digest}"


def _pair(pair: str) -> tuple[str, str]:
    name, _, value = pair.partition("=")
    return name, value


def _folded(pair: str) -> tuple[str, str]:
    name, value = _pair(pair.lower())
    return name, value


def _is_noise(name: str, value: str) -> bool:
    """Whether a parameter says nothing about the page."""
    name, value = name.lower(), value.lower()
    if name in _TRACKING or name in _SESSIONS or name.startswith((*_TRACKING_PREFIXES, "aspsessionid")):
        return True
    return name in _CHANNEL_NAMES and (value in _CHANNELS or value.startswith(("rss", "feed")))
