"""Pages that stand where something else was expected because their server doubts that a human asked.

Each is told by what stands in the interstitial alone. Scripts of the same makers run on ordinary pages as well
(``/cdn-cgi/challenge-platform/scripts/jsd/``, ``js.datadome.co/tags.js``, a captcha under a contact form), so those are
no marks.
"""

from __future__ import annotations

import re

_LOOKED_AT = 100_000

_TITLE = rb"<title[^>]{0,100}>[^<]{0,100}"
_CONSENT = "consent"

_MARKS = {
    "Cloudflare": rb"_cf_chl_opt|\bcf-chl-|\bcf-browser-verification|"
    + _TITLE
    + rb"(?:just a moment\b|attention required! \| cloudflare)",
    "Imperva": rb"_incapsula_resource|\bincapsula incident id",
    "DataDome": rb"\b(?:geo|ct)\.captcha-delivery\.com|please enable js and disable any ad blocker",
    "HUMAN": rb"\bpx-captcha\b|_pxblock\b",
    "Akamai": rb"\berrors\.edgesuite\.net|\bsec-if-cpt-|\bbm-verify=",
    "AWS WAF": rb"\bgokuprops\b|\bawswafintegration\.(?:forcerefreshtoken|checkforcerefresh)",
    "F5": rb"/tspd/08|the requested url was rejected\. please consult with your administrator",
    "DDoS-Guard": rb"/\.well-known/ddos-guard/|" + _TITLE + rb"ddos-guard",
    "Sucuri": rb"\bsucuri_cloudproxy_js|\bsucuri website firewall",
    "SiteGround": rb"/\.well-known/(?:sg)?captcha/",
    "ArvanCloud": rb"\b__arcsjsc?\b",
    "Vercel": _TITLE + rb"vercel security checkpoint",
    "Anubis": rb"/\.within\.website/x/cmd/anubis|" + _TITLE + rb"making sure you(?:'|&#0?39;|\xe2\x80\x99)re not a bot",
    "Project Shield": rb"\bddos-shield\.appspot\.com",
    "": _TITLE
    + rb"(?:captcha|robot check|security check|bot verification|human verification|ddos protection|checking your browser"
    + rb"|are you (?:a|an) (?:human|robot)|verify(?:ing)? (?:that )?you(?:'re| are) (?:a )?human)",
    _CONSENT: rb"""\baction=["']?https://(?:consent\.|guce\.|myprivacy)|"""
    + _TITLE
    + rb"(?:before you continue to|your privacy choices|privacy gate)",
}  # fmt: skip
_PATTERNS = {name: re.compile(marks) for name, marks in _MARKS.items()}


def find_challenge(page: bytes) -> str:
    """Say what kind of challenge ``page`` is: ``a challenge page (Cloudflare)``, ``a consent page``; "" if it is none.

    ``page`` is UTF-8; its first 100 kB are looked at.
    """
    text = page[:_LOOKED_AT].lower()
    name = next((name for name, pattern in _PATTERNS.items() if pattern.search(text)), None)
    if name is None:
        return ""
    if name == _CONSENT:
        return "a consent page"
    return f"a challenge page ({name})" if name else "a challenge page"
