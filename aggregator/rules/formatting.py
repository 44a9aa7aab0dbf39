"""The canonical form of a query: one way to write it, which means the same and keeps the comments."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, assert_never

from aggregator.errors import RuleSyntaxError
from aggregator.rules.keys import UrlMatches
from aggregator.rules.lexer import bare_value
from aggregator.rules.parser import parse
from aggregator.rules.syntax import And, AtLeast, EntityRef, Field, Key, Near, Node, Not, Or, Pattern, Place, Query, Term

WIDTH = 100
"""What is longer is written in several lines."""
_INDENT = "  "

Wraps: TypeAlias = Callable[[Node], bool]
"""Whether a node needs parentheses at some place."""


def canonical(query: str) -> str:
    """``query`` in canonical form; parsing it gives the same tree, and formatting it again changes nothing.

    Operators are written out (``AND``, ``NOT``, ``NEAR/5``), names of fields and keys are small, phrases stand in straight
    quotation marks with single spaces, parentheses where they are needed and around an AND within an OR. What is long or holds a
    comment has a line for each part. A comment on a line of its own stays above what follows, any other behind its part. Raises
    RuleSyntaxError as ``parse`` does, and for a query so near to a limit that its canonical form is past it.
    """
    # A comment from within a list of values goes behind it, and may make room there: only the second time that is known.
    return _written(_written(query))


def _written(query: str) -> str:
    parsed = parse(query)
    try:
        return _checked(_Printer(parsed, clear=True).query())
    except RuleSyntaxError:
        return _checked(_Printer(parsed, clear=False).query())


def _checked(written: str) -> str:
    parse(written)
    return written


class _Printer:
    """``clear``: parentheses around an AND within an OR, too, which take a level and two characters."""

    def __init__(self, query: Query, *, clear: bool) -> None:
        self._query, self._clear = query, clear
        self._comments = list(query.comments)
        self._lines: list[str] = []
        self._remarked = False

    def query(self) -> str:
        self._node(self._query.root, "", "", _among_or)
        self._remark(len(self._query.text), "")
        return "\n".join(self._lines)

    # -- in one line

    def _flat(self, node: Node, wraps: Wraps) -> str:
        text = self._bare(node)
        return f"({text})" if self._wrapped(node, wraps) else text

    def _wrapped(self, node: Node, wraps: Wraps) -> bool:
        return wraps(node) or (self._clear and wraps is _in_or and isinstance(node, And))

    def _bare(self, node: Node) -> str:
        match node:
            case Term():
                return _term(node)
            case EntityRef(slug=slug):
                return f"@{slug}"
            case Pattern(expression=wanted):
                return f"/{wanted.source}/{'i' if wanted.any_case else ''}"
            case Key():
                return _key(node)
            case Field(name=name, part=part):
                return f"{name}:{self._flat(part, _as_atom)}"
            case Not(part=part):
                return f"NOT {self._flat(part, _in_and)}"
            case AtLeast(count=count, part=part):
                return f"ATLEAST/{count}({self._bare(part)})"
            case Near(left=left, right=right):
                return f"{self._flat(left, _as_left)} {_near(node)} {self._flat(right, _as_atom)}"
            case And(parts=parts):
                return " AND ".join(self._flat(part, _in_and) for part in parts)
            case Or(parts=parts):
                return " OR ".join(self._flat(part, _in_or) for part in parts)
            case _:
                assert_never(node)

    # -- in several lines

    def _node(self, node: Node, indent: str, head: str, wraps: Wraps) -> None:
        """Print ``node`` behind ``head``, in lines of ``indent``."""
        flat = indent + head + self._flat(node, wraps)
        inside = any(node.at.start < comment.start < node.at.end for comment in self._comments)
        if isinstance(node, Term | EntityRef | Pattern | Key) or not (inside or len(flat) > WIDTH):
            self._line(flat, node.at.start, indent)
            return
        if isinstance(node, Not):
            self._node(node.part, indent, f"{head}NOT ", _in_and)
        elif isinstance(node, Field):
            self._node(node.part, indent, f"{head}{node.name}:", _as_atom)
        elif isinstance(node, AtLeast):
            self._group(node.part, indent, f"{head}ATLEAST/{node.count}")
        elif self._wrapped(node, wraps):
            self._group(node, indent, head)
        else:
            self._parts(node, indent, head)

    def _group(self, node: Node, indent: str, head: str) -> None:
        self._line(f"{indent}{head}(", node.at.start, indent)
        self._node(node, indent + _INDENT, "", _among_or)
        self._remark_behind(node.at, indent + _INDENT)
        self._lines.append(f"{indent})")
        self._remarked = False

    def _parts(self, node: And | Or | Near, indent: str, head: str) -> None:
        match node:
            case And(parts=parts):
                for number, part in enumerate(parts):
                    self._node(part, indent, "AND " if number else head, _in_and)
            case Or(parts=parts):
                for number, part in enumerate(parts):
                    self._node(part, indent, "OR " if number else head, _in_or)
            case Near(left=left, right=right):
                self._node(left, indent, head, _as_left)
                self._node(right, indent, f"{_near(node)} ", _as_atom)

    def _line(self, line: str, at: int, indent: str) -> None:
        """Print a line whose part begins at ``at`` in the query, behind the comments that stand before it."""
        self._remark(at, indent)
        self._lines.append(line)
        self._remarked = False

    # -- comments

    def _remark(self, before: int, indent: str) -> None:
        """Print the comments that begin before ``before``."""
        while self._comments and self._comments[0].start < before:
            place = self._comments.pop(0)
            text = self._query.text
            comment = f"# {text[place.start + 1 : place.end].strip()}".rstrip()
            alone = not text[text.rfind("\n", 0, place.start) + 1 : place.start].strip()
            if alone or self._remarked or not self._lines:
                self._lines.append(indent + comment)
            else:
                self._lines[-1] += f" {comment}"
            self._remarked = True

    def _remark_behind(self, at: Place, indent: str) -> None:
        """Print the comments that stand right behind ``at``."""
        end = at.end
        while self._comments and not self._query.text[end : self._comments[0].start].strip():
            end = self._comments[0].end
            self._remark(end, indent)


def _among_or(node: Node) -> bool:
    return False


def _in_or(node: Node) -> bool:
    return isinstance(node, Or)


def _in_and(node: Node) -> bool:
    return isinstance(node, Or | And)


def _as_left(node: Node) -> bool:
    return isinstance(node, Or | And | Not)


def _as_atom(node: Node) -> bool:
    return isinstance(node, Or | And | Not | Near)


def _term(node: Term) -> str:
    text = f'"{node.text}"' if node.quoted else node.text
    return f"{'=' if node.exact else ''}{text}{'*' if node.prefix else ''}{f'~{node.slop}' if node.slop else ''}"


def _near(node: Near) -> str:
    return f"{'NOT ' if node.negated else ''}{'ONEAR' if node.ordered else 'NEAR'}/{node.distance}"


def _key(node: Key) -> str:
    if isinstance(node.test, UrlMatches):
        return f"url:{node.values[0]}"
    values = [value if bare_value(node.name, value) else f'"{value}"' for value in node.values]
    listed = values[0] if len(values) == 1 else f"({' OR '.join(values)})"
    return f"{node.name}{node.comparison}{listed}"
