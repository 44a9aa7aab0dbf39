"""What came instead of what was wanted: its beginning as text for the operator's eyes, and whether it wants to see a human."""

from __future__ import annotations

import re

from aggregator.fetch.headers import Headers, first

READ = 16_384
"""Bytes of such a body that are read, and decoded, at most."""

_SHOWN = 500
# Controls, those of direction among them (a terminal obeys both), and blanks in a row.
_CLUTTER = re.compile("[\\s\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]+")

# Each stands in the challenge page of one of the guards of the web, and in no page of an outlet.
_MARKERS = (
    b"_cf_chl_opt",  # Cloudflare
    b"cf-captcha-container",
    b"captcha-delivery.com",  # DataDome
    b"_incapsula_resource",  # Imperva
    b"px-captcha",  # Human Security
    b"awswafcookiedomainlist",  # AWS
    b"sec-if-cpt-container",  # Akamai
    b"sucuri_cloudproxy_js",
    b"/.well-known/ddos-guard/",
    b"anubis_challenge",
)
_MARKING = (
    ("cf-mitigated", ("challenge",)),
    ("x-vercel-mitigated", ("challenge",)),
    ("x-amzn-waf-action", ("challenge", "captcha")),
)


def as_text(body: bytes, charset: str | None = None) -> str:
    """The first 500 characters on one line, without control characters. ``charset`` is the declared one, if any."""
    try:
        text = body.decode(charset or "utf-8", "replace")
    except (LookupError, ValueError):  # no charset, or none that decodes to text
        text = body.decode("utf-8", "replace")
    return _CLUTTER.sub(" ", text).strip()[:_SHOWN].rstrip()


def wants_human(status: int, headers: Headers, body: bytes, *, throttled: bool) -> bool:
    """Whether an answer that is neither a document nor "not modified" is a challenge: a puzzle for browsers and their users.

    Its headers say so, or the beginning of its ``body`` with a status that challenges have. A 429 or 503 that is
    ``throttled`` (it says when to come back) is a throttle, whatever stands in its body.
    """
    if throttled and status in (429, 503):
        return False
    if any((first(headers, name) or "").strip().lower() in words for name, words in _MARKING):
        return True
    return status in (403, 429, 503) and any(marker in body.lower() for marker in _MARKERS)
