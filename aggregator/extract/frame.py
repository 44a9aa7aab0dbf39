"""Which element of a page frames the article's body."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain, islice

from aggregator.extract.blocks import Block, Kind
from aggregator.extract.document import Tree, squash

_INNER_WORDS = "p li blockquote pre td tr tbody table ul ol dl dd dt h1 h2 h3 h4 h5 h6"
_INNER = frozenset(_INNER_WORDS.split())
_BODYISH = re.compile(
    r"(?:article|story|entry|post|news|detail)[-_]*(?:body|content|text)|hentry|(?:body|main)[-_]?(?:copy|text)",
    re.IGNORECASE,
)
_MOST, _FIRST = 0.85, 2.5
_SHARES = (1, 0.6, 0.4)
"""What a paragraph counts for the element that holds it, the one around that, and the next: boxes may hold one each."""


class _Counts:
    """Prose per element: ``all`` below it, ``own`` in paragraphs right inside it, ``homes`` those paragraphs."""

    def __init__(self, root: Tree, blocks: Sequence[Block]) -> None:
        self.root = root
        self.all: dict[Tree, int] = {}
        self.own: dict[Tree, int] = {}
        self.homes: dict[Tree, list[Tree]] = {}
        self.near: dict[Tree, float] = {}
        for block in blocks:
            if not block.prose:
                continue
            holder = self.holder(block.home)
            self.own[holder] = self.own.get(holder, 0) + block.prose
            self.homes.setdefault(holder, []).append(block.home)
            node = holder
            for share in _SHARES:
                self.near[node] = self.near.get(node, 0) + share * block.prose
                if node is root:
                    break
                node = node.getparent()
            element = block.home
            while element is not None:
                self.all[element] = self.all.get(element, 0) + block.prose
                if element is root:
                    break
                element = element.getparent()

    def holder(self, element: Tree) -> Tree:
        """The element that paragraphs stand in: ``element``, or what is around it if it is a paragraph or a list."""
        while element.tag in _INNER and element is not self.root:
            element = element.getparent()
        return element


def find_frame(root: Tree, blocks: Sequence[Block], headline: str = "") -> Tree:
    """The innermost element under ``root`` that holds the article's prose; ``root`` itself if there is no telling.

    ``itemprop=articleBody`` is believed if there is something in it. Else the way goes down from ``root`` as long as one child
    has nearly all; where several have much, the first great one is taken, with those beside it that look alike. Those count
    more that the page calls an article's, or that hold the first prose behind the ``headline`` (squashed).
    """
    counts = _Counts(root, blocks)
    total = counts.all.get(root, 0)
    if not total:
        return root
    named = (element for element in counts.all if "articlebody" in (element.get("itemprop") or "").lower())
    stated = next((element for element in named if counts.all[element] > total * 0.4), None)
    if stated is not None:
        return stated
    node = _down(root, counts)
    if counts.own.get(node, 0) * 2 >= counts.all[node]:
        return node
    first = _behind(blocks, headline, counts)
    # Only descendants: what stands around the node has been passed for good.
    scores = {
        element: counts.near[element]
        * (2 if element.tag == "article" or _BODYISH.search(_label(element)) else 1)
        * (_FIRST if element is first and counts.own[element] >= total * 0.15 else 1)
        for element in node.iterdescendants()
        if element in counts.near
    }
    if not scores:
        return node
    most = max(scores.values())
    if counts.near.get(node, 0) >= most * 1.5:  # every paragraph has a box of its own
        return node
    return _up(next(element for element in scores if scores[element] >= most * 0.6), node, counts)


def is_named(frame: Tree) -> bool:
    """Whether the page calls a frame, or something close around it, its article."""
    return any(
        node.tag == "article" or "article" in (node.get("itemprop") or "").lower() or _BODYISH.search(_label(node))
        for node in islice(chain((frame,), frame.iterancestors()), 4)
    )


def _behind(blocks: Sequence[Block], headline: str, counts: _Counts) -> Tree:
    """The holder of the first prose behind the last heading that is the headline; None if there is no such heading."""
    first, found = None, False
    for block in blocks:
        if headline and block.kind is Kind.HEADING and squash(block.text) == headline:
            first, found = None, True
        elif found and first is None and block.prose:
            first = counts.holder(block.home)
    return first


def _label(element: Tree) -> str:
    return f"{element.get('class') or ''} {element.get('id') or ''}"


def _down(node: Tree, counts: _Counts) -> Tree:
    while True:
        children = [child for child in node if child in counts.all and child.tag not in _INNER]
        best = max(children, key=counts.all.__getitem__, default=None)
        if best is None or counts.all[best] < counts.all[node] * _MOST:
            return node
        if _parts(best, children) or _continues(node, best, counts):
            return node
        node = best


def _up(element: Tree, top: Tree, counts: _Counts) -> Tree:
    """The element around ``element``, at most ``top``, that has paragraphs of its own, or of which it is one part of several."""
    while element is not top:
        around = element.getparent()
        if counts.all[around] == counts.all[element] or _continues(around, element, counts):
            element = around
            continue
        alike = _parts(element, [child for child in around if child in counts.all])
        if not alike or sum(counts.all[part] for part in (*alike, element)) < counts.all[around] * 0.8:
            return element
        element = around
    return element


def _continues(around: Tree, element: Tree, counts: _Counts) -> bool:
    """Whether the text of ``element`` begins or goes on right inside ``around``: several paragraphs there, or one of its kind."""
    homes = counts.homes.get(around, [])
    if len(homes) >= 2:
        return True
    inside = next((home for home in element.iterdescendants("p") if home in counts.all), None)
    return bool(homes) and inside is not None and bool(inside.get("class")) and inside.get("class") == homes[0].get("class")


def _parts(element: Tree, siblings: Sequence[Tree]) -> list[Tree]:
    """Those ``siblings`` that look like further parts of one text: named alike, and no articles by themselves."""
    names = set((element.get("class") or "").split())
    found = []
    for child in siblings:
        if child is element or child.tag != element.tag or child.tag == "article":
            continue
        other = set((child.get("class") or "").split())
        if (names == other or 2 * len(names & other) > max(len(names), len(other))) and child.find(".//h1") is None:
            found.append(child)
    return found
