"""Same texts and same stories: ours beside plain TF-IDF and beside datasketch's MinHash, on one folder of data, in one run."""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count

from aggregator.dedupe.stories import MOST_CANDIDATES, place_story, profile
from aggregator.model.article import Corpus, Extraction, Placement, Profile, StoryCandidate, TextOrigin
from aggregator.text import terms

START = datetime(2026, 1, 1, tzinfo=UTC)
TFIDF_THRESHOLD = 0.2


@dataclass(frozen=True, slots=True)
class Told:
    """A text with its story. ``half`` splits by a hash of what belongs together, so that nothing is tuned on both."""

    title: str
    text: str
    story: str
    half: int
    at: datetime = START
    language: str = "en"

    @property
    def profile(self) -> Profile:
        return profile(Extraction(self.title, self.text, TextOrigin.PAGE, language=self.language))


class Shelf:
    """Stories in memory, as the store keeps them in tables."""

    def __init__(self, background: Iterable[Profile] = ()) -> None:
        self._ids = count(1)
        self._totals: Counter[str] = Counter()
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._stories: dict[int, StoryCandidate] = {}
        self._found_by: defaultdict[tuple[str, str], dict[int, None]] = defaultdict(dict)
        for known in background:
            self.learn(known)

    def learn(self, known: Profile) -> None:
        self._totals[known.language] += 1
        self._counts[known.language].update(term.key for term in known.terms)

    def corpus(self, known: Profile) -> Corpus:
        return Corpus(self._totals[known.language], self._counts[known.language])

    def put(self, known: Profile, at: datetime) -> tuple[int, Placement]:
        corpus = self.corpus(known)

        def find(keys: Mapping[str, float]) -> list[StoryCandidate]:
            shared: defaultdict[int, float] = defaultdict(float)
            for key in keys:
                for story in self._found_by[known.language, key]:
                    shared[story] += keys[key] ** 2
            best = sorted(shared, key=lambda story: (-shared[story], -story))[:MOST_CANDIDATES]
            return [self._stories[story] for story in best]

        placed = place_story(known, corpus, find, at)
        story = placed.story_id or next(self._ids)
        old = self._stories.get(story, StoryCandidate(story, 0, {}, at))
        if placed.story:
            self._stories[story] = replace(old, texts=old.texts + 1, vector=placed.story, newest_at=at)
        for key in placed.keys:
            self._found_by[known.language, key][story] = None
        return story, placed


def assign(told: Sequence[Told], *, online: bool = False) -> list[int]:
    """Our stories, text by text. The counts of words are those of all of ``told`` (as TF-IDF has them), or grow (``online``)."""
    profiles = [item.profile for item in told]
    shelf = Shelf(() if online else profiles)
    stories = []
    for known, item in zip(profiles, told, strict=True):
        if online:
            shelf.learn(known)
        stories.append(shelf.put(known, item.at)[0])
    return stories


def tfidf(told: Sequence[Told], threshold: float = TFIDF_THRESHOLD) -> list[int]:
    """The plain way: cosine of TF-IDF vectors with the mean of each cluster, single pass."""
    counted = [Counter(terms(f"{item.title} {item.text}")) for item in told]
    spread = Counter(term for counts in counted for term in counts)
    sums: list[dict[str, float]] = []
    posted: defaultdict[str, set[int]] = defaultdict(set)
    clusters = []
    for counts in counted:
        raw = {term: often * (math.log((1 + len(told)) / (1 + spread[term])) + 1) for term, often in counts.items()}
        vector = _unit(raw)
        scores: defaultdict[int, float] = defaultdict(float)
        for term, value in vector.items():
            for cluster in posted[term]:
                scores[cluster] += value * sums[cluster][term]
        best, highest = len(sums), threshold
        for cluster, score in scores.items():
            likeness = score / _length(sums[cluster])
            if likeness >= highest:
                best, highest = cluster, likeness
        if best == len(sums):
            sums.append({})
        for term, value in vector.items():
            sums[best][term] = sums[best].get(term, 0.0) + value
            posted[term].add(best)
        clusters.append(best)
    return clusters


def _unit(vector: dict[str, float]) -> dict[str, float]:
    length = _length(vector) or 1.0
    return {term: value / length for term, value in vector.items()}


def _length(vector: dict[str, float]) -> float:
    return math.sqrt(sum(value * value for value in vector.values()))


def bcubed(found: Sequence[object], true: Sequence[object]) -> tuple[float, float, float]:
    """B-cubed precision, recall and F (Bagga and Baldwin 1998)."""
    clusters: defaultdict[object, set[int]] = defaultdict(set)
    stories: defaultdict[object, set[int]] = defaultdict(set)
    for place_, (cluster, story) in enumerate(zip(found, true, strict=True)):
        clusters[cluster].add(place_)
        stories[story].add(place_)
    shared = [len(clusters[cluster] & stories[story]) for cluster, story in zip(found, true, strict=True)]
    precision = sum(n / len(clusters[cluster]) for n, cluster in zip(shared, found, strict=True)) / len(found)
    recall = sum(n / len(stories[story]) for n, story in zip(shared, true, strict=True)) / len(found)
    return precision, recall, 2 * precision * recall / (precision + recall)


def half_of(key: str) -> int:
    """0 or 1, by a hash."""
    return hashlib.sha256(key.encode()).digest()[0] & 1
