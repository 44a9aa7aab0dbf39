"""Random queries on two thousand articles: live, both archives and the plain reading of the language agree on every one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.rules import compile_query
from tests import postgres
from tests.parity.asking import FIELDS, KEYS
from tests.parity.lessening import lessened
from tests.parity.press import NOW, Press
from tests.parity.proof import Proof, prove
from tests.parity.reference import Places, Reference
from tests.parity.trees import All, Any, Close, Often, Within, Without, Words, kinds, parts_of, written

SEED = 1402
QUERIES = 800
"""``make parity`` asks 5,000, before every release and each night with another seed."""
ARTICLES = 2000
OPERATORS = (
    *(
        "AND",
        "OR",
        "NOT",
        "NEAR",
        "ONEAR",
        "NOT NEAR",
        "NOT ONEAR",
        "ATLEAST",
        "~slop",
        "=exact",
        "prefix*",
        "word",
        "phrase",
        "@entity",
    ),
    *("/regex/", "url:/regex/"),
)
"""Everything that a query can hold besides fields and keys."""


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory, postgres_server: postgres.Server) -> Iterator[Proof]:
    chance = random.Random(SEED)
    url = postgres_server.migrated()
    yield prove(Press(chance).articles(ARTICLES), QUERIES, chance, NOW, tmp_path_factory.mktemp("parity"), url)
    postgres_server.drop(url)


def test_all_four_find_the_same(proof: Proof) -> None:
    assert (proof.queries, proof.articles) == (QUERIES, ARTICLES)
    assert not proof.differences, f"{len(proof.differences)} differences with the seed {SEED}:\n\n" + "\n\n".join(
        map(str, proof.differences[:3])
    )


def test_the_queries_ask_for_everything_and_find_something(proof: Proof) -> None:
    wanted = {*OPERATORS, *(f"{name}:" for name in (*FIELDS, *KEYS))}
    assert set(proof.asked) - {"all"} == wanted
    few = {kind: proof.asked[kind] for kind in wanted if proof.asked[kind] < 5}
    barren = {kind: proof.share(kind) for kind in wanted if proof.share(kind) < 0.3}
    assert (few, barren) == ({}, {})
    assert proof.share("all") > 0.6


class Careless(Reference):
    """Believes that ``b`` may stand one word further from ``a`` than it was asked to."""

    def _close(self, tree: Close, scope: str) -> Places:
        return super()._close(Close(tree.left, tree.right, tree.distance + 1, tree.ordered, tree.negated), scope)


def test_a_difference_is_found_and_made_small(postgres_url: str, tmp_path: Path) -> None:
    chance = random.Random(3)
    found = prove(Press(chance).articles(60), 200, chance, NOW, tmp_path, postgres_url, Careless, told=1)
    assert found.differences
    first = found.differences[0]
    assert isinstance(first.tree, Close), "nothing is left around what differs"
    assert not any(map(parts_of, parts_of(first.tree)))
    assert len(first.article.text.split()) <= first.tree.distance + 3
    assert first.says["reference"] != first.says["live"] == first.says["sqlite"] == first.says["postgresql"]
    assert repr(first.query) in str(first)


def test_all_that_does_not_matter_is_left_out() -> None:
    article = Press(random.Random(1)).articles(1)[0]
    close = Close(Words("b c", exact=True, slop=3), Words("d"), 5, negated=True)
    inner = Without(Often(3, Within("title", close)))
    tree = All((Words("x"), Any((Words("y"), inner)), Words("z")))

    def differs(tree: object, other: object) -> bool:
        assert isinstance(tree, All | Any | Words | Without | Often | Within | Close)
        return "NOT NEAR" in kinds(tree) and "=exact" in kinds(tree) and article.text[-7:] in getattr(other, "text", "")

    less, short = lessened(tree, article, differs)
    assert isinstance(less, Close)
    assert less.left in (Words("b", exact=True), Words("c", exact=True))
    assert (short.text, short.title, short.authors) == (article.text[-7:], "", ())


@pytest.mark.parametrize(
    ("tree", "query"),
    [
        (All((Words("a"), Any((Words("b"), Words("c d"))))), 'a AND (b OR "c d")'),
        (Without(All((Words("a"), Without(Words("b"))))), "NOT (a AND NOT b)"),
        (Close(Close(Words("a"), Words("b"), 2, ordered=True), Words("c"), 5, negated=True), "a ONEAR/2 b NOT NEAR/5 c"),
        (Close(Words("a"), Close(Words("b"), Words("c"), 9), 5), "a NEAR/5 (b NEAR/9 c)"),
        (Within("title", Any((Words("AND"), Words("a bcd", exact=True, prefix=True)))), 'title:("AND" OR ="a bcd"*)'),
        (Often(2, Any((Words("a"), Words("b c", slop=3)))), 'ATLEAST/2(a OR "b c"~3)'),
    ],
)
def test_a_tree_is_written_so_that_it_means_itself(tree: All, query: str) -> None:
    assert written(tree) == query
    plain = compile_query(query, {}).narrowing()
    assert all(compile_query(written(tree, random.Random(seed)), {}).narrowing() == plain for seed in range(50))
