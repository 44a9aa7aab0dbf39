"""What a page says when it is asked for again, beside what is stored. What is stored goes only for something no worse."""

from __future__ import annotations

from aggregator.dedupe.fingerprint import jaccard
from aggregator.dedupe.reposts import overlap
from aggregator.model.article import Access, Extraction, Fingerprint, TextOrigin
from aggregator.model.record import Outcome
from aggregator.text import terms

OTHER_TEXT = 0.1
"""Jaccard similarity under which, with another headline, an address leads to something else by now."""

OTHER_TITLE = 0.2
"""Share of common words under which a headline is another one, and not an edited one."""


def judge(title: str, known: Fingerprint, access: Access, made: Extraction, mark: Fingerprint) -> Outcome:
    """Compare a stored article (its headline, fingerprint and access) with a new extraction of its page.

    A consent page, a paywall where there was none, a page without text, one that became shorter by more than half, and another
    article in its place are what they are, and no revisions.
    """
    if made.access is Access.CONSENT:
        return Outcome.CONSENT
    if made.access is Access.PAYWALL and access is Access.OPEN:
        return Outcome.PAYWALL
    if made.text_origin is not TextOrigin.PAGE or not mark.words:
        return Outcome.NO_TEXT
    before, after = terms(title), terms(made.title)
    if mark.text_hash == known.text_hash and before == after:
        return Outcome.SAME
    if known.sketch and overlap(before, after) < OTHER_TITLE and jaccard(known.sketch, mark.sketch) < OTHER_TEXT:
        return Outcome.ELSEWHERE
    return Outcome.SHORTER if mark.words * 2 < known.words else Outcome.REVISED
