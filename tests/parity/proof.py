"""The proof: four answers to each query, what is made of their differences, and what the queries were like."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from aggregator.errors import RuleSyntaxError
from aggregator.model.article import Article
from aggregator.store.search import document
from tests.parity.asking import Asker
from tests.parity.lessening import lessened
from tests.parity.reference import Reference
from tests.parity.shelves import Found, Shelves, shelved
from tests.parity.trees import Tree, kinds, written

TOLD = 3
"""So many differences are made small and told; that takes seconds each."""


@dataclass(frozen=True)
class Difference:
    """A query, as written, of which somebody thinks otherwise, and an article about which they differ."""

    query: str
    tree: Tree
    article: Article
    says: dict[str, str]

    def __str__(self) -> str:
        told = (f"{name}: {said}" for name, said in self.says.items())
        return "\n".join((f"query: {self.query!r}", f"article: {document(self.article)}", *told))


@dataclass(frozen=True)
class Proof:
    """What came of it. ``asked`` and ``found``: queries with each operator, key, field or sign, and those of them with hits."""

    queries: int
    articles: int
    hits: int
    asked: Counter[str]
    found: Counter[str]
    differences: list[Difference] = field(default_factory=list)

    def share(self, kind: str) -> float:
        """The share of the queries with ``kind`` that find something."""
        return self.found[kind] / self.asked[kind]

    def table(self) -> str:
        """The operators with their numbers, a line for each."""
        lines = [f"{'':14}{'queries':>9}{'with hits':>11}{'share':>7}"]
        lines += [f"{kind:14}{self.asked[kind]:9}{self.found[kind]:11}{self.share(kind):7.2f}" for kind in sorted(self.asked)]
        return "\n".join(lines)


def prove(
    articles: Sequence[Article],
    count: int,
    chance: random.Random,
    now: datetime,
    folder: Path,
    great: str,
    judge: type[Reference] = Reference,
    told: int = TOLD,
) -> Proof:
    """Ask ``count`` queries of ``articles``. ``great`` is an empty archive on PostgreSQL; SQLite's is made in ``folder``."""
    asker = Asker(chance, articles, now)
    trees = [asker.query() for _ in range(count)]
    queries = [written(tree, chance) for tree in trees]
    reference = judge(articles, asker.entities, now)
    expected = [{articles[number].id for number in reference.finds(tree)} for tree in trees]
    by_id = {article.id: article for article in articles}
    differences: list[Difference] = []
    with shelved(articles, asker.entities, now, folder, great) as shelves:
        answers = {"live": shelves.live(queries), **shelves.searched(queries)}
        for at in range(count):
            for id_, says in _apart(expected[at], {name: found[at] for name, found in answers.items()}):
                first = Difference(queries[at], trees[at], by_id[id_], says)
                differences.append(_small(first, shelves, judge) if len(differences) < told else first)
    asked, found = Counter[str](), Counter[str]()
    for tree, ids in zip(trees, expected, strict=True):
        there = {*kinds(tree), "all"}
        asked.update(there)
        found.update(there if ids else ())
    return Proof(count, len(articles), sum(map(len, expected)), asked, found, differences)


def _apart(expected: set[int], answers: dict[str, Found]) -> Iterator[tuple[int, dict[str, str]]]:
    """The first article about which the answers differ, with what each of them says."""
    if all(found.keys() == expected for found in answers.values()) and all(
        found == answers["live"] for found in answers.values()
    ):
        return
    for id_ in sorted(expected.union(*answers.values())):
        told = {name: found.get(id_) for name, found in answers.items()}
        if len({repr(each) for each in told.values()}) > 1 or (id_ in expected) != (told["live"] is not None):
            yield (
                id_,
                {"reference": "found" if id_ in expected else "not found"}
                | {name: f"found {each}" if each else "not found" for name, each in told.items()},
            )
            return


def _small(first: Difference, shelves: Shelves, judge: type[Reference]) -> Difference:
    """The same difference with less of the query, and less of the article."""

    def says(tree: Tree, article: Article, query: str) -> dict[str, str]:
        one = replace(article, id=shelves.spare)
        try:
            answers = shelves.alone(one, query)
        except RuleSyntaxError:
            return {}
        aliases = {slug: entity.aliases for slug, entity in shelves.entities.items()}
        expected = {one.id} if judge([one], aliases, shelves.now).finds(tree) else set[int]()
        return next((told for _, told in _apart(expected, answers)), {})

    def differs(tree: Tree, article: Article) -> bool:
        return bool(says(tree, article, written(tree)))

    if not differs(first.tree, first.article):
        return first
    tree, article = lessened(first.tree, first.article, differs)
    return Difference(written(tree), tree, article, says(tree, article, written(tree)))
