"""Same texts and same stories, on a folder of data: ours beside plain TF-IDF, word overlap and exact set similarity in one run.

What is used of the folder, as far as it is there (stories marked ``half0`` and ``half1`` are the halves by a hash of the topic):

* ``stories/ecbplus.jsonl`` (``text``, ``story``, ``topic``), ``stories/uci_headlines.csv`` (``TITLE``, ``STORY``, ``TIMESTAMP``):
  B-cubed. "Counted before" gives ours the counts of words of the whole set, as TF-IDF has them; else they grow, as in service.
* ``stories/tgcontest_pairs.jsonl`` (``language``, ``label``, ``first_title``, ``first_text``, …): a score for each pair
* ``stream/entries.jsonl.gz``, ``stories/stream_title_twins.jsonl``: entries of one title that end up in one story
* copies: the texts of the pairs, edited in a dozen ways
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import html
import json
import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import combinations, count
from pathlib import Path
from typing import Any

from aggregator.dedupe import LOOKUP_SIZE, fingerprint
from aggregator.dedupe.copies import group
from aggregator.dedupe.stories import MOST_CANDIDATES, place_story, profile, weigh
from aggregator.model.article import (
    ArticleDraft,
    Candidate,
    Corpus,
    Extraction,
    Fingerprint,
    Placement,
    Profile,
    StoryCandidate,
    TextOrigin,
)
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

        def find(keys: Mapping[str, float], least: float) -> list[StoryCandidate]:
            shared: defaultdict[int, float] = defaultdict(float)
            for key in keys:
                for story in self._found_by[known.language, key]:
                    shared[story] += keys[key] ** 2
            best = sorted(shared, key=lambda story: (-shared[story], -story))[:MOST_CANDIDATES]
            return [self._stories[story] for story in best if shared[story] >= least]

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


# Pairs: same story or not.


def likeness(one: Profile, other: Profile, corpus: Corpus) -> float:
    """The cosine of two texts' vectors."""
    first, second = weigh(one, corpus), weigh(other, corpus)
    return sum(value * second.get(key, 0.0) for key, value in first.items())


def overlap(one: str, other: str) -> float:
    """The plain way: Jaccard's similarity of the texts' words."""
    first, second = set(terms(one)), set(terms(other))
    return len(first & second) / (len(first | second) or 1)


def best_f1(scores: Sequence[float], same: Sequence[bool]) -> float:
    """The best F1 over all thresholds."""
    found = 0.0
    for threshold in set(scores):
        hits = [one for one, score in zip(same, scores, strict=True) if score >= threshold]
        found = max(found, 2 * sum(hits) / (len(hits) + sum(same)))
    return found


def average_precision(scores: Sequence[float], same: Sequence[bool]) -> float:
    """The mean of the precisions at each true pair, in the order of the scores."""
    ranked = [one for _, one in sorted(zip(scores, same, strict=True), key=lambda pair: -pair[0])]
    return sum(sum(ranked[: place_ + 1]) / (place_ + 1) for place_, one in enumerate(ranked) if one) / (sum(same) or 1)


# Copies: edits of texts, found again by their sketches.


