"""The language's definition, at any price: what every part of a query finds in the whole archive, by plain reading.

Written from the reference of the language. It shares the analyzer with the product (what a token, a quotation, a Persian spelling
is), and nothing else: not the parser, since it reads trees of our own, nor the matcher, the keys or the expressions.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise, product
from typing import Protocol, Self, TypeVar
from urllib.parse import urlsplit

from aggregator.model.article import Article
from aggregator.text import Token, quotations, spellings, tokenize, unspaced
from tests.parity.trees import All, Any, Close, Known, Named, Often, Pattern, Tree, Within, Without, Words

Place = tuple[str, int, int]
"""Field, first and last token."""
Places = dict[int, set[Place]]
"""By the article's number; no article without a place."""


class _Ordered(Protocol):
    def __lt__(self, other: Self, /) -> bool: ...


T = TypeVar("T", bound=_Ordered)

ZWNJ = "\u200c"
LEAD = 100


class Reference:
    """Answers for all ``articles`` at once; an article's number is its place in them."""

    def __init__(self, articles: Sequence[Article], entities: Mapping[str, Sequence[str]], now: datetime) -> None:
        self.articles, self.entities, self.now = articles, entities, now
        self._everything = frozenset(range(len(articles)))
        self._fields: list[dict[str, str]] = []
        self._tokens: list[dict[str, list[Token]]] = []
        self._terms: list[dict[str, list[str]]] = []
        self._holding: dict[str, set[int]] = {}
        for number, article in enumerate(articles):
            fields = {"title": article.title, "body": article.text}
            fields |= {f"author {place}": name for place, name in enumerate(article.authors)}
            self._fields.append(fields)
            self._tokens.append({name: tokenize(text) for name, text in fields.items()})
            self._terms.append({name: [token.term for token in tokens] for name, tokens in self._tokens[-1].items()})
            for terms in self._terms[-1].values():
                for term in terms:
                    self._holding.setdefault(term, set()).add(number)
        letters = {letter for fields in self._fields for text in fields.values() for letter in text}
        letters.update(*(article.url for article in articles))
        self._letters = sorted(letters)
        self._beginning: dict[str, set[int]] = {}
        self._found: dict[tuple[Words, str], Places] = {}
        self._marked = cache(self._quotations)
        self._expression = cache(self._as_pythons)
        self._class = cache(self._letters_of)

    # -- whether

    def finds(self, tree: Tree) -> frozenset[int]:
        """The numbers of the articles that ``tree`` finds."""
        return self._holds(tree, "text", self._everything)

    def _holds(self, tree: Tree, scope: str, among: frozenset[int]) -> frozenset[int]:
        """Those ``among`` the articles that ``tree`` finds."""
        match tree:
            case All(parts=parts):
                for part in parts:
                    among = self._holds(part, scope, among)
                return among
            case Any(parts=parts):
                return frozenset().union(*(self._holds(part, scope, among) for part in parts))
            case Without(part=part):
                return among - self._holds(part, scope, among)
            case Within(field=field, part=part):
                return self._holds(part, field, among)
            case Known():
                return frozenset(number for number in among if self._is_known(tree, self.articles[number]))
            case Pattern():
                wanted = self._expression(tree)
                return frozenset(number for number in among if any(map(wanted.search, self._pieces(number, scope))))
            case _:
                return among.intersection(self.places(tree, scope))

    # -- where

    def places(self, tree: Tree, scope: str) -> Places:
        """Where something stands that has a place among the words."""
        match tree:
            case Words():
                if (tree, scope) not in self._found:
                    self._found[tree, scope] = self._loose(tree, scope) if tree.slop else self._words(tree, scope)
                return self._found[tree, scope]
            case Named(slug=slug):
                return _together([self._alias(alias, scope) for alias in self.entities[slug]])
            case Any(parts=parts):
                return _together([self.places(part, scope) for part in parts])
            case Within(field=field, part=part):
                return self.places(part, field)
            case Often(least=least, part=part):
                return {number: found for number, found in self.places(part, scope).items() if len(found) >= least}
            case Close():
                return self._close(tree, scope)
            case _:
                raise AssertionError(tree)

    def _alias(self, alias: str, scope: str) -> Places:
        if alias.startswith("@"):
            return self.places(Named(alias[1:]), scope)
        exact, prefix = alias.startswith("="), alias.endswith("*")
        return self.places(Words(alias.strip("=*").strip(), exact=exact, prefix=prefix), scope)

    def _close(self, tree: Close, scope: str) -> Places:
        lefts, rights = self.places(tree.left, scope), self.places(tree.right, scope)

        def beside(a: Place, b: Place) -> bool:
            if a[0] != b[0]:
                return False
            after, before = b[1] - a[2] - 1, a[1] - b[2] - 1
            return 0 <= after <= tree.distance or (not tree.ordered and 0 <= before <= tree.distance)

        def overlaps(a: Place, b: Place) -> bool:
            return a[0] == b[0] and a != b and b[1] <= a[2] and a[1] <= b[2]

        found: Places = {}
        for number, here in lefts.items():
            there = rights.get(number, set())
            if tree.negated:
                found[number] = {a for a in here if not any(beside(a, b) or overlaps(a, b) for b in there)}
            else:
                found[number] = {(a[0], min(a[1], b[1]), max(a[2], b[2])) for a in here for b in there if beside(a, b)}
        return _some(found)

    def _words(self, wanted: Words, scope: str) -> Places:
        """A word or phrase in every spelling; an exact one in one."""
        tokens = tokenize(wanted.text)
        terms = tuple(token.term for token in tokens)
        prefix = wanted.prefix and not unspaced(terms[-1])
        if wanted.exact:
            literal = _plain(wanted.text[tokens[0].start : tokens[-1].end])
            return self._sequence(terms, prefix, scope, literal)
        gaps = [wanted.text[left.end : right.start] for left, right in pairwise(tokens)]
        ways = spellings(terms, [bool(gap) and not gap.strip(ZWNJ) for gap in gaps], prefix=prefix)
        return _together([self._sequence(way, prefix, scope, "") for way in ways])

    def _sequence(self, terms: tuple[str, ...], prefix: bool, scope: str, literal: str) -> Places:
        """Where ``terms`` stand side by side; with ``prefix`` the last is the beginning of one; and say ``literal``."""
        whole = terms[:-1] if prefix else terms
        may = [self._holding.get(term, set()) for term in whole]
        if prefix:
            may.append(self._with_beginning(terms[-1]))
        found: Places = {}
        for number in set.intersection(*may):
            for name, there in self._terms[number].items():
                if not _belongs(name, scope) or (whole and whole[0] not in there):
                    continue
                for first in range(len(there) - len(terms) + 1):
                    if whole and there[first] != whole[0]:
                        continue
                    last = first + len(terms) - 1
                    end = there[last].startswith(terms[-1]) if prefix else there[last] == terms[-1]
                    if not end or tuple(there[first:last]) != terms[:-1]:
                        continue
                    place = (name, first, last)
                    if self._fits(number, place, scope) and (not literal or self._says(number, place, prefix, literal)):
                        found.setdefault(number, set()).add(place)
        return found

    def _with_beginning(self, beginning: str) -> set[int]:
        if beginning not in self._beginning:
            having = (numbers for term, numbers in self._holding.items() if term.startswith(beginning))
            self._beginning[beginning] = set().union(*having)
        return self._beginning[beginning]

    def _says(self, number: int, place: Place, prefix: bool, literal: str) -> bool:
        name, first, last = place
        tokens = self._tokens[number][name]
        said = _plain(self._fields[number][name][tokens[first].start : tokens[last].end])
        return said.startswith(literal) if prefix else said == literal

    def _loose(self, wanted: Words, scope: str) -> Places:
        """``"phrase"~n``: in each spelling its words in order, up to n others between; the shortest such stretches."""
        tokens = tokenize(wanted.text)
        terms = tuple(token.term for token in tokens)
        prefix = wanted.prefix and not unspaced(terms[-1])
        said = [_plain(wanted.text[token.start : token.end]) if wanted.exact else "" for token in tokens]
        ways: tuple[tuple[str, ...], ...] = (terms,)
        if not wanted.exact:
            gaps = [wanted.text[left.end : right.start] for left, right in pairwise(tokens)]
            ways = spellings(terms, [bool(gap) and not gap.strip(ZWNJ) for gap in gaps], prefix=prefix)
        return _together(
            [self._stretches(way, said if wanted.exact else [""] * len(way), prefix, wanted.slop, scope) for way in ways]
        )

    def _stretches(self, terms: tuple[str, ...], said: list[str], prefix: bool, slop: int, scope: str) -> Places:
        last = len(terms) - 1
        each = [self._sequence((term,), prefix and at == last, scope, said[at]) for at, term in enumerate(terms)]
        found: Places = {}
        for number in set.intersection(*(set(places) for places in each)):
            stretches = {(name, first, first) for name, first, _ in each[0][number]}
            for places in each[1:]:
                stretches = {
                    (name, first, at)
                    for (name, first, end), (field, at, _) in product(stretches, places[number])
                    if field == name and end < at < first + len(terms) + slop
                }
            fitting = {place for place in stretches if self._fits(number, place, scope)}
            found[number] = {
                a for a in fitting if not any(a != b and a[0] == b[0] and a[1] <= b[1] and b[2] <= a[2] for b in fitting)
            }
        return _some(found)

    # -- scopes

    def _fits(self, number: int, place: Place, scope: str) -> bool:
        name, first, last = place
        if scope == "lead":
            return name == "title" or last < LEAD
        if scope in ("quoted", "unquoted"):
            marked = self._marked(number, name)
            here = self._tokens[number][name][first : last + 1]
            if scope == "quoted":
                return any(start <= here[0].start and here[-1].end <= end for start, end in marked)
            return not any(start <= token.start and token.end <= end for token in here for start, end in marked)
        return True

    def _quotations(self, number: int, name: str) -> list[tuple[int, int]]:
        return [(start, end) for start, end in quotations(self._fields[number][name])]

    def _pieces(self, number: int, scope: str) -> Iterator[str]:
        for name, text in self._fields[number].items():
            if not _belongs(name, scope):
                continue
            if scope == "lead" and name == "body":
                yield text[: max((token.end for token in self._tokens[number][name][:LEAD]), default=0)]
            elif scope == "quoted":
                yield from (text[start:end] for start, end in self._marked(number, name))
            elif scope == "unquoted":
                at = 0
                for start, end in (*self._marked(number, name), (len(text), len(text))):
                    yield text[at:start]
                    at = end
            else:
                yield text

    # -- regular expressions

    def _as_pythons(self, tree: Pattern) -> re.Pattern[str]:
        """The same expression as one of Python's, of the signs that our queries use."""
        signs = re.findall(r"\[[^]]*\]|\\[pP].|\\.|\(\?:|.", tree.source)
        return re.compile("".join(self._sign(sign, tree.any_case) for sign in signs))

    def _sign(self, sign: str, any_case: bool) -> str:
        if sign in (r"\w", r"\d", r"\s", r"\pL", r"\PL"):
            return self._class(sign)
        if sign == "$":
            return r"\Z"
        if len(sign) == 1 and any_case and sign.isalnum():
            return f"[{''.join(sorted({each for each in (sign, sign.lower(), sign.upper()) if len(each) == 1}))}]"
        return sign

    def _letters_of(self, sign: str) -> str:
        """A class, letter by letter: those of its categories among the letters that occur."""
        categories = {r"\w": ("L", "M", "N"), r"\d": ("Nd",), r"\s": ("Z",), r"\pL": ("L",), r"\PL": ("L",)}[sign]
        inside = [letter for letter in self._letters if unicodedata.category(letter).startswith(categories)]
        inside += {r"\w": ["_"], r"\s": ["\t", "\n", "\v", "\f", "\r", "\x85", " "]}.get(sign, [])
        return ("[^" if sign == r"\PL" else "[") + re.escape("".join(inside)) + "]"

    # -- keys

    def _is_known(self, tree: Known, article: Article) -> bool:
        at = article.published_at or article.first_seen_at
        match tree.key:
            case "source" | "lang" | "country" | "group":
                value = {
                    "source": article.source_slug, "lang": article.language or "", "country": article.country,
                    "group": article.source_group,
                }[tree.key]  # fmt: skip
                return any(value in _cases(wanted) for wanted in tree.values)
            case "tag":
                return any(tag in _cases(wanted) for wanted in tree.values for tag in article.tags)
            case "domain":
                host = f".{(urlsplit(article.url).hostname or '').removeprefix('www.')}"
                return any(host.endswith(f".{wanted.lower().removeprefix('www.')}") for wanted in tree.values)
            case "url" if tree.values[0].startswith("/"):
                source, _, flag = tree.values[0][1:].rpartition("/")
                return self._expression(Pattern(source, flag == "i")).search(article.url) is not None
            case "url":
                return any(wanted.casefold() in article.url.casefold() for wanted in tree.values)
            case "words":
                return any(_compared(article.words, tree.comparison, wanted, int) for wanted in tree.values)
            case "age":
                return any(_compared(self.now - at, tree.comparison, wanted, _age) for wanted in tree.values)
            case "date":
                return any(_dated(at, tree.comparison, wanted) for wanted in tree.values)
            case _:
                raise AssertionError(tree)


