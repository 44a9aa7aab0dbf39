"""What changed between two states of a text, by sentence and word.

Sentences are cut by punctuation, without a library: ``pysbd`` and ``nltk`` need a language and its rules for each text, and a cut
that is wrong in the same way on both sides does no harm to a comparison.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from aggregator.model.record import Change, ChangeKind
from aggregator.text import tokenize

Span = tuple[int, int]

MOST_SENTENCES = 2_000
"""Of each text; longer ones are compared by paragraph, so that a hostile page costs no minutes."""

ALTERED = 0.5
"""Two sentences in the same place with so much in common (of their words) are one that was altered."""

_CLOSERS = "\"'”’»›)\\]）］」』】〉》"
# Latin, Greek and Cyrillic marks end a sentence before a blank (so 3.5 and example.org stay whole); the Arabic question mark and
# full stop, the danda, the Ethiopic and Burmese ones, too; those of Chinese and Japanese do wherever they stand.
_END = re.compile(rf"(?:[.!?…؟۔।॥።፧။։]+[{_CLOSERS}]*(?=\s)|[。！？｡]+[{_CLOSERS}]*)\s*|\n+")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[“\"'«])(?:[^\W\d_]\.?|Mr|Mrs|Ms|Dr|Prof|St|Gen|Sen|Rep|Gov|Lt|Col|Capt|Sgt|No|vs|Inc|Ltd|Co|Jr|Sr|approx|ca|bzw|Nr|"
    r"Abs|Art|Mme|Mlle|Av|Sra|г|ул|им|т\.е|т\.д|т\.п|н\.э|тыс|млн|млрд|ks|ul|dr|prof|np|tzw|nr)\.$",
    re.IGNORECASE,
)


def sentences(text: str) -> list[str]:
    """The sentences of a text in order, without the space around them. A line break always ends one."""
    return [text[start:end] for start, end in _spans(text)]


def _spans(text: str) -> Iterator[Span]:
    start = 0
    for found in _END.finditer(text):
        head = text[start : found.end()].rstrip()
        if "\n" not in found[0] and head.endswith(".") and _goes_on(head, text[found.end() : found.end() + 1]):
            continue
        if head.strip():
            yield start + len(head) - len(head.lstrip()), start + len(head)
        start = found.end()
    rest = text[start:].rstrip()
    if rest.strip():
        yield start + len(rest) - len(rest.lstrip()), start + len(rest)


def _goes_on(head: str, following: str) -> bool:
    """Whether a full stop belongs to an abbreviation: a known one, a single letter, or any before a small letter."""
    return following.islower() or _ABBREVIATION.search(head[-12:]) is not None


def diff_sentences(old: str, new: str) -> tuple[Change, ...]:
    """Every sentence of both texts in reading order: kept, added, removed, or altered, with the words that differ marked.

    What only case, punctuation or spelling variants tell apart is kept, and stands as in the new text.
    """
    before, after = _cut(old), _cut(new)
    keys = [" ".join(token.term for token in tokenize(part)) for part in before]
    other = [" ".join(token.term for token in tokenize(part)) for part in after]
    changes: list[Change] = []
    matcher = SequenceMatcher(None, keys, other, autojunk=False)
    for tag, first, last, start, end in matcher.get_opcodes():
        if tag == "equal":
            pairs = zip(before[first:last], after[start:end], strict=True)
            changes += [Change(ChangeKind.KEPT, one, two) for one, two in pairs]
        else:
            changes += _replaced(before[first:last], after[start:end])
    return tuple(changes)


def _cut(text: str) -> list[str]:
    cut = sentences(text)
    return cut if len(cut) <= MOST_SENTENCES else [line for line in text.split("\n") if line.strip()][:MOST_SENTENCES]


def _replaced(before: Sequence[str], after: Sequence[str]) -> list[Change]:
    """Pair what was altered, in order; the rest was removed or added."""
    changes: list[Change] = []
    place = 0
    for sentence in before:
        partner = next((n for n in range(place, min(len(after), place + 20)) if _alike(sentence, after[n]) >= ALTERED), None)
        if partner is None:
            changes.append(Change(ChangeKind.REMOVED, sentence, ""))
            continue
        changes += [Change(ChangeKind.ADDED, "", added) for added in after[place:partner]]
        changes.append(altered(sentence, after[partner]))
        place = partner + 1
    return changes + [Change(ChangeKind.ADDED, "", added) for added in after[place:]]


def _alike(old: str, new: str) -> float:
    one, two = ([token.term for token in tokenize(text)][:200] for text in (old, new))
    return SequenceMatcher(None, one, two, autojunk=False).ratio() if one and two else 0.0


def altered(old: str, new: str) -> Change:
    """One sentence, or one headline, in two forms, with the spans of the words that differ."""
    one, two = tokenize(old), tokenize(new)
    matcher = SequenceMatcher(None, [token.term for token in one], [token.term for token in two], autojunk=False)
    old_spans: list[Span] = []
    new_spans: list[Span] = []
    for tag, first, last, start, end in matcher.get_opcodes():
        if tag == "equal":
            continue
        if last > first:
            old_spans.append((one[first].start, one[last - 1].end))
        if end > start:
            new_spans.append((two[start].start, two[end - 1].end))
    return Change(ChangeKind.ALTERED, old, new, tuple(old_spans), tuple(new_spans))
