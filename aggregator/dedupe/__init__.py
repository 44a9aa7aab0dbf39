"""Duplicates and relatives: addresses to keys, texts to fingerprints; what a draft is to the articles already stored. Pure.

``decide`` says whether it is a new article, ``group`` whose text it copies, ``place_story`` which story it tells.
"""

from aggregator.dedupe.agencies import credit
from aggregator.dedupe.changes import altered, diff_sentences, sentences
from aggregator.dedupe.copies import COPY_WINDOW, group, original
from aggregator.dedupe.decision import decide
from aggregator.dedupe.fingerprint import LOOKUP_SIZE, containment, fingerprint, jaccard
from aggregator.dedupe.outlet import Place, same_outlet
from aggregator.dedupe.reposts import REPOST_WINDOW, entry_key
from aggregator.dedupe.revisits import judge
from aggregator.dedupe.stories import LOOKUP_TERMS, MOST_CANDIDATES, STORY_WINDOW, Find, add, place_story, profile, term_id
from aggregator.dedupe.urls import canonical_url, url_key

__all__ = [
    "COPY_WINDOW",
    "LOOKUP_SIZE",
    "LOOKUP_TERMS",
    "MOST_CANDIDATES",
    "REPOST_WINDOW",
    "STORY_WINDOW",
    "Find",
    "Place",
    "add",
    "altered",
    "canonical_url",
    "containment",
    "credit",
    "decide",
    "diff_sentences",
    "entry_key",
    "fingerprint",
    "group",
    "jaccard",
    "judge",
    "original",
    "place_story",
    "profile",
    "same_outlet",
    "sentences",
    "term_id",
    "url_key",
]
