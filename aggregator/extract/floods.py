"""Tags with more attributes than anybody needs: libxml2 appends each to a list that it walks from the start, so that a tag of
150,000 takes minutes. Here they are found, and cut down, in a time that grows with the page's length only."""

from __future__ import annotations

import re

MOST_ATTRIBUTES = 256
"""Attributes that a tag keeps. In 273 pages of many outlets no tag had more than 59."""

# Every repeat is possessive and every alternative goes on to its end, so that nothing is read twice (the HTML standard, 13.2.5: a
# quote means something after "=" only, and what is not closed goes on to the end of the page). Scripts, styles and comments hold
# no tags; one that ends in "/>" is empty for libxml2.
_ATTRIBUTE = r"""[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"?+|'[^']*+'?+|[^\s>]*+))?+"""
_TOKEN = re.compile(
    r"<(?:!--(?:-?>|(?:[^-]++|-(?!-!?>))*+)"
    r"|(?:(?P<raw>[sS](?:[cC][rR][iI][pP][tT]|[tT][yY][lL][eE])(?=[\s/>]))|[a-zA-Z][^\s/>]*+)"
    rf"(?:{_ATTRIBUTE}){{0,{MOST_ATTRIBUTES}}}+(?P<rest>(?:{_ATTRIBUTE})++)?+"
    r"(?(raw)[\s/]*+(?:(?<=/)>|>?+(?:[^<]++|<(?!/[sS](?:[cC][rR][iI][pP][tT]|[tT][yY][lL][eE])))*+)))"
)


def cut_floods(markup: str) -> str:
    """``markup`` with at most 256 attributes in each tag; the very same string when there is nothing to cut."""
    if all(token["rest"] is None for token in _TOKEN.finditer(markup)):
        return markup
    return _TOKEN.sub(_cut, markup)


def _cut(token: re.Match[str]) -> str:
    start, end = token.span("rest")
    return token[0] if start < 0 else token.string[token.start() : start] + token.string[end : token.end()]
