"""The syntax tree of a query: frozen nodes, each with its place in the query text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from aggregator.rules.ages import Age
from aggregator.rules.expressions import Expression
from aggregator.rules.keys import KeyTest


@dataclass(frozen=True, slots=True)
class Place:
    """``query[start:end]``."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase as written, with single spaces, without its quotes, ``=``, ``*`` and ``~slop``; 0: no slop."""

    text: str
    exact: bool
    prefix: bool
    quoted: bool
    slop: int
    at: Place


@dataclass(frozen=True, slots=True)
class Pattern:
    """``/expression/``, over the original text."""

    expression: Expression
    at: Place


@dataclass(frozen=True, slots=True)
class EntityRef:
    """``@slug``."""

    slug: str
    at: Place


@dataclass(frozen=True, slots=True)
class Key:
    """A test of what is known about the article, as written and as meant: ``lang:fa``, ``date>=2024-01-01``, ``age<7d``."""

    name: str
    comparison: str
    values: tuple[str, ...]
    test: KeyTest | Age
    at: Place


@dataclass(frozen=True, slots=True)
class Field:
    """``name:part``; ``name`` is one of the lexer's FIELDS."""

    name: str
    part: Node
    at: Place


@dataclass(frozen=True, slots=True)
class And:
    """All parts."""

    parts: tuple[Node, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part."""

    parts: tuple[Node, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not match."""

    part: Node
    at: Place


@dataclass(frozen=True, slots=True)
class Near:
    """``left NEAR/distance right``. ``ordered``: right comes after left. ``negated``: some left has no such right."""

    left: Node
    right: Node
    distance: int
    ordered: bool
    negated: bool
    at: Place


@dataclass(frozen=True, slots=True)
class AtLeast:
    """``ATLEAST/count(part)``: the part hits at so many places."""

    count: int
    part: Node
    at: Place


Node: TypeAlias = Term | Pattern | EntityRef | Key | Field | And | Or | Not | Near | AtLeast


@dataclass(frozen=True, slots=True)
class Warning_:  # noqa: N801 - Warning is a builtin
    """Something allowed but probably not meant. ``line`` and ``column`` count from 1 within the query."""

    message: str
    column: int
    hint: str = ""
    line: int = 1


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query: its text, its tree, what a careful colleague would remark, and the places of its comments."""

    text: str
    root: Node
    warnings: tuple[Warning_, ...] = ()
    comments: tuple[Place, ...] = ()
