"""Relevance beside the formulas as the papers print them, computed the long way; and what follows from them."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta

import pytest

from aggregator.model.rule import Document, Match, Span
from aggregator.model.search import Cursor, Order, Place, Question, Statistics
from aggregator.rules import compile_query, digest, dump, load, relevance
from aggregator.rules.ranking import HALF_LIFE, TITLE, frequencies, recency

WORDS = ("harbour", "strike", "union", "port", "the", "of")
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
OLD = timedelta(days=10_000)


def _naive(words: list[str], title: list[str], query: list[str], archive: list[list[str]], mean: float) -> float:
    """Okapi BM25 over lists of words, every word counted by hand."""
    score = 0.0
    for word in query:
        holding = sum(word in text for text in archive)
        idf = math.log(1 + (len(archive) - holding + 0.5) / (holding + 0.5))
        often = words.count(word) + 4 * title.count(word)
        score += idf * often * 2.2 / (often + 1.2 * (0.25 + 0.75 * len(words) / mean))
    return score


def test_it_is_bm25() -> None:
    random_ = random.Random(5)
    titles = [random_.choices(WORDS, k=4) for _ in range(60)]
    bodies = [random_.choices(WORDS, weights=(1, 2, 4, 8, 40, 30), k=random_.randrange(1, 40)) for _ in range(60)]
    archive = [title + body for title, body in zip(titles, bodies, strict=True)]
    mean = sum(map(len, bodies)) / len(bodies)
    query = ["harbour", "strike", "the"]
    compiled = compile_query(" OR ".join(query), {})
    known = Statistics(60, mean, {word: sum(word in text for text in archive) for word in query})
    scores = []
    for title, body in zip(titles, bodies, strict=True):
        match = compiled.match(Document(" ".join(title), " ".join(body)))
        expected = _naive(body, title, query, archive, mean)
        assert (match is None) == (expected == 0)
        if match is not None:
            scores.append(relevance(match, len(body), timedelta(), known))
            assert scores[-1] == pytest.approx(expected, rel=1e-12)
    assert len(set(scores)) > 30


def test_only_what_the_matcher_took_for_a_hit_counts() -> None:
    compiled = compile_query("port NEAR/2 strike", {})
    match = compiled.match(Document("Port", "port of strike and then again for a long time the port"))
    assert match is not None
    assert frequencies(match) == {"port": 1.0, "strike": 1.0}
    titled = Match("", (Span("title", 0, 4, "port"), Span("body", 0, 4, "port"), Span("author", 0, 4, "port")), ())
    assert frequencies(titled) == {"port": TITLE + 2}


def test_recency_halves_its_lead() -> None:
    assert [recency(n * HALF_LIFE) for n in (0, 1, 2)] == [1.0, 0.75, 0.625]
    assert recency(timedelta(days=-3)) == 1.0
    assert recency(OLD) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (("port port", 10, 0, "port"), ("port", 10, 0, "port")),
        (("port", 10, 0, "port"), ("port", 90, 0, "port")),
        (("port", 10, 0, "port"), ("port", 10, 9, "port")),
        (("rare", 10, 0, "rare OR port"), ("port", 10, 0, "rare OR port")),
    ],
    ids=["more hits", "a shorter text", "newer", "a rarer word"],
)
def test_what_makes_an_article_more_relevant(better: tuple[str, int, int, str], worse: tuple[str, int, int, str]) -> None:
    known = Statistics(1000, 30.0, {"port": 500, "rare": 3})

    def score(body: str, words: int, days: int, query: str) -> float:
        match = compile_query(query, {}).match(Document("", body))
        assert match is not None
        return relevance(match, words, timedelta(days=days), known)

    assert score(*better) > score(*worse) > 0


def test_an_empty_archive_and_a_query_of_keys_have_scores() -> None:
    assert relevance(Match("", (), ()), 10, OLD, Statistics(0, 0.0, {})) == 0.0
    one = Match("", (Span("body", 0, 4, "port"),), ())
    assert relevance(one, 0, OLD, Statistics(0, 0.0, {"port": 7})) > 0


def test_leaves_and_the_words_an_index_is_asked_for() -> None:
    compiled = compile_query('title:port "dock strike*" -x (aaa* OR =abc* NEAR b) author:jo /y/ lang:fa "q r"~2 c NOT NEAR d', {})
    assert compiled.leaf_words() == {
        "port": '"port"',
        '"dock strike*"': '("dock" AND "strike" *)',
        "aaa*": '"aaa" *',
        "=abc*": '"abc" *',
        "b": '"b"',
        "jo": None,
        "/y/": None,
        '"q r"~2': '("q" AND "r")',
        "c": '"c"',
    }


CURSOR = Cursor(
    "0123456789abcdef", Order.RELEVANCE, NOW, 17, Place(1 / 3, NOW - OLD, 5), Statistics(17, 2 / 3, {"پلیس": 4, '"a b"': 0})
)


def test_a_cursor_comes_back_as_it_was() -> None:
    assert load(dump(CURSOR)) == CURSOR
    assert set(dump(CURSOR)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_anything_else_is_no_cursor() -> None:
    random_ = random.Random(3)
    whole = dump(CURSOR)
    for text in (
        "",
        "x",
        "é",
        "=",
        whole[:-3],
        whole + "AAAA",
        whole[5:],
        *(whole[:n] + random_.choice("Az09-") + whole[n + 1 :] for n in range(60)),
    ):
        try:
            assert isinstance(load(text), Cursor)
        except ValueError as error:
            assert "cursor" in str(error)  # noqa: PT017
    with pytest.raises(ValueError, match="cursor"):
        load("bm90IGEgY3Vyc29y")


def test_a_digest_tells_searches_apart_but_not_their_pages() -> None:
    one = digest("port", Question())
    assert one == digest("port", Question(most=3, total=True))
    others = {
        digest("ports", Question()),
        digest("port", Question(Order.OLDEST)),
        digest("port", Question(since=NOW)),
        digest("\ud800", Question()),
    }
    assert len(others | {one}) == 5
