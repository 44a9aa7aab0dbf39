"""What a draft is to the articles already stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from aggregator.dedupe.fingerprint import containment, jaccard, set_size
from aggregator.dedupe.reposts import is_repost
from aggregator.model.article import ArticleDraft, Candidate, Discard, Duplicate, New, Revision, TextOrigin, Verdict
from aggregator.text import terms

STORY_SIMILARITY = 0.5
"""Measured on edited news: J ≥ .5 found only true copies in 367,653 pairs."""

STORY_WINDOW = timedelta(days=7)

_CONTAINED = 0.8
_CONTAINED_RATIO = 3.0
_CONTAINED_SHINGLES = 80
_SHORT_COPY_WORDS = 10


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
    * Otherwise ``New``; it joins the story of the most similar candidate seen within seven days, if their texts have a
      Jaccard similarity of .5, or one is a shortened copy of the other, or both are short and word for word the same.
      Copies by other outlets stay articles of their own.
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
    return _new(draft, candidates)


def _shares_its_link(draft: ArticleDraft, known: Candidate) -> bool:
    """Whether a feed gives one address to different articles, as feeds do that link to a home page or a live page."""
    if draft.source_id != known.source_id or draft.fingerprint.text_hash == known.text_hash:
        return False
    differs = terms(draft.extraction.title) != terms(known.title)
    return differs and jaccard(draft.fingerprint.sketch, known.sketch) < STORY_SIMILARITY


def _is_changed(draft: ArticleDraft, known: Candidate) -> bool:
    """Another wording of title or text; case, punctuation and quotes do not count."""
    return draft.fingerprint.text_hash != known.text_hash or terms(draft.extraction.title) != terms(known.title)


def _is_worse(draft: ArticleDraft, known: Candidate) -> bool:
    """Whether the draft would replace a text by nothing, or a page's text by the feed's much shorter one."""
    if draft.extraction.text_origin is TextOrigin.PAGE:
        return False
    return draft.fingerprint.words * 2 < known.words


def _new(draft: ArticleDraft, candidates: Sequence[Candidate]) -> New:
    best: Candidate | None = None
    highest = (0.0, 0.0)
    for candidate in sorted(candidates, key=lambda item: (item.seen_at, item.article_id)):
        if abs(draft.seen_at - candidate.seen_at) > STORY_WINDOW:
            continue
        score = _likeness(draft, candidate)
        if score > highest:
            best, highest = candidate, score
    return New(best.story_id, highest[1]) if best else New()


def _likeness(draft: ArticleDraft, candidate: Candidate) -> tuple[float, float]:
    """How strongly two texts belong to one story (0: not at all), and their Jaccard similarity."""
    mark = draft.fingerprint
    if mark.text_hash == candidate.text_hash:
        return (1.0, 1.0) if mark.words >= _SHORT_COPY_WORDS else (0.0, 0.0)
    likeness = jaccard(mark.sketch, candidate.sketch)
    if likeness >= STORY_SIMILARITY:
        return likeness, likeness
    if not likeness:
        return 0.0, 0.0
    small, large = sorted((set_size(mark.sketch), set_size(candidate.sketch)))
    if (
        small >= _CONTAINED_SHINGLES
        and large <= _CONTAINED_RATIO * small
        and containment(mark.sketch, candidate.sketch) >= _CONTAINED
    ):
        return likeness, likeness
    return 0.0, 0.0
