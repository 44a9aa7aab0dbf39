"""Different texts about one event: what a text is about, and which story it belongs to. One language at a time, online."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from math import hypot, log, sqrt

from aggregator.model.article import Corpus, Extraction, Placement, Profile, StoryCandidate, Term
from aggregator.text import terms, tokenize, unspaced

STORY_WINDOW = timedelta(days=10)
"""A story that has not grown for so long is over."""

LOOKUP_TERMS = 12
"""A text is looked up, and found again, by so many of its terms: those that tell most."""

MOST_CANDIDATES = 8

THRESHOLD = 0.038
"""What a text must score, times the square root of the number of its terms: a longer profile meets more by chance."""

Find = Callable[[Mapping[str, float], float], Sequence[StoryCandidate]]
"""Looks stories up by term keys with their weights, the heaviest first; the squares of those shared must add up to the number."""

_TITLE_TERMS, _LEAD_TERMS, _LEAD_CHARS = 40, 60, 3000
_TITLE, _NAME, _NUMBER = 2.0, 2.0, 2.0
_STEM = 6
_COUNTED_TERMS = 60
_HALF_LIFE = timedelta(days=4)
_COHESION = 0.75
_PRIOR = 200
_PRIOR_SHARE = {1: 0.5, 2: 0.4, 3: 0.25, 4: 0.1, 5: 0.03}
_RARE_SHARE = 0.005
_VECTOR_TERMS = 120
_SHOWN_WORDS = 8
_LOOKED_UP = 0.2  # What joins a story has shared this part of the threshold among the terms looked up already (measured).
_SPLIT_BONUS = 1.25
_TO_NAME = re.compile(r"[\s\"'“”«»‘’„(\[-]*")

# Titles of what tells of many things, folded: live blogs, briefings, newsletters, reviews of the day or week.
_COLLECTING = re.compile(
    r"\b(?:live|liveblog|liveticker|live blog|newsblog|ticker|newsticker|as it happened|minute by minute"
    r"|(?:morning|evening|daily|weekly|world|news) (?:briefing|brief|digest|roundup|round up|wrap|report|rundown|bulletin)"
    r"|news in brief|in brief|newsletter|week in review|the week in|week ahead|day in pictures|in pictures|what to know today"
    r"|things to know|top stories|headlines|business highlights|quiz|podcast|horoscopes?"
    r"|en direct|minute par minute|l essentiel de|revue de presse|en vivo|en directo|ultima hora|minuto a minuto"
    r"|ao vivo|in diretta|nachrichten am|der tag im uberblick|der morgen|presseschau|na zywo|relacja|przeglad prasy"
    r"|canli|canli anlatim|gunun ozeti|онлайн|прямая трансляция|в прямом эфире|главное за|главное к|итоги дня|итоги недели"
    r"|زنده|لحظه به لحظه|مرور|اهم اخبار|مباشر|لحظه بلحظه|ابرز العناوین|موجز|מבזקים|ζωντανα)\b"
    r"|直 播|早 报|晚 报|早 報|晚 報|要 闻|要 聞|新 闻 联 播|速 览|ライ フ|ラ イ フ|まとめ|ま と め|주 요 뉴 스|브 리 핑|생 중 계"
)
_LISTING = re.compile(r"(?:[;|•·]|\s/\s)")


def profile(extraction: Extraction) -> Profile:
    """What an article is about: at most 100 terms of its title and lead.

    A term's key is its first six characters, which lets most endings of European languages meet; scripts without spaces give
    pairs of neighbouring characters. Words of the title, words with a capital within a sentence, and numbers count twice.
    """
    weights: dict[str, float] = {}
    words: dict[str, str] = {}
    _weigh(extraction.title, _TITLE, _TITLE_TERMS, weights, words)
    _weigh(extraction.text[:_LEAD_CHARS], 1.0, _LEAD_TERMS, weights, words)
    found = tuple(Term(key, words[key], weight) for key, weight in weights.items())
    return Profile(extraction.language or "", found, collects(extraction.title))


def collects(title: str) -> bool:
    """Whether a title is that of a live blog or a round-up, which tell of many things."""
    return bool(_COLLECTING.search(" ".join(terms(title)))) or len(_LISTING.findall(title)) > 1


def _weigh(text: str, base: float, most: int, weights: dict[str, float], words: dict[str, str]) -> None:
    end, before, place = 0, "", -1
    for term, start, stop in islice(tokenize(text), most):
        written, weight = text[start:stop], base
        if unspaced(term):
            key = word = before + term if place == start else ""
            before, place = term, stop
        else:
            key, word, place = (term if term.isdigit() else term[:_STEM]), written, -1
            if term.isdigit():
                weight *= _NUMBER
            elif end and written[0].isupper() and not written.isupper() and _TO_NAME.fullmatch(text, end, start):
                weight *= _NAME
        end = stop
        if key:
            weights[key] = weights.get(key, 0.0) + weight
            words.setdefault(key, word)


def weigh(known: Profile, corpus: Corpus) -> dict[str, float]:
    """The unit vector of a text, heaviest first: each term by how much it counts, and how rare it is in its language so far.

    A young archive does not know yet which words are common: as long as it holds few texts, length tells, as short words are
    common in most languages.
    """
    weighed = {}
    for key, _, weight in known.terms:
        share = _PRIOR_SHARE.get(len(key), _RARE_SHARE) if key.isalpha() else _RARE_SHARE
        rarity = log((corpus.total + _PRIOR) / (corpus.counts.get(key, 0) + _PRIOR * share + 1))
        if rarity > 0:
            weighed[key] = (1 + log(max(weight, 1.0))) * rarity
    length = hypot(*weighed.values())
    return {key: weighed[key] / length for key in sorted(weighed, key=lambda key: (-weighed[key], key))}


def place_story(known: Profile, corpus: Corpus, find: Find, now: datetime) -> Placement:
    """The story of a text seen at ``now`` among those that ``find`` knows.

    A story's score is the cosine of the text's vector and the story's, times the story's cohesion (the length of its mean
    vector) to the power of ¾, so that a story that has grown wide takes in less; it halves for every four days in which the
    story has not grown. The best one above ``THRESHOLD`` is joined. Live blogs and round-ups join, but lend no words, and
    found no story that others could join. Where an analyst took a story out of another, it has precedence over that one.
    """
    vector = weigh(known, corpus)
    keys = dict(islice(vector.items(), LOOKUP_TERMS))
    wanted = THRESHOLD * sqrt(min(len(vector), _COUNTED_TERMS))
    found = find(keys, _LOOKED_UP * wanted) if keys else ()
    known_ones = [story for story in found if now - story.newest_at <= STORY_WINDOW]
    fitting = [(score, story) for story in known_ones if (score := _score(vector, story, now)) >= wanted]
    best = _best(fitting)
    lent = {} if known.collects else vector
    if best is None:
        return Placement(None, 0.0, (), lent, lent, tuple(keys) if lent else ())
    factor = _factor(best, now)
    written = {key: word for key, word, _ in known.terms}
    shared = {key: value * best.vector[key] * factor for key, value in vector.items() if key in best.vector}
    ranked = sorted(shared, key=lambda key: (-shared[key], key))
    words = tuple((written[key], shared[key]) for key in ranked[:_SHOWN_WORDS])
    story = add((best.vector, lent)) if lent else {}
    return Placement(best.story_id, sum(shared.values()), words, lent, story, tuple(keys) if lent else ())


def _best(fitting: Sequence[tuple[float, StoryCandidate]]) -> StoryCandidate | None:
    ids = {story.story_id for _, story in fitting}
    ranked = [(score * (_SPLIT_BONUS if story.split_from & ids else 1.0), -story.story_id, story) for score, story in fitting]
    return max(ranked, key=lambda item: item[:2])[2] if ranked else None


def _score(vector: Mapping[str, float], story: StoryCandidate, now: datetime) -> float:
    known = story.vector.get
    # In the order of the text's own vector: one sum on every machine.
    return sum(value * known(key, 0.0) for key, value in vector.items()) * _factor(story, now)


def _factor(story: StoryCandidate, now: datetime) -> float:
    length = hypot(*story.vector.values()) or 1.0
    idle = max(timedelta(), now - story.newest_at)
    return float(length ** (_COHESION - 1) / story.texts**_COHESION * 0.5 ** (idle / _HALF_LIFE))


def add(vectors: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The sum of texts' vectors: at most its 120 heaviest terms."""
    total: dict[str, float] = {}
    for vector in vectors:
        for key, value in vector.items():
            total[key] = total.get(key, 0.0) + value
    if len(total) <= _VECTOR_TERMS:
        return total
    return {key: total[key] for key in sorted(total, key=lambda key: (-total[key], key))[:_VECTOR_TERMS]}


@lru_cache(maxsize=1 << 16)
def term_id(language: str, key: str) -> int:
    """A term of a language as a number of 63 bits, the same on every machine. The empty ``key`` stands for the language."""
    digest = hashlib.blake2b(f"{language} {key}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
