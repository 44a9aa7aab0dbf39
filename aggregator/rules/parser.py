"""Query text to syntax tree: a recursive-descent parser, one method for each line of the grammar.

::

    query = or ;
    or    = and { "OR" and } ;
    and   = unary { [ "AND" ] unary } ;
    unary = ( "NOT" | "-" ) unary | prox ;
    prox  = atom { [ "NOT" ] ( "NEAR" | "ONEAR" ) [ "/" INT ] atom } ;
    atom  = "(" or ")" | "ATLEAST/" INT "(" or ")" | FIELD ":" atom | KEY CMP value | "@" ALIAS | REGEX | phrase | word ;
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aggregator.errors import RuleSyntaxError
from aggregator.rules.anchoring import anchored, unkept_pattern, unpositional
from aggregator.rules.expressions import Expression, expression
from aggregator.rules.keys import UrlMatches, build
from aggregator.rules.lexer import MOST_BYTES, Kind, Lexeme, Lexer, syntax_error
from aggregator.rules.syntax import (
    And,
    AtLeast,
    EntityRef,
    Field,
    Key,
    Near,
    Node,
    Not,
    Or,
    Pattern,
    Place,
    Query,
    Term,
    Warning_,
)
from aggregator.text import terms, unspaced

MOST_DEPTH = 30
SHORTEST_PREFIX = 3
MOST_PATTERNS = 20
_ENDS_AND = (Kind.END, Kind.CLOSE, Kind.OR)
_SPECIAL = re.compile(r"[^\w/]")
_SMALL_OPERATOR = re.compile(r"(and|or|not|near|onear|atleast)(?:/\d+)?", re.IGNORECASE)


def parse(query: str) -> Query:
    """Parse ``query``; newlines are spaces, and a ``#`` that begins a token and is followed by a space starts a comment.

    Raises RuleSyntaxError with the line, the column and, where possible, a hint. Entities are not looked up here.
    """
    if len(query.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise syntax_error(query, 0, 1, f"the query is longer than {MOST_BYTES // 1024} kB", "split it into several rules")
    return _Parser(query).query()


class _Parser:
    def __init__(self, query: str) -> None:
        self._text = query
        self._lexer = Lexer(query)
        self._lexemes: Iterator[Lexeme] = self._lexer.lexemes()
        self._now = Lexeme(Kind.END, 0, 0)
        self._ahead: list[Lexeme] = []
        self._depth = 0
        self._patterns = 0
        self._scope: tuple[str, Place] | None = None
        self._warnings: list[Warning_] = []
        self._advance()

    def query(self) -> Query:
        if self._now.kind is Kind.END:
            raise self._lexer.error(0, 1, "the query is empty", "write at least one word")
        root = self._or()
        if self._now.kind is Kind.CLOSE:
            raise self._error(self._now, "this parenthesis closes nothing", "remove it, or open one before")
        if bad := unkept_pattern(root):
            message = "a regular expression needs title: or url: before it, or a word beside it that must occur"
            raise self._lexer.error(bad.at.start, bad.at.end, message, "write for example word AND /expression/")
        if not anchored(root):
            self._warn(0, "evaluated on every article: every branch is negative or a key", "add a word that must occur")
        warnings = tuple(sorted(self._warnings, key=lambda warning: (warning.line, warning.column)))
        return Query(self._text, root, warnings, tuple(Place(*comment) for comment in self._lexer.comments))

    # -- the lexemes

    def _advance(self) -> Lexeme:
        done = self._now
        self._now = self._ahead.pop() if self._ahead else next(self._lexemes, done)
        return done

    def _peek_past_not(self) -> Kind:
        """The kind of the lexeme after the NOT that stands now."""
        negation = self._advance()
        kind = self._now.kind
        self._ahead.append(self._now)
        self._now = negation
        return kind

    def _error(self, lexeme: Lexeme, message: str, hint: str = "") -> RuleSyntaxError:
        return self._lexer.error(lexeme.start, max(lexeme.end, lexeme.start + 1), message, hint)

    def _warn(self, at: int, message: str, hint: str) -> None:
        line_start = self._text.rfind("\n", 0, at) + 1
        self._warnings.append(Warning_(message, at - line_start + 1, hint, self._text.count("\n", 0, at) + 1))

    def _deeper(self, lexeme: Lexeme) -> None:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise self._error(lexeme, f"the query is nested deeper than {MOST_DEPTH} levels", "split it into several rules")

    # -- the grammar

    def _or(self) -> Node:
        start = self._now.start
        first, mixed = self._and()
        parts = [first]
        operator: Lexeme | None = None
        while self._now.kind is Kind.OR:
            operator = operator or self._now
            self._advance()
            part, several = self._and()
            mixed |= several
            parts.append(part)
        if operator is None:
            return first
        if mixed:
            self._warn(operator.start, "AND and OR are mixed without parentheses; AND binds tighter", "write (a AND b) OR c")
        return Or(tuple(parts), Place(start, parts[-1].at.end))

    def _and(self) -> tuple[Node, bool]:
        """The node, and whether it has several parts side by side."""
        parts = [self._unary()]
        while self._now.kind not in _ENDS_AND:
            if self._now.kind is Kind.AND:
                self._advance()
            parts.append(self._unary())
        if len(parts) == 1:
            return parts[0], False
        return And(tuple(parts), Place(parts[0].at.start, parts[-1].at.end)), True

    def _unary(self) -> Node:
        if self._now.kind not in (Kind.NOT, Kind.MINUS):
            return self._prox()
        sign = self._advance()
        self._deeper(sign)
        if self._now.kind in (*_ENDS_AND, Kind.AND):
            raise self._error(sign, "NOT needs something after it", "write NOT word")
        part = self._unary()
        self._depth -= 1
        return Not(part, Place(sign.start, part.at.end))

    def _prox(self) -> Node:
        left = self._atom()
        depth = self._depth
        while True:
            negated = self._now.kind is Kind.NOT and self._peek_past_not() in (Kind.NEAR, Kind.ONEAR)
            if not negated and self._now.kind not in (Kind.NEAR, Kind.ONEAR):
                self._depth = depth
                return left
            if negated:
                self._advance()
            operator = self._advance()
            self._deeper(operator)
            self._check_positional(left, operator)
            if self._now.kind in (Kind.MINUS, Kind.NOT):
                raise self._error(
                    self._now, f"{operator.kind.name} needs a word after it", f"write a NOT {operator.kind.name}/5 b"
                )
            right = self._atom()
            self._check_positional(right, operator)
            ordered = operator.kind is Kind.ONEAR
            left = Near(left, right, operator.number, ordered, negated, Place(left.at.start, right.at.end))

    def _check_positional(self, node: Node, operator: Lexeme) -> None:
        if bad := unpositional(node):
            name = operator.kind.name
            what = {And: "AND", Not: "NOT", Pattern: "a regular expression"}.get(type(bad), "a key")
            hint = (
                f"write (a {name}/5 c) AND (b {name}/5 c)" if name != "ATLEAST" and isinstance(bad, And) else "use words and OR"
            )
            raise self._lexer.error(
                bad.at.start, bad.at.end, f"{what} cannot stand inside {name}: it has no place among the words", hint
            )

    def _atom(self) -> Node:
        lexeme = self._now
        match lexeme.kind:
            case Kind.TERM:
                self._advance()
                return self._term(lexeme)
            case Kind.PATTERN:
                self._advance()
                return Pattern(self._expression(lexeme), Place(lexeme.start, lexeme.end))
            case Kind.OPEN:
                return self._group()
            case Kind.ENTITY:
                self._advance()
                return EntityRef(lexeme.text, Place(lexeme.start, lexeme.end))
            case Kind.FIELD:
                return self._field()
            case Kind.KEY:
                return self._key()
            case Kind.ATLEAST:
                return self._at_least()
            case _:
                raise self._misplaced(lexeme)

    def _misplaced(self, lexeme: Lexeme) -> RuleSyntaxError:
        if lexeme.kind is Kind.END:
            end = len(self._text.rstrip())
            return self._lexer.error(
                max(0, end - 1), end, "the query ends where a word is expected", "add a word, or remove the operator"
            )
        if lexeme.kind is Kind.CLOSE:
            return self._error(lexeme, "a word is expected before this parenthesis")
        name = lexeme.kind.name
        return self._error(lexeme, f"{name} needs a word before it", f'to search for the word itself, write "{name.lower()}"')

    def _group(self) -> Node:
        opening = self._advance()
        self._deeper(opening)
        if self._now.kind is Kind.CLOSE:
            raise self._error(opening, "there is nothing between these parentheses", "remove them, or put a word in")
        node = self._or()
        closing = self._advance()
        if closing.kind is not Kind.CLOSE:
            raise self._error(opening, "this parenthesis is never closed", "add )")
        self._depth -= 1
        return node

    def _field(self) -> Node:
        lexeme = self._advance()
        place = Place(lexeme.start, lexeme.end)
        if self._scope and self._scope[0] != lexeme.text:
            outer = self._scope[0]
            raise self._error(
                lexeme, f"{lexeme.text}: stands inside {outer}:", f"write them side by side: {outer}:a {lexeme.text}:b"
            )
        if self._now.kind in (Kind.NOT, Kind.MINUS):
            raise self._error(self._now, f"{lexeme.text}: needs a word after it", f"write -{lexeme.text}:word")
        self._deeper(lexeme)
        before, self._scope = self._scope, (lexeme.text, place)
        part = self._atom()
        self._scope = before
        self._depth -= 1
        return Field(lexeme.text, part, Place(lexeme.start, part.at.end))

    def _key(self) -> Node:
        # The value is read raw, before the lexer goes on: the lexeme after the key has not been asked for yet.
        lexeme = self._now
        self._lexer.skip()
        if lexeme.text == "url" and lexeme.comparison == ":" and self._text.startswith("/", self._lexer.at):
            return self._url_pattern(lexeme)
        values, end = self._values(lexeme)
        written = tuple(value for value, _, _ in values)
        try:
            test = build(lexeme.text, lexeme.comparison, written)
        except ValueError as error:
            message, _, hint = str(error).partition("; ")
            raise self._lexer.error(values[0][1], values[-1][2], message, hint) from None
        self._advance()
        return Key(lexeme.text, lexeme.comparison, written, test, Place(lexeme.start, end))

    def _url_pattern(self, key: Lexeme) -> Node:
        pattern = self._lexer.pattern(self._lexer.at)
        self._lexer.at = pattern.end
        test = UrlMatches(self._expression(pattern))
        if not _SPECIAL.search(pattern.text):
            hint = f'for a part of the URL write url:"{self._text[pattern.start : pattern.end]}"'
            self._warn(pattern.start, f"this is the regular expression {pattern.text}", hint)
        self._advance()
        return Key("url", ":", (self._text[pattern.start : pattern.end],), test, Place(key.start, pattern.end))

    def _expression(self, lexeme: Lexeme) -> Expression:
        self._patterns += 1
        if self._patterns > MOST_PATTERNS:
            raise self._error(lexeme, f"the query has more than {MOST_PATTERNS} regular expressions", "split the rule")
        try:
            return expression(lexeme.text, any_case=lexeme.any_case)
        except ValueError as error:
            message, _, hint = str(error).partition("; ")
            raise self._error(lexeme, message, hint) from None

    def _values(self, key: Lexeme) -> tuple[list[tuple[str, int, int]], int]:
        lexer = self._lexer
        lexer.skip()
        opening = lexer.at
        if not self._text.startswith("(", opening):
            value = lexer.value()
            if not value[0]:
                raise self._error(key, f"{key.text} needs a value", f"write for example {key.text}{key.comparison}value")
            return [value], value[2]
        lexer.at += 1
        values = [lexer.value()]
        while True:
            if self._text.startswith("/", values[-1][1]) and key.text == "url":
                hint = f'write url:/one/ OR url:/other/; for parts of the URL, url:("{values[-1][0]}" OR "other")'
                raise lexer.error(values[-1][1], values[-1][2], "a regular expression cannot stand in a list", hint)
            if not values[-1][0] or values[-1][0] in ("OR", "AND", "NOT"):
                raise lexer.error(opening, opening + 1, f"a list of values is written {key.text}:(one OR other)")
            separator, start, end = lexer.value()
            if separator == "OR":
                values.append(lexer.value())
            elif separator:
                raise lexer.error(start, end, "only OR can stand between values", f"write {key.text}:(one OR other)")
            elif self._text.startswith(")", lexer.at):
                lexer.at += 1
                return values, lexer.at
            else:
                raise lexer.error(opening, opening + 1, "this parenthesis is never closed", "add )")

    def _at_least(self) -> Node:
        lexeme = self._advance()
        if self._now.kind is not Kind.OPEN:
            raise self._error(lexeme, "ATLEAST needs parentheses", "write ATLEAST/3(one OR other)")
        part = self._group()
        self._check_positional(part, lexeme)
        return AtLeast(lexeme.number, part, Place(lexeme.start, part.at.end))

    def _term(self, lexeme: Lexeme) -> Node:
        words = terms(lexeme.text)
        if not words:
            what = "this phrase" if lexeme.quoted else f"{self._text[lexeme.start : lexeme.end]!r}"
            raise self._error(lexeme, f"{what} has no letter or digit to search for")
        if lexeme.prefix and len(words[-1]) < SHORTEST_PREFIX and not unspaced(words[-1]):
            raise self._error(
                lexeme, "a * needs at least three letters before it", "write more of the word, or list the words with OR"
            )
        if lexeme.slop and len(words) == 1:
            raise self._error(lexeme, "a ~ needs a phrase of two words or more", "leave out the ~")
        if not lexeme.quoted and not lexeme.exact:
            self._remark(lexeme)
        return Term(lexeme.text, lexeme.exact, lexeme.prefix, lexeme.quoted, lexeme.slop, Place(lexeme.start, lexeme.end))

    def _remark(self, lexeme: Lexeme) -> None:
        if small := _SMALL_OPERATOR.fullmatch(lexeme.text):
            word = small[1]
            hint = f'operators are capitals: {word.upper()}; for the word itself write "{word}"'
            self._warn(lexeme.start, f"{lexeme.text} is taken as a word", hint)
        if lexeme.text.startswith("#"):
            hint = "a comment needs a space after the #; for the word, leave out the #"
            self._warn(lexeme.start, f"{lexeme.text} is taken as the word {lexeme.text.lstrip('#')}", hint)
