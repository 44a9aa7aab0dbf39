"""The third rung of identity: the same text by the same outlet, posted again under another id and another address.

A wrong "yes" hides an article, so each rule asks for more than likeness: texts that recur by design (briefings, market reports,
notes under videos) differ in their title, their numbers or their day.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from aggregator.dedupe.fingerprint import jaccard
from aggregator.model.article import Access, ArticleDraft, Candidate
from aggregator.model.feed import FeedEntry
from aggregator.text import terms

REPOST_WINDOW = timedelta(days=30)
SAME_DAY = timedelta(days=1)

LONG = 100
"""Words of a text that nobody writes twice: under one title it is the same article, whatever its date."""

SHORT = 10
"""Words of a teaser that, under one title and on one day, is the same article."""

RETITLED = 150
"""Words of a text that stays the same article under another headline with half of its words in common."""

ALIKE = 0.9
"""Jaccard similarity of an edited re-post. Its title and its numbers must be the same: tables and reports of the day are not."""


def is_repost(draft: ArticleDraft, known: Candidate) -> bool:
    """Whether a draft is a known article of the same outlet, by its words alone."""
    if not known.same_outlet or abs(draft.seen_at - known.seen_at) > REPOST_WINDOW:
        return False
    if draft.extraction.access is Access.CONSENT:  # its text is the outlet's terms, the same on every page
        return False
    mine, theirs = terms(draft.extraction.title), terms(known.title)
    if not mine or not theirs:
        return False
    words = draft.fingerprint.words
    if draft.fingerprint.text_hash == known.text_hash:
        if mine != theirs:
            return words >= RETITLED and overlap(mine, theirs) >= 0.5
        return words >= LONG or (words >= SHORT and _same_day(draft, known))
    if mine != theirs or jaccard(draft.fingerprint.sketch, known.sketch) < ALIKE:
        return False
    return _numbers(draft.extraction.text) == _numbers(known.text)


def overlap(one: list[str], other: list[str]) -> float:
    """The share of the words of two headlines that both have, 0 to 1; 1 for two empty ones."""
    first, second = set(one), set(other)
    return len(first & second) / len(first | second) if first | second else 1.0


def _same_day(draft: ArticleDraft, known: Candidate) -> bool:
    """Whether both say that they were published at about the same time. A text without a date says nothing."""
    mine = draft.extraction.date.at
    return mine is not None and known.published_at is not None and abs(mine - known.published_at) <= SAME_DAY


def _numbers(text: str) -> list[str]:
    return sorted(term for term in terms(text) if term.isdigit())


def entry_key(entry: FeedEntry) -> str:
    """What an entry says, without its id and its link, as a hash: equal within one feed, it is the same article again.

    Empty when it says too little to tell: no title, no date of its own, or fewer than ten words.
    """
    title, said = terms(entry.title), terms(f"{entry.summary} {entry.content}")
    if not title or not entry.published_raw or len(title) + len(said) < SHORT:
        return ""
    whole = "\0".join((" ".join(title), entry.published_raw.strip(), " ".join(said)))
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:32]
