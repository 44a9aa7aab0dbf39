"""The same text in several outlets: which known article a new one is a copy of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from aggregator.dedupe.agencies import is_outlet_of
from aggregator.dedupe.fingerprint import containment, jaccard, set_size
from aggregator.dedupe.stories import collects
from aggregator.model.article import ArticleDraft, Candidate, New
from aggregator.model.story import StoryMember

SAME_TEXT = 0.5
"""The Jaccard similarity from which two texts are one (docs/decisions/0009)."""

COPY_WINDOW = timedelta(days=7)

_CONTAINED = 0.8
_CONTAINED_RATIO = 5.0
_CONTAINED_SHINGLES = 40
_SHORT_COPY_WORDS = 10


def group(draft: ArticleDraft, candidates: Sequence[Candidate]) -> New:
    """A new article, in the group of the most similar candidate seen within seven days.

    Their texts have a Jaccard similarity of .5; or one is a shortened copy of the other: of at least a fifth of its length,
    and four fifths of it stand there (round-ups, which hold whole articles, aside); or both are short and word for word the
    same. Of texts that an analyst took apart, the one is chosen with which the draft has more in common by Jaccard's measure,
    and of two alike the one that was taken out.
    """
    found = [
        (likeness, candidate)
        for candidate in sorted(candidates, key=lambda item: (item.seen_at, item.article_id))
        if abs(draft.seen_at - candidate.seen_at) <= COPY_WINDOW and (likeness := _likeness(draft, candidate))
    ]
    if not found:
        return New()
    highest, best = max(found, key=lambda item: item[0])  # of equals, the first
    taken_out = [(likeness, item) for likeness, item in found if best.group_id in item.taken_from]
    left = [(likeness, item) for likeness, item in found if item.group_id in best.taken_from]
    if taken_out or left:
        # Being contained tells nothing here: what shortens one of the two often stands in both.
        own = [(likeness, item) for likeness, item in found if item.group_id == best.group_id]
        highest, best = max((*taken_out, *own, *left), key=lambda item: _in_common(draft, item[1]))
    return New(best.group_id, highest)


def _in_common(draft: ArticleDraft, candidate: Candidate) -> float:
    mark = draft.fingerprint
    return 1.0 if mark.text_hash == candidate.text_hash else jaccard(mark.sketch, candidate.sketch)


def _likeness(draft: ArticleDraft, candidate: Candidate) -> float:
    """How strongly two texts belong to one group (0: not at all).

    It is their Jaccard similarity; of a shortened copy, the share that the other has.
    """
    mark = draft.fingerprint
    if mark.text_hash == candidate.text_hash:
        return 1.0 if mark.words >= _SHORT_COPY_WORDS else 0.0
    likeness = jaccard(mark.sketch, candidate.sketch)
    if likeness >= SAME_TEXT or not likeness:
        return likeness
    small, large = sorted((set_size(mark.sketch), set_size(candidate.sketch)))
    if small < _CONTAINED_SHINGLES or large > _CONTAINED_RATIO * small or mark.profile.collects or collects(candidate.title):
        return 0.0
    share = containment(mark.sketch, candidate.sketch)
    return share if share >= _CONTAINED else 0.0


def original(members: Sequence[StoryMember]) -> tuple[int, str]:
    """Which of a group's members (one or more) the others copy: its article id, and the evidence in a few words.

    The article of the agency's own outlet, if the others credit one; else the earliest, by the stated time or our first sight.
    """
    named = Counter(member.credit for member in members if member.credit)
    ranked = sorted(members, key=lambda member: (min(member.published_at or member.seen_at, member.seen_at), member.article_id))
    for agency, times in named.most_common():
        for member in ranked:
            if is_outlet_of(agency, member.outlet, member.url):
                return member.article_id, f"the outlet of {agency}, credited in {times} of {len(members)}"
    first, *others = ranked
    if first.credit:
        return first.article_id, f"the earliest here; it credits {first.credit} itself"
    if named:
        agency = named.most_common(1)[0][0]
        return first.article_id, f"the earliest here; others credit {agency}"
    return first.article_id, "the earliest" if others else "the only one"
