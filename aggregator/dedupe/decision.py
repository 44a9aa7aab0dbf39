"""What a draft is to the articles already stored."""

from __future__ import annotations

from collections.abc import Sequence

from aggregator.dedupe.copies import SAME_TEXT, group
from aggregator.dedupe.fingerprint import jaccard
from aggregator.dedupe.reposts import is_repost
from aggregator.model.article import Access, ArticleDraft, Candidate, Discard, Duplicate, Revision, TextOrigin, Verdict
from aggregator.text import terms


def decide(draft: ArticleDraft, candidates: Sequence[Candidate]) -> Verdict:
    """New, a revision, one more sighting, or nothing worth keeping. The ladder: entry id, address, text.

    * Neither title nor text nor address: ``Discard``.
    * A candidate with the same entry or the same address is the same article, whatever its words; the same entry goes
      before the same source, that before the lowest id. From the same source, with another title or text that is no
      worse: ``Revision``. Else ``Duplicate``: seen again, perhaps in another feed.
    * An address does not count when one feed gives it to entries of other titles and other texts: such a feed links every
      entry to the same page.
    * A candidate by the same outlet with the same text, seen within thirty days, is the same article posted again
      (``reposts``): new ids, moved paths, a print view. What became of it is judged as above.
    * Otherwise ``New``, with the copies that :func:`aggregator.dedupe.copies.group` finds. Copies by other outlets stay
      articles of their own.
    """
    extraction = draft.extraction
    if not (extraction.title.strip() or extraction.text.strip() or draft.url):
        return Discard("no title, no text and no address")
    same = [item for item in candidates if item.same_entry or (item.same_url and not _shares_its_link(draft, item))]
    same = same or [item for item in candidates if is_repost(draft, item)]
    if same:
        known = min(same, key=lambda item: (not item.same_entry, item.source_id != draft.source_id, item.article_id))
        if known.source_id == draft.source_id and _is_changed(draft, known) and not _is_worse(draft, known):
            return Revision(known.article_id)
        return Duplicate(known.article_id)
    return group(draft, candidates)


def _shares_its_link(draft: ArticleDraft, known: Candidate) -> bool:
    """Whether a feed gives one address to different articles, as feeds do that link to a home page or a live page."""
    if draft.source_id != known.source_id or draft.fingerprint.text_hash == known.text_hash:
        return False
    differs = terms(draft.extraction.title) != terms(known.title)
    return differs and jaccard(draft.fingerprint.sketch, known.sketch) < SAME_TEXT


def _is_changed(draft: ArticleDraft, known: Candidate) -> bool:
    """Another wording of title or text; case, punctuation and quotes do not count."""
    return draft.fingerprint.text_hash != known.text_hash or terms(draft.extraction.title) != terms(known.title)


def _is_worse(draft: ArticleDraft, known: Candidate) -> bool:
    """Whether the draft would replace a text by nothing, by a consent page, or by less than half of it: the feed's own, or what a
    paywall shows."""
    made = draft.extraction
    if made.access is Access.CONSENT:
        return known.words > 0
    if made.text_origin is TextOrigin.PAGE and made.access is Access.OPEN:
        return False
    return draft.fingerprint.words * 2 < known.words
