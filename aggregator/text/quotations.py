"""Quotations: which parts of a text stand within quotation marks, of whatever kind the language uses."""

from __future__ import annotations

import re
from typing import NamedTuple

# What opens, with what closes it; then with what closes it for want of the right mark later in the paragraph.
_PAIRS = {
    "“": "”", "„": "“”‟", "‟": "”", "«": "»", "‹": "›", "「": "」", "『": "』", "｢": "｣", "﹁": "﹂", "﹃": "﹄", "〝": "〞〟",
    '"': '"”', "＂": "＂", "”": "”“", "»": "«»", "›": "‹›", "‘": "’", "‚": "‘’",
}  # fmt: skip
_STOPGAPS = {"“": '“"', "„": '"'}
_SURE = "“„‟«‹「『｢﹁﹃〝"
"""What opens wherever it stands. The others open before a word, not behind one, and if a closing mark follows."""
_NESTING = "«‹「『｢﹁﹃"
_SINGLE = "‘‚"
_CLOSED_BY = {mark: [opening for opening, closing in _PAIRS.items() if mark in closing] for mark in "".join(_PAIRS.values())}
# A \" between Hebrew letters is a part of the word.
_MARK = re.compile(f'[{"".join(sorted({*_PAIRS, *_CLOSED_BY}))}](?:(?<![\u05d0-\u05ea]")|(?![\u05d0-\u05ea]))')
_PARAGRAPH = re.compile("[^\n\r\u2028\u2029]+")


class Quotation(NamedTuple):
    """``text[start:end]`` stands within quotation marks; the marks themselves stand outside."""

    start: int
    end: int


def quotations(text: str) -> list[Quotation]:
    """The quotations of ``text`` in order; a quotation within a quotation is a part of the outer one.

    Pairs: “ ”, „ “, „ ”, ” ”, « », » «, » », ‹ ›, › ‹, › ›, 「 」, 『 』, 〝 〟, \" \", ‘ ’, ‚ ‘, ‚ ’. A quotation that is never
    closed ends with its paragraph; one that goes on is opened again in the next. \" ” » › ‘ ‚ open only in front of a word and
    not behind one, with their closing mark in the same paragraph (but a \" that begins the paragraph needs none). ‘ and ’ are
    apostrophes more often than not: a ’ closes only behind a word and not in front of one, and behind an s only if no other ’
    will do. An ASCII ' is never a quotation mark, and a \" between Hebrew letters is a part of the word. Time grows with the
    length of the text only.
    """
    if not _MARK.search(text):
        return []
    return [found for part in _PARAGRAPH.finditer(text) for found in _Paragraph(text, part.start(), part.end()).quotations()]


class _Paragraph:
    def __init__(self, text: str, start: int, end: int) -> None:
        self._text, self._start, self._end = text, start, end
        self._marks = [mark.start() for mark in _MARK.finditer(text, start, end)]
        self._plural = self._plurals()
        self._last: dict[str, int] = {}
        for at in self._marks:
            for opening in _CLOSED_BY.get(self._text[at], ()):
                if self._may_close(at, opening):
                    self._last[opening] = at

    def quotations(self) -> list[Quotation]:
        found: list[Quotation] = []
        opening, start, depth = "", 0, 0
        for at in self._marks:
            mark = self._text[at]
            if not opening:
                if self._opens(at):
                    opening, start, depth = mark, at + 1, 1
            elif self._closes(at, opening):
                depth -= 1
                if not depth:
                    found.append(Quotation(start, at))
                    opening = ""
            elif mark == opening and mark in _NESTING:
                depth += 1
        if opening:
            found.append(Quotation(start, self._end))
        return found

    def _behind_word(self, at: int) -> bool:
        return at > self._start and self._text[at - 1].isalnum()

    def _before_word(self, at: int) -> bool:
        return at + 1 < self._end and self._text[at + 1].isalnum()

    def _behind_space(self, at: int) -> bool:
        return at == self._start or self._text[at - 1].isspace()

    def _opens(self, at: int) -> bool:
        mark = self._text[at]
        if mark in _SURE:
            return True
        if mark not in _PAIRS or self._behind_word(at) or at + 1 == self._end or self._text[at + 1].isspace():
            return False
        if mark in _SINGLE and not self._before_word(at):
            return False
        return self._last.get(mark, -1) > at or (mark == '"' and not self._text[self._start : at].strip())

    def _closes(self, at: int, opening: str) -> bool:
        mark = self._text[at]
        if mark in _PAIRS[opening]:
            return self._may_close(at, opening)
        wanting = self._last.get(opening, -1) < at and not self._behind_space(at)
        return wanting and mark in _STOPGAPS.get(opening, "")

    def _may_close(self, at: int, opening: str) -> bool:
        """Whether a mark of the right kind does close; only of single ones is there any doubt."""
        if opening not in _SINGLE:
            return True
        return not self._behind_space(at) and not self._before_word(at) and at not in self._plural

    def _plurals(self) -> set[int]:
        """Every ’ behind an s and in front of a space that may be a genitive: another closing ’ follows before the next ‘."""
        found: set[int] = set()
        follows = False
        for at in reversed(self._marks):
            if self._text[at] == "‘":
                follows = False
            elif self._text[at] == "’" and not self._behind_space(at) and not self._before_word(at):
                if follows and self._text[at - 1] in "sS" and self._text[at + 1 : at + 2].isspace():
                    found.add(at)
                follows = True
        return found