def _belongs(name: str, scope: str) -> bool:
    if scope in ("title", "body"):
        return name == scope
    return name.startswith("author") == (scope == "author")


def _together(found: Sequence[Places]) -> Places:
    return {number: set().union(*(one.get(number, set()) for one in found)) for one in found for number in one}


def _some(found: Places) -> Places:
    return {number: places for number, places in found.items() if places}


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", re.sub(r"\s+", " ", text))


def _cases(word: str) -> set[str]:
    return {word, word.lower(), word.upper(), word.capitalize()}


def _compared(value: T, comparison: str, wanted: str, read: Callable[[str], T]) -> bool:
    low, dots, high = (part.strip() for part in wanted.partition(".."))
    if dots:
        return (not low or not value < read(low)) and (not high or not read(high) < value)
    than = read(wanted)
    less, more = value < than, than < value
    return {":": not less and not more, "<": less, "<=": not more, ">": more, ">=": not less}[comparison]


def _age(written: str) -> timedelta:
    number, unit = re.fullmatch(r"(\d+)([a-z]+)", written.lower()).groups()  # type: ignore[union-attr]
    return int(number) * timedelta(minutes={"min": 1, "h": 60, "d": 1440, "w": 10_080}[unit])


def _dated(at: datetime, comparison: str, wanted: str) -> bool:
    """By days of UTC, both ends included."""
    day = at.astimezone(UTC).date().isoformat()
    low, dots, high = (part.strip() for part in wanted.partition(".."))
    if dots:
        return (not low or _days(low)[0] <= day) and (not high or day <= _days(high)[1])
    first, last = _days(wanted)
    return {":": first <= day <= last, "<": day < first, "<=": day <= last, ">": day > last, ">=": day >= first}[comparison]


def _days(written: str) -> tuple[str, str]:
    """The first and the last day of a day, a month or a year."""
    parts = [int(part) for part in written.split("-")]
    if len(parts) == 3:
        day = f"{parts[0]:04}-{parts[1]:02}-{parts[2]:02}"
        return day, day
    first, last = (parts[1], parts[1]) if len(parts) == 2 else (1, 12)
    return f"{parts[0]:04}-{first:02}-01", f"{parts[0]:04}-{last:02}-{monthrange(parts[0], last)[1]:02}"
