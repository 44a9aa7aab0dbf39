"""Suggestions for a rule, on an archive whose articles differ in known ways."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, text
from sqlmodel import Session

from aggregator.model.rule import Document, RuleSpec
from aggregator.pipeline.suggesting import Adviser, Suggestion
from aggregator.rules import compile_query
from aggregator.store import Store
from aggregator.store.articles import articles_by_id
from aggregator.store.search import document
from aggregator.store.tables import ArticleRow
from aggregator.text import index_text

COMMON = [first + last for first in "bdfgk" for last in ("ale", "ore", "une", "ime")]
SPECIAL = {
    **dict.fromkeys((1, 2, 3), "strike at the port"),
    **dict.fromkeys((4, 5, 6), "dock workers walkout again"),
    **dict.fromkeys((7, 8, 9), "strike of lightning in the port"),
    10: "strike somewhere port",
    11: "dock workers walkout again",
    12: "strike of lightning in the port",
}
Advise = Callable[..., Suggestion]


@pytest.fixture
def advise(tmp_path: Path, migrated: Callable[[Path], str]) -> Iterator[Advise]:
    """300 articles of common words; the first ten say something more."""
    chance = random.Random(7)
    url = migrated(tmp_path / "a.db")
    at = datetime(2026, 3, 1, tzinfo=UTC)

    def fill(session: Session) -> None:
        stamp = "'2026-03-01 00:00:00.000000'"
        session.execute(
            text(
                "INSERT INTO source (id, slug, url, spec, host, name, outlet_group, country, enabled, created_at, next_poll_at,"
                " poll_reason, forced, history, trouble, failures, failure_kind, failure_detail)"
                " VALUES (1, 'wire', 'http://wire.test/', '{}', 'wire.test', 'Wire', '', '', true,"
                f" {stamp}, {stamp}, '', false, '{{}}', '', 0, '', '')"
            )
        )
        story = f"1, {stamp}, '', {stamp}, 0, '{{}}', false"
        session.execute(text(f"INSERT INTO story (id, created_at, language, newest_at, texts, vector, open) VALUES ({story})"))
        for number in range(1, 301):
            body = " ".join((*chance.choices(COMMON, k=12), SPECIAL.get(number, ""), *chance.choices(COMMON, k=12)))
            row = {
                "id": number,
                "source_id": 1,
                "story_id": 1,
                "url": f"http://wire.test/{number}",
                "title": "News",
                "text": body,
            }
            row |= {"text_origin": "page", "text_hash": "", "words": 28, "first_seen_at": at}
            row |= {name: [] for name in ("authors", "tags", "other_languages", "date_evidence", "sketch")}
            session.execute(insert(ArticleRow).values(**row))
            values = {"id": number, "title": "news", "body": index_text(body)}
            session.execute(text("INSERT INTO article_fts (rowid, title, body) VALUES (:id, :title, :body)"), values)

    with Store(url) as store:
        store.write_now(fill)
        articles = store.read_now(articles_by_id, range(1, 301))

        def ask(query: str, hits: tuple[int, ...], misses: tuple[int, ...]) -> Suggestion:
            good, bad = ({id_: document(articles[id_]) for id_ in ids} for ids in (hits, misses))
            return Adviser(store, RuleSpec("r", "R", query), {}, good, bad, None).suggest()

        yield ask


def test_what_is_missing_is_added_and_what_is_wrong_excluded(advise: Advise) -> None:
    found = advise("strike port", (1, 2, 3, 4, 5, 6), (7, 8, 9))
    assert tuple(map(sorted, (found.before.hits, found.before.misses, found.before.others))) == ([1, 2, 3], [7, 8, 9], [10, 12])
    assert tuple(map(sorted, (found.after.hits, found.after.misses))) == ([1, 2, 3, 4, 5, 6], [])
    assert sorted(found.after.others) == [10, 11], "11 comes, as good as those that were marked; 12 goes with the misses"
    (addition,), (exclusion,) = found.additions, found.exclusions
    assert set(addition.query.strip('"').split()) <= {"dock", "workers", "walkout", "again"}
    assert (sorted(addition.hits), len(addition.misses), addition.others, addition.archive, addition.size) == (
        [4, 5, 6],
        0,
        1,
        4,
        300,
    )
    assert "lightning" in exclusion.query
    assert (len(exclusion.hits), sorted(exclusion.misses), exclusion.others) == (0, [7, 8, 9], 1)
    assert found.why == ()
    compiled = compile_query(found.query, {})
    assert compiled.match(Document("", SPECIAL[4])) is not None
    assert compiled.match(Document("", SPECIAL[7])) is None


@pytest.mark.parametrize(
    ("query", "hits", "misses", "why"),
    [
        ("strike port", (1, 2), (20,), "the rule finds every hit and no miss"),
        ("strike port", (4,), (), "one hit is too few to learn words from: mark more"),
        ("strike port", (1,), (7,), "one miss that it finds is too few to learn words from: mark more"),
        ("strike port", (20, 21), (), "for 2 of the hits that it does not find no word or phrase tells them from the misses"),
        ("dock", (), (4, 5, 6, 11), "it finds no hit, so that nothing tells what"),
    ],
)
def test_it_is_honest_when_there_is_nothing(
    advise: Advise, query: str, hits: tuple[int, ...], misses: tuple[int, ...], why: str
) -> None:
    found = advise(query, hits, misses)
    assert (found.query, found.additions, found.exclusions, found.after) == ("", (), (), found.before)
    assert found.why[0].startswith(why)


def test_what_can_be_mended_is_and_the_rest_is_said(advise: Advise) -> None:
    found = advise("strike port", (1, 2, 4, 5, 6, 30, 31), ())
    assert sorted(found.after.hits) == [1, 2, 4, 5, 6]
    assert found.why == ("for 2 of the hits that it does not find no word or phrase tells them from the misses and the archive",)


def test_a_marked_article_is_as_old_as_on_its_own_day(advise: Advise) -> None:
    found = advise("strike age<1d", (1, 2, 3), ())
    assert found.before.hits == {1, 2, 3}
