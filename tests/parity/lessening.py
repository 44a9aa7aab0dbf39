"""Making a difference small: whatever can be left out of a query and an article while they still differ, is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias, TypeVar

from aggregator.model.article import Article
from aggregator.text import terms
from tests.parity.trees import All, Any, Close, Known, Often, Tree, Within, Without, Words, parts_of

Differs: TypeAlias = Callable[[Tree, Article], bool]
T = TypeVar("T")

_WORD = re.compile(r"\s*\S+|\s+")
FEW_LETTERS = 120


def lessened(tree: Tree, article: Article, differs: Differs) -> tuple[Tree, Article]:
    """Less of both, of which ``differs`` holds still: nothing more can be left out by itself."""
    before: tuple[Tree, Article] | None = None
    while (tree, article) != before:
        before = tree, article
        tree = _less_tree(tree, partial(_with_article, differs, article))
        article = _less_article(article, partial(differs, tree))
    return tree, article


def _with_article(differs: Differs, article: Article, tree: Tree) -> bool:
    return differs(tree, article)


def _less_tree(tree: Tree, differs: Callable[[Tree], bool]) -> Tree:
    while (found := next(filter(differs, lesser(tree)), None)) is not None:
        tree = found
    return tree


def lesser(tree: Tree) -> Iterator[Tree]:
    """Every tree with one thing less, those with most less first."""
    yield from parts_of(tree)
    match tree:
        case All(parts=parts) | Any(parts=parts):
            for at in range(len(parts)) if len(parts) > 2 else ():
                yield replace(tree, parts=(*parts[:at], *parts[at + 1 :]))
            for at, part in enumerate(parts):
                yield from (replace(tree, parts=(*parts[:at], less, *parts[at + 1 :])) for less in lesser(part))
        case Within(part=part) | Without(part=part):
            yield from (replace(tree, part=less) for less in lesser(part))
        case Often(least=least, part=part):
            yield from (Often(fewer, part) for fewer in range(1, least))
            yield from (replace(tree, part=less) for less in lesser(part))
        case Close(left=left, right=right):
            yield from (replace(tree, left=less) for less in lesser(left))
            yield from (replace(tree, right=less) for less in lesser(right))
        case Known(values=values) if len(values) > 1:
            yield from (replace(tree, values=(value,)) for value in values)
        case Words():
            yield from _lesser_words(tree)
        case _:
            pass


def _lesser_words(tree: Words) -> Iterator[Words]:
    if tree.slop:
        yield replace(tree, slop=0)
    if tree.exact:
        yield replace(tree, exact=False)
    if tree.prefix:
        yield replace(tree, prefix=False)
    words = tree.text.split(" ")
    for at in range(len(words)) if len(words) > 1 else ():
        text = " ".join((*words[:at], *words[at + 1 :]))
        if terms(text):
            yield replace(tree, text=text)


def _less_article(article: Article, differs: Callable[[Article], bool]) -> Article:
    for less in (replace(article, authors=()), replace(article, tags=()), replace(article, title=""), replace(article, text="")):
        if less != article and differs(less):
            article = less
    article = replace(article, title=_less_text(article.title, lambda text: differs(replace(article, title=text))))
    return replace(article, text=_less_text(article.text, lambda text: differs(replace(article, text=text))))


def _less_text(text: str, differs: Callable[[str], bool]) -> str:
    text = "".join(_fewest(_WORD.findall(text), lambda parts: differs("".join(parts))))
    return "".join(_fewest(text, lambda parts: differs("".join(parts)))) if len(text) <= FEW_LETTERS else text


def _fewest(parts: Sequence[T], differs: Callable[[Sequence[T]], bool]) -> Sequence[T]:
    """As few of ``parts`` as it takes, found by leaving out ever smaller stretches (Zeller's delta debugging)."""
    size = max(1, len(parts) // 2)
    while parts:
        at = 0
        while at < len(parts):
            fewer = [*parts[:at], *parts[at + size :]]
            if len(fewer) < len(parts) and differs(fewer):
                parts = fewer
            else:
                at += size
        if size == 1:
            break
        size //= 2
    return parts
