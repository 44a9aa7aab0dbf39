"""Queries as trees of our own, and how people write them: the same meaning with other signs, spaces and parentheses."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

QUOTES = '"“”„«»'
_PAIRS = ('""', '""', "“”", "„“", "«»", "””")
_BARE = re.compile(r"[^\W_]+(?:[.'’\u200c/-][^\W_]+)*\.?")
_WORDS_THAT_ACT = {"AND", "OR", "NOT", "NEAR", "ONEAR", "ATLEAST"}
_PLAIN_VALUE = re.compile(r"[\w.-]+")


@dataclass(frozen=True, slots=True)
class Words:
    """A word or phrase, without its signs."""

    text: str
    exact: bool = False
    prefix: bool = False
    slop: int = 0


@dataclass(frozen=True, slots=True)
class Named:
    """An entity."""

    slug: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression."""

    source: str
    any_case: bool


@dataclass(frozen=True, slots=True)
class Known:
    """A key with what it is compared to. A ``url`` whose only value begins with a slash is a regular expression."""

    key: str
    comparison: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Within:
    """A field and what is to stand in it."""

    field: str
    part: Tree


@dataclass(frozen=True, slots=True)
class All:
    """AND."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """OR."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """NOT."""

    part: Tree


@dataclass(frozen=True, slots=True)
class Close:
    """NEAR and ONEAR, and the negated ones."""

    left: Tree
    right: Tree
    distance: int = 5
    ordered: bool = False
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Often:
    """ATLEAST."""

    least: int
    part: Tree


Tree: TypeAlias = Words | Named | Pattern | Known | Within | All | Any | Without | Close | Often


def parts_of(tree: Tree) -> tuple[Tree, ...]:
    """The subtrees right below."""
    match tree:
        case All(parts=parts) | Any(parts=parts):
            return parts
        case Within(part=part) | Without(part=part) | Often(part=part):
            return (part,)
        case Close(left=left, right=right):
            return left, right
        case _:
            return ()


def kinds(tree: Tree) -> Iterator[str]:
    """What occurs in ``tree``: its operators, signs, fields and keys, by the names that the language's reference uses."""
    match tree:
        case Words():
            yield "phrase" if " " in tree.text else "word"
            yield from (name for name, there in (("=exact", tree.exact), ("prefix*", tree.prefix), ("~slop", tree.slop)) if there)
        case Named():
            yield "@entity"
        case Pattern():
            yield "/regex/"
        case Known(key=key, values=values):
            yield f"{key}:"
            if key == "url" and values[0].startswith("/"):
                yield "url:/regex/"
        case Within(field=field):
            yield f"{field}:"
        case All():
            yield "AND"
        case Any():
            yield "OR"
        case Without():
            yield "NOT"
        case Close():
            yield f"{'NOT ' if tree.negated else ''}{'ONEAR' if tree.ordered else 'NEAR'}"
        case Often():
            yield "ATLEAST"
    for part in parts_of(tree):
        yield from kinds(part)


def written(tree: Tree, chance: random.Random | None = None) -> str:
    """``tree`` as a query; with ``chance`` in one of the many ways to write it."""
    return _Writer(chance).put(tree, 0)


# How tightly a node holds together: what is looser than its place allows stands in parentheses.
_OR, _AND, _NOT, _NEAR, _ATOM = range(5)


def _strength(tree: Tree) -> int:
    match tree:
        case Any():
            return _OR
        case All():
            return _AND
        case Without():
            return _NOT
        case Close():
            return _NEAR
        case _:
            return _ATOM


class _Writer:
    def __init__(self, chance: random.Random | None) -> None:
        self._chance = chance

    def _sometimes(self, share: float) -> bool:
        return self._chance is not None and self._chance.random() < share

    def _gap(self) -> str:
        return (
            self._chance.choice(("\n", "  ", "\t", "\u00a0", "\n# a remark (AND so on)\n"))
            if self._chance and self._sometimes(0.05)
            else " "
        )

    def put(self, tree: Tree, place: int) -> str:
        text = self._bare(tree)
        if _strength(tree) < place or (_strength(tree) < _ATOM and self._sometimes(0.1)):
            return f"({text})"
        return f"( {text} )" if self._sometimes(0.02) else text

    def _bare(self, tree: Tree) -> str:
        match tree:
            case Words():
                return self._words(tree)
            case Named(slug=slug):
                return f"@{slug}"
            case Pattern():
                return f"/{tree.source}/{'i' if tree.any_case else ''}"
            case Known():
                return self._known(tree)
            case Within():
                return f"{tree.field}:{self.put(tree.part, _ATOM)}"
            case Any(parts=parts):
                return f"{self._gap()}OR{self._gap()}".join(self.put(part, _AND) for part in parts)
            case All(parts=parts):
                text = self.put(parts[0], _NOT)
                for part in parts[1:]:
                    text += f"{self._gap()}{'' if self._sometimes(0.5) else f'AND{self._gap()}'}{self.put(part, _NOT)}"
                return text
            case Without(part=part):
                inner = self.put(part, _NOT)
                return f"-{inner}" if self._sometimes(0.5) and inner[0] not in "-N" else f"NOT{self._gap()}{inner}"
            case Often():
                return f"ATLEAST/{tree.least}({self.put(tree.part, _OR)})"
            case Close():
                name = f"{'NOT ' if tree.negated else ''}{'ONEAR' if tree.ordered else 'NEAR'}"
                far = "" if tree.distance == 5 and self._sometimes(0.5) else f"/{tree.distance}"
                return f"{self.put(tree.left, _NEAR)}{self._gap()}{name}{far}{self._gap()}{self.put(tree.right, _ATOM)}"

    def _words(self, tree: Words) -> str:
        sign, star, loose = "=" if tree.exact else "", "*" if tree.prefix else "", f"~{tree.slop}" if tree.slop else ""
        bare = _BARE.fullmatch(tree.text) and tree.text.split("/")[0] not in _WORDS_THAT_ACT and not loose
        if bare and not self._sometimes(0.1):
            return f"{sign}{tree.text}{star}"
        marks = self._chance.choice(_PAIRS) if self._chance else '""'
        return f"{sign}{marks[0]}{tree.text}{marks[1]}{star}{loose}"

    def _known(self, tree: Known) -> str:
        if tree.key == "url" and tree.values[0].startswith("/"):
            return f"url:{tree.values[0]}"
        values = [value if _PLAIN_VALUE.fullmatch(value) else f'"{value}"' for value in tree.values]
        listed = values[0] if len(values) == 1 and not self._sometimes(0.05) else f"({' OR '.join(values)})"
        return f"{tree.key}{tree.comparison}{listed}"
