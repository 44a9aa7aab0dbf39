"""Query text to lexemes. Every lexeme knows its place; nothing is thrown away silently."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from aggregator.errors import RuleSyntaxError
from aggregator.rules.keys import KEYS

FIELDS = ("title", "body", "lead", "text", "author", "quoted", "unquoted", "cites")
QUOTES = '"“”„«»'
MOST_BYTES = 8192
MOST_NEAR = 100
DEFAULT_NEAR = 5

# White space, and invisible marks that editors leave between words (zero-width space, direction marks, byte order mark).
_SPACE = "\\s\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"
_HEBREW_QUOTE = '(?<=[\u05d0-\u05ea])"(?=[\u05d0-\u05ea])'  # gershayim typed as a quotation mark: part of the word
_SKIP = re.compile(rf"(?:[{_SPACE}]+|#(?=[\s#]|\Z)[^\n]*)+")
_COMMENT = re.compile(r"#[^\n]*")
_RUN = re.compile(rf"(?:{_HEBREW_QUOTE}|[^{_SPACE}(){QUOTES}])+")
_CLOSE = re.compile(rf"(?!{_HEBREW_QUOTE})[{QUOTES}]")
_NAME = re.compile(r"([A-Za-z]+):")
_COMPARE = re.compile(rf"({'|'.join(KEYS)})[{_SPACE}]*(>=|<=|>|<)", re.IGNORECASE)
_ENTITY = re.compile(r"@[\w.-]*\w")
_OPERATOR = re.compile(r"(AND|OR|NOT)|(NEAR|ONEAR|ATLEAST)(?:/(.*))?")
_SLOP = re.compile(rf"~((?:{_HEBREW_QUOTE}|[^{_SPACE}(){QUOTES}])*)")
_SLASHED = re.compile(rf"/((?:\\.|[^\\/\n])*+)/(i?)([^{_SPACE}()]*)")
_LOOKALIKES = {"–": "-", "—": "-", "−": "-", "!": "NOT", "&": "AND", "|": "OR"}


class Kind(Enum):
    """What a lexeme is."""

    OPEN = auto()
    CLOSE = auto()
    AND = auto()
    OR = auto()
    NOT = auto()
    MINUS = auto()
    NEAR = auto()
    ONEAR = auto()
    ATLEAST = auto()
    FIELD = auto()
    KEY = auto()
    ENTITY = auto()
    TERM = auto()
    PATTERN = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Lexeme:
    """One lexeme. ``text`` is a name, a slug, or a term without its signs; ``number`` belongs to NEAR and ATLEAST,
    ``any_case`` to a regular expression.
    """

    kind: Kind
    start: int
    end: int
    text: str = ""
    number: int = 0
    comparison: str = ""
    exact: bool = False
    prefix: bool = False
    quoted: bool = False
    slop: int = 0
    any_case: bool = False


def syntax_error(query: str, start: int, end: int, message: str, hint: str = "") -> RuleSyntaxError:
    """An error about ``query[start:end]``, in lines and columns."""
    line_start = query.rfind("\n", 0, start) + 1
    return RuleSyntaxError(
        message,
        query=query,
        query_line=query.count("\n", 0, start) + 1,
        column=start - line_start + 1,
        length=end - start,
        hint=hint,
    )


def bare_value(key: str, value: str) -> bool:
    """Whether ``key:value`` can be written without quotation marks."""
    return bool(_RUN.fullmatch(value)) and not _SKIP.match(value) and not (key == "url" and value.startswith("/"))


class Lexer:
    """Reads one query from left to right; the parser asks for a lexeme, or for a key's raw value."""

    def __init__(self, query: str) -> None:
        self.query = query
        self.at = 0
        self.comments: list[tuple[int, int]] = []

    def error(self, start: int, end: int, message: str, hint: str = "") -> RuleSyntaxError:
        """An error about ``query[start:end]``."""
        return syntax_error(self.query, start, end, message, hint)

    def skip(self) -> None:
        """Go past white space and comments."""
        if found := _SKIP.match(self.query, self.at):
            self.comments.extend(comment.span() for comment in _COMMENT.finditer(self.query, *found.span()))
            self.at = found.end()

    def lexemes(self) -> Iterator[Lexeme]:
        """All lexemes up to END. After a KEY the caller must have taken the value before it goes on."""
        while True:
            self.skip()
            lexeme = self._next()
            self.at = lexeme.end
            yield lexeme
            if lexeme.kind is Kind.END:
                return

    def _next(self) -> Lexeme:
        query, start = self.query, self.at
        if start >= len(query):
            return Lexeme(Kind.END, start, start)
        first = query[start]
        if first in "()":
            return Lexeme(Kind.OPEN if first == "(" else Kind.CLOSE, start, start + 1)
        if first == "-":
            return self._minus(start)
        if first in _LOOKALIKES:
            raise self.error(start, start + 1, f"{first} is not an operator here", f"did you mean {_LOOKALIKES[first]}?")
        if first == "@":
            return self._entity(start)
        if first == "/":
            return self.pattern(start)
        if found := _COMPARE.match(query, start):
            return self._key(found[1].lower(), start, found.end(), found[2])
        if found := _NAME.match(query, start):
            return self._named(found[1], start, found.end())
        return self._term(start)

    def pattern(self, start: int) -> Lexeme:
        """The regular expression whose first slash stands at ``start``."""
        closing = _SLASHED.match(self.query, start)
        if not closing:
            hint = "add / after it; to search for the words, put them in quotes"
            raise self.error(start, start + 1, "this regular expression is never closed", hint)
        source, any_case, rest = closing.groups()
        if rest:
            hint = r"write \/ for a slash within the expression; to search for the text itself, put it in quotes"
            raise self.error(
                closing.start(3), closing.end(3), "a regular expression ends with its second slash, or with /i", hint
            )
        return Lexeme(Kind.PATTERN, start, closing.end(), source, any_case=any_case == "i")

    def _minus(self, start: int) -> Lexeme:
        following = self.query[start + 1 : start + 2]
        if not following or following.isspace() or following == "-":
            raise self.error(
                start, start + 1, "a dash of its own means nothing", "write -word to exclude a word, or leave it out"
            )
        return Lexeme(Kind.MINUS, start, start + 1)

    def _entity(self, start: int) -> Lexeme:
        found = _ENTITY.match(self.query, start)
        if not found:
            raise self.error(start, start + 1, "the @ needs the name of an entity", "write for example @acme")
        return Lexeme(Kind.ENTITY, start, found.end(), found[0][1:])

    def _key(self, name: str, start: int, end: int, comparison: str) -> Lexeme:
        return Lexeme(Kind.KEY, start, end, name, comparison=comparison)

    def _named(self, written: str, start: int, end: int) -> Lexeme:
        name = written.lower()
        if name in KEYS:
            return self._key(name, start, end, ":")
        if name in FIELDS:
            return Lexeme(Kind.FIELD, start, end, name)
        close = difflib.get_close_matches(name, (*FIELDS, *KEYS), n=1)
        hint = f"did you mean {close[0]}:?" if close else 'to search for a text with a colon, put it in quotes, as in "10: one"'
        raise self.error(start, end, f"there is no field or key {written}:", hint)

    def _term(self, start: int) -> Lexeme:
        query = self.query
        exact = query[start] == "="
        at = start + exact
        if query[at : at + 1] and query[at] in QUOTES:
            return self._phrase(start, at, exact)
        found = _RUN.match(query, at)
        if not found:
            raise self.error(start, start + 1, "the = needs a word or a phrase right after it", 'write =MEK or ="Exact Words"')
        run = found[0]
        if not exact and (operator := _OPERATOR.fullmatch(run)):
            return self._operator(operator, start, found.end())
        text = run.removesuffix("*")
        self._check_run(text, at)
        return Lexeme(Kind.TERM, start, found.end(), text, exact=exact, prefix=text != run)

    def _check_run(self, run: str, at: int) -> None:
        """Signs inside a word that mean something elsewhere, and would silently be lost here."""
        for sign, message, hint in (
            ("*", "a * can only stand at the end of a word", "write the beginning of the word and a *, as in parliam*"),
            ("|", "| is not an operator", "write OR between the words"),
            ("~", "a ~ belongs behind a phrase", 'write "two words"~3, and other spellings as (one OR other)'),
        ):
            if sign in run:
                place = at + run.index(sign)
                raise self.error(place, place + 1, message, hint)
        if found := re.search(r"\w\?\w", run):
            place = at + found.start() + 1
            raise self.error(place, place + 1, "? does not stand for a letter", "write the spellings as (one OR other)")

    def _quotation(self, opening: int) -> tuple[str, int]:
        """The text between the quotation mark at ``opening`` and the next one, and where it ends."""
        closing = _CLOSE.search(self.query, opening + 1)
        if not closing:
            hint = f"add {self.query[opening]} after the phrase"
            raise self.error(opening, opening + 1, "this quotation mark is never closed", hint)
        return self.query[opening + 1 : closing.start()], closing.end()

    def _phrase(self, start: int, opening: int, exact: bool) -> Lexeme:
        text, end = self._quotation(opening)
        prefix = self.query[end : end + 1] == "*"
        end += prefix
        loose = _SLOP.match(self.query, end)
        slop = self._slop(loose) if loose else 0
        end = loose.end() if loose else end
        prefix |= text.endswith("*")  # People write the star inside the quotation marks, too.
        text = " ".join(text.removesuffix("*").split())
        if "*" in text:
            place = self.query.index("*", opening)
            raise self.error(place, place + 1, "a * can only stand at the end of a phrase", "join shorter phrases with ONEAR/1")
        return Lexeme(Kind.TERM, start, end, text, exact=exact, prefix=prefix, quoted=True, slop=slop)

    def _slop(self, found: re.Match[str]) -> int:
        number = found[1]
        if not number.isdecimal() or len(number) > 6 or not 1 <= int(number) <= MOST_NEAR:
            message = f"the ~ behind a phrase needs a number from 1 to {MOST_NEAR}"
            raise self.error(found.start(), found.end(), message, 'write for example "two words"~3')
        return int(number)

    def _operator(self, found: re.Match[str], start: int, end: int) -> Lexeme:
        plain, counted, number = found.groups()
        if plain:
            return Lexeme(Kind[plain], start, end)
        least, most = (1, MOST_NEAR) if counted != "ATLEAST" else (1, 1000)
        if number is None and counted != "ATLEAST":
            return Lexeme(Kind[counted], start, end, number=DEFAULT_NEAR)
        if not number or not number.isdecimal() or len(number) > 6 or not least <= int(number) <= most:
            raise self.error(start, end, f"{counted}/ needs a number from {least} to {most}", f"write for example {counted}/5")
        return Lexeme(Kind[counted], start, end, number=int(number))

    def value(self) -> tuple[str, int, int]:
        """The raw value after a key: quoted, or up to the next space or parenthesis; and its place."""
        self.skip()
        query, start = self.query, self.at
        if query[start : start + 1] and query[start] in QUOTES:
            text, self.at = self._quotation(start)
            return text.strip(), start, self.at
        found = _RUN.match(query, start)
        if not found:
            return "", start, start
        self.at = found.end()
        return found[0], start, found.end()
