"""Duplicates: addresses to keys, texts to fingerprints, and the decision what a draft is to the articles already stored. Pure."""

from aggregator.dedupe.changes import altered, diff_sentences, sentences
from aggregator.dedupe.decision import decide
from aggregator.dedupe.fingerprint import LOOKUP_SIZE, containment, fingerprint, jaccard
from aggregator.dedupe.outlet import Place, same_outlet
from aggregator.dedupe.reposts import REPOST_WINDOW, entry_key
from aggregator.dedupe.revisits import judge
from aggregator.dedupe.urls import canonical_url, url_key

__all__ = [
    "LOOKUP_SIZE",
    "REPOST_WINDOW",
    "Place",
    "altered",
    "canonical_url",
    "containment",
    "decide",
    "diff_sentences",
    "entry_key",
    "fingerprint",
    "jaccard",
    "judge",
    "same_outlet",
    "sentences",
    "url_key",
]