def edits(text: str, boilerplate: Sequence[str], vocabulary: Sequence[str], chance: random.Random) -> dict[str, str]:
    """A text as other outlets print it: shortened, in another order, with other words, between lines of their own."""
    sentences = [part for part in re.split(r"(?<=[.!?。！？])\s*|\n", text) if part.strip()]
    words, gap = (text.split(), " ") if " " in text else (list(text), "")

    def cut(share: float) -> str:
        kept, wanted = list[str](), share * len(terms(text))
        for sentence in sentences:
            if len(terms(" ".join(kept))) >= wanted:
                break
            kept.append(sentence)
        return " ".join(kept)

    def replaced(share: float, old: Sequence[str]) -> str:
        return gap.join(chance.choice(vocabulary) if chance.random() < share else word for word in old)

    step = max(1, len(sentences) // 5)
    blocks = [sentences[begin : begin + step] for begin in range(0, len(sentences), step)]
    chance.shuffle(blocks)
    top, bottom = chance.choice(boilerplate), chance.choice(boilerplate)
    made = {f"shortened to {share:.0%}": cut(share) for share in (0.8, 0.6, 0.45, 0.3)}
    made |= {f"{share:.0%} of the words replaced": replaced(share, words) for share in (0.1, 0.2, 0.3)}
    made["in another order"] = " ".join(sentence for block in blocks for sentence in block)
    made["between boilerplate"] = f"{top} {text} {bottom}"
    made["shortened to 50%, with boilerplate"] = f"{cut(0.5)} {bottom}"
    made["shortened to 70%, 5% of the words replaced"] = replaced(0.05, cut(0.7).split() if gap else list(cut(0.7)))
    return made


@dataclass(frozen=True, slots=True)
class Copy:
    """A text or an edit of it; ``kind`` is "" for the text itself."""

    source: int
    kind: str
    words: tuple[str, ...]
    mark: Fingerprint


def printed(texts: Sequence[str], seed: int = 1) -> list[Copy]:
    """All texts with all their edits."""
    chance = random.Random(seed)
    vocabulary = [word for text in texts for word in (text.split() if " " in text else text)]
    boilerplate = [" ".join(chance.choices(vocabulary, k=chance.randint(20, 50))) for _ in range(6)]
    return [
        Copy(number, kind, tuple(terms(made)), fingerprint(Extraction("", made, TextOrigin.PAGE), ()))
        for number, text in enumerate(texts)
        for kind, made in ({"": text} | edits(text, boilerplate, vocabulary, chance)).items()
    ]


def met(copies: Sequence[Copy]) -> set[tuple[int, int]]:
    """The pairs that the store's look-up brings together."""
    posted: defaultdict[int, list[int]] = defaultdict(list)
    for number, copy in enumerate(copies):
        for value in copy.mark.sketch[:LOOKUP_SIZE]:
            posted[value].append(number)
    return {pair for numbers in posted.values() for pair in combinations(numbers, 2)}


def ours(one: Copy, other: Copy) -> bool:
    """Whether we take two texts for one."""
    known = Candidate(
        article_id=1, source_id=1, group_id=1, same_entry=False, same_url=False, title="", text_hash=other.mark.text_hash,
        sketch=other.mark.sketch, words=other.mark.words, seen_at=START,
    )  # fmt: skip
    draft = ArticleDraft(2, 1, "", Extraction("", "x", TextOrigin.PAGE), one.mark, START, baseline=False)
    return group(draft, [known]).group_id is not None


def exact(one: Copy, other: Copy) -> bool:
    """The same by the whole sets of shingles: Jaccard .5, or .8 of one that is at least a fifth of the other."""
    first, second = (set(zip(copy.words, copy.words[1:], copy.words[2:], strict=False)) for copy in (one, other))
    shared, (small, large) = len(first & second), sorted((len(first), len(second)))
    return shared >= 0.5 * (small + large - shared) > 0 or (small >= 40 and large <= 5 * small and shared >= 0.8 * small)


def copies(texts: Sequence[str]) -> dict[str, Any]:
    """Recall of each edit, and pairwise precision and recall of all, for ours and for exact sets on the same pairs."""
    made = printed(texts)
    pairs = met(made)
    found: dict[str, Any] = {"texts": len(texts), "compared pairs": len(pairs)}
    true = len(texts) * math.comb(len(made) // len(texts), 2)
    for name, same in (("ours", ours), ("exact", exact)):
        hits = [(made[one], made[other]) for one, other in pairs if same(made[one], made[other])]
        good = [pair for pair in hits if pair[0].source == pair[1].source]
        by_kind = Counter(pair[0].kind or pair[1].kind for pair in good if "" in (pair[0].kind, pair[1].kind))
        found |= {f"{kind}.{name}": by_kind[kind] / len(texts) for kind in {copy.kind: 0 for copy in made if copy.kind}}
        found |= {f"pairs precision.{name}": len(good) / (len(hits) or 1), f"pairs recall.{name}": len(good) / true}
        found[f"false pairs.{name}"] = len(hits) - len(good)
    return found


# A folder of data.


def _lines(path: Path) -> list[dict[str, Any]]:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in data.splitlines()]


def _plain(text: str | None) -> str:
    return html.unescape(re.sub(r"<[^>]*>", " ", text or ""))


def _clusters(name: str, told: Sequence[Told]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    ways = (("ours", partial(assign, online=True)), ("ours counted before", assign), ("tfidf", tfidf))
    for part, chosen in (("", told), *((f" half{half}", [item for item in told if item.half == half]) for half in (0, 1))):
        for way, cluster in ways:
            scores = bcubed(cluster(chosen), [item.story for item in chosen])
            found |= {
                f"{name}{part} {what}.{way}": score for what, score in zip(("precision", "recall", "F"), scores, strict=True)
            }
    return found


def _pairs(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    rows = _lines(path)
    for language in sorted({row["language"] for row in rows}):
        chosen = [row for row in rows if row["language"] == language]
        profiles = [
            [
                profile(Extraction(row[f"{which}_title"], row[f"{which}_text"], TextOrigin.PAGE, language=language))
                for which in ("first", "second")
            ]
            for row in chosen
        ]
        shelf = Shelf(known for pair in profiles for known in pair)
        mine = [likeness(one, other, shelf.corpus(one)) for one, other in profiles]
        plain = [overlap(row["first_text"], row["second_text"]) for row in chosen]
        same = [row["label"] == "OK" for row in chosen]
        for part in ("", " half0", " half1"):
            kept = [place_ for place_, row in enumerate(chosen) if not part or part.endswith(str(half_of(row["id"])))]
            for way, scores in (("ours", mine), ("word overlap", plain)):
                of, truth = [scores[place_] for place_ in kept], [same[place_] for place_ in kept]
                if any(truth):
                    found[f"pairs {language}{part} F1.{way}"] = best_f1(of, truth)
                    found[f"pairs {language}{part} average precision.{way}"] = average_precision(of, truth)
    return found


def _stream(entries: Path, twins: Path) -> dict[str, Any]:
    rows = sorted(_lines(entries), key=lambda row: str(row["date_published"]))
    told = [
        Told(
            html.unescape(row["title"]), _plain(row["description"]), "", 0,
            datetime.fromisoformat(row["date_published"]).astimezone(UTC), (row["language"] or "")[:2].lower(),
        )
        for row in rows
    ]  # fmt: skip
    clusters = assign(told, online=True)
    by_link = dict(zip((row["link"] for row in rows), clusters, strict=True))
    together = [len({by_link.get(entry["link"]) for entry in twin["entries"]}) == 1 for twin in _lines(twins)]
    sizes = Counter(clusters)
    return {
        "stream twins recall.ours": sum(together) / len(together),
        "stream stories.ours": len(sizes),
        "stream largest story.ours": max(sizes.values()),
    }


def measure(data: Path) -> dict[str, Any]:
    """All scores that the folder has data for."""
    found: dict[str, Any] = {}
    folder = data / "stories"
    if (path := folder / "ecbplus.jsonl").exists():
        found |= _clusters("ecbplus", [Told("", row["text"], row["story"], half_of(row["topic"])) for row in _lines(path)])
    if (path := folder / "uci_headlines.csv").exists():
        with path.open(encoding="utf-8", newline="") as lines:
            rows = sorted(csv.DictReader(lines), key=lambda row: int(row["TIMESTAMP"]))
        moments = [datetime.fromtimestamp(int(row["TIMESTAMP"]) / 1000, UTC) for row in rows]
        told = [Told(row["TITLE"], "", row["STORY"], half_of(row["STORY"]), at) for row, at in zip(rows, moments, strict=True)]
        found |= _clusters("headlines", told)
    if (path := folder / "tgcontest_pairs.jsonl").exists():
        found |= _pairs(path)
        texts = dict.fromkeys(row[f"{which}_text"] for row in _lines(path) for which in ("first", "second"))
        found |= {f"copies {name}": value for name, value in copies(_unlike(list(texts))).items()}
    entries, twins = data / "stream" / "entries.jsonl.gz", folder / "stream_title_twins.jsonl"
    if entries.exists() and twins.exists():
        found |= _stream(entries, twins)
    return found


def _unlike(texts: Sequence[str]) -> list[str]:
    """The texts of 80 words and more that share no more than a tenth of their shingles with one before them."""
    kept: list[str] = []
    seen: list[set[tuple[str, ...]]] = []
    for text in texts:
        words = terms(text)
        own: set[tuple[str, ...]] = set(zip(words, words[1:], words[2:], strict=False))
        if len(words) >= 80 and all(len(own & other) <= 0.1 * min(len(own), len(other)) for other in seen):
            kept.append(text)
            seen.append(own)
    return kept
