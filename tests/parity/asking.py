"""Random queries from what really stands in the articles, so that many of them find something."""

from __future__ import annotations

import random
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from aggregator.model.article import Article
from aggregator.text import Token, terms, tokenize, unspaced
from tests.parity.trees import (
    QUOTES,
    All,
    Any,
    Close,
    Known,
    Named,
    Often,
    Pattern,
    Tree,
    Within,
    Without,
    Words,
)

FIELDS = ("title", "body", "lead", "text", "author", "quoted", "unquoted")
KEYS = ("source", "domain", "url", "lang", "country", "tag", "group", "date", "age", "words")
WITHOUT_WORDS = 0.02
"""Of the queries without a word that must occur so many go to every article as they are; that is dear."""
_SWAPS = str.maketrans("یکها۱۲۳123", "يكةأ123۱۲۳")
_UNSAFE = re.compile(rf"[{QUOTES}*]")


class Asker:
    """Makes queries up."""

    def __init__(self, chance: random.Random, articles: Sequence[Article], now: datetime) -> None:
        self._chance, self._articles, self._now = chance, articles, now
        self._tokens: dict[tuple[int, str], list[Token]] = {}
        self._common = Counter(term for article in articles for term in terms(f"{article.title}\n{article.text}"))
        self.entities = self._entities()

    def query(self) -> Tree:
        """One query: mostly about one article, with a little of others."""
        about = self._chance.choice(self._articles)
        tree = self._boolean(about, self._chance.choice((0, 1, 1, 2, 2, 3)), "")
        kind = self._chance.random()
        if _indexed(tree) or kind < WITHOUT_WORDS:
            return tree
        day = (about.published_at or about.first_seen_at).date().isoformat()
        return All((tree, Known("date", ":", (day,)) if kind < 0.3 else self._words(about, "")))

    # -- words

    def _leaf(self, about: Article, scope: str) -> Tree:
        chance = self._chance
        if chance.random() < 0.08:
            return Named(chance.choice(list(self.entities)))
        if chance.random() < 0.08:
            about = chance.choice(self._articles)
        found = self._words(about, scope)
        kind = chance.random()
        if kind < 0.15:
            return replace(found, exact=True)
        if kind < 0.25 and (shorter := self._beginning(found)):
            return replace(shorter, exact=chance.random() < 0.15)
        if kind < 0.35 and len(terms(found.text)) > 1:
            return self._loosened(found)
        return found if kind < 0.8 else self._respelled(found)

    def _words(self, about: Article, scope: str) -> Words:
        """Some words side by side, as they stand in ``about``."""
        chance = self._chance
        name, text = self._field(about, scope)
        if (about.id, name) not in self._tokens:
            self._tokens[about.id, name] = tokenize(text)
        tokens = self._tokens[about.id, name]
        if not tokens:
            return Words("port")
        many = min(chance.choices((1, 2, 3, 4), (70, 18, 8, 4))[0], len(tokens))
        if unspaced(tokens[0].term):
            many = min(chance.choice((1, 2, 2, 2, 3, 4)), len(tokens))
        first = min(
            (chance.randrange(len(tokens) - many + 1) for _ in range(chance.randrange(1, 4))),
            key=lambda at: self._common[tokens[at].term],
        )
        said = text[tokens[first].start : tokens[first + many - 1].end]
        said = " ".join(_UNSAFE.sub(" ", said).split())
        return Words(said) if terms(said) else Words("port")

    def _field(self, about: Article, scope: str) -> tuple[str, str]:
        if scope == "author":
            at = self._chance.randrange(len(about.authors)) if about.authors else -1
            return f"author {at}", about.authors[at] if at >= 0 else ""
        if scope == "title" or (scope != "body" and self._chance.random() < 0.3):
            return "title", about.title
        return "body", about.text

    def _beginning(self, found: Words) -> Words | None:
        """The word or phrase up to some letter of its last word, if that is long enough."""
        end = len(found.text) - self._chance.randrange(4)
        text = found.text[:end].rstrip()
        last = terms(text)[-1:]
        return Words(text, prefix=True) if last and (len(last[0]) >= 3 or unspaced(last[0])) else None

    def _loosened(self, found: Words) -> Words:
        """Without some of its inner words."""
        words = [found.text[token.start : token.end] for token in tokenize(found.text)]
        kept = [words[0], *(word for word in words[1:-1] if self._chance.random() < 0.4), words[-1]]
        text = found.text if self._chance.random() < 0.3 else " ".join(kept)
        slop = self._chance.choice((1, 1, 2, 3, 7))
        return Words(text, slop=slop, exact=self._chance.random() < 0.15)

    def _respelled(self, found: Words) -> Words:
        text = found.text
        match self._chance.randrange(7):
            case 0:
                text = text.upper()
            case 1:
                text = text.lower()
            case 2:
                text = unicodedata.normalize("NFD", text)
            case 3:
                text = "".join(each for each in unicodedata.normalize("NFD", text) if not unicodedata.combining(each))
            case 4:
                text = text.translate(_SWAPS)
            case 5:
                text = text.replace("\u200c", self._chance.choice(("", " ")))
            case _:
                text = text.replace("-", " ").replace("'", "’")
        return Words(text) if terms(text) else found

    # -- what has a place

    def _positional(self, about: Article, depth: int, scope: str) -> Tree:
        chance = self._chance
        kind = chance.random()
        if depth <= 0 or kind < 0.3:
            return self._leaf(about, scope)
        if kind < 0.45:
            return Any(tuple(self._positional(about, depth - 1, scope) for _ in range(chance.choice((2, 2, 3)))))
        if kind < 0.55:
            return Often(chance.choice((1, 2, 2, 3)), self._positional(about, depth - 1, scope))
        if kind < 0.62 and not scope:
            field = chance.choice(FIELDS)
            return Within(field, self._positional(about, depth - 1, field))
        left, right = (self._positional(about, chance.randrange(depth), scope) for _ in range(2))
        distance = chance.choice((1, 2, 3, 5, 5, 9, 30, 100))
        negated = chance.random() < 0.3
        if negated and chance.random() < 0.5:
            right = self._positional(chance.choice(self._articles), 0, scope)
        return Close(left, right, distance, chance.random() < 0.4, negated)

    # -- the rest

    def _boolean(self, about: Article, depth: int, scope: str) -> Tree:
        chance = self._chance
        kind = chance.random()
        if depth <= 0 or kind < 0.2:
            if chance.random() < 0.4 and not scope:
                field = chance.choice(FIELDS)
                return Within(field, self._positional(about, chance.choice((0, 0, 1, 2)), field))
            return self._positional(about, chance.choice((0, 1, 2)), scope)
        if kind < 0.45:
            return All(tuple(self._boolean(about, depth - 1, scope) for _ in range(chance.choice((2, 2, 3)))))
        if kind < 0.6:
            return Any(tuple(self._boolean(about, depth - 1, scope) for _ in range(chance.choice((2, 2, 3)))))
        if kind < 0.75:
            other = self._boolean(chance.choice(self._articles), depth - 1, scope)
            return All((self._boolean(about, depth - 1, scope), Without(other)))
        if kind < 0.8 and not scope:
            field = chance.choice(FIELDS)
            return Within(field, self._boolean(about, depth - 1, field))
        if kind < 0.86:
            return self._with_pattern(about, scope)
        key: Tree = self._key(about)
        if chance.random() < 0.2:
            key = Without(key)
        return All((self._boolean(about, depth - 1, scope), key)) if chance.random() < 0.9 else key

    def _with_pattern(self, about: Article, scope: str) -> Tree:
        """A regular expression where one may stand: in the title alone, or beside a word that must occur."""
        chance = self._chance
        if not scope and chance.random() < 0.25:
            return Within("title", self._pattern(about, "title"))
        where = scope or chance.choice(("", "", *FIELDS))
        pattern: Tree = self._pattern(about, where)
        if where != scope:
            pattern = Within(where, pattern)
        if chance.random() < 0.2:
            pattern = Without(pattern)
        beside = self._leaf(about, scope)
        return All((beside, pattern))

    def _pattern(self, about: Article, scope: str) -> Pattern:
        """A stretch of the text, with some of its signs made general."""
        chance = self._chance
        _, text = self._field(about, scope)
        first = chance.randrange(max(1, len(text) - 3))
        stretch = text[first : first + chance.choice((2, 3, 5, 8))] or "a"
        source = "".join(self._general(each) for each in stretch)
        if chance.random() < 0.1:
            source += "$"
        if chance.random() < 0.1:
            source = rf"(?:^|\PL){source}"
        return Pattern(source, chance.random() < 0.3)

    def _general(self, letter: str) -> str:
        if letter.isspace():
            return r"\s"
        if not letter.isalnum():
            return "."
        if self._chance.random() > 0.25:
            return letter
        if letter.isdecimal():
            return r"\d"
        if letter.isalpha():
            return self._chance.choice((r"\w", r"\pL", ".", f"{letter}+", rf"(?:{letter}|zz)", rf"{letter}\w?"))
        return letter

    def _key(self, about: Article, among: Sequence[str] = KEYS) -> Known:
        chance = self._chance
        if chance.random() < 0.15:
            about = chance.choice(self._articles)
        key = chance.choice(among)
        if key in ("date", "age", "words"):
            return self._span(key, about)
        if key == "url":
            return self._url(about)
        host = (urlsplit(about.url).hostname or "").removeprefix("www.")
        values = {
            "source": about.source_slug, "lang": about.language, "country": about.country, "group": about.source_group,
            "tag": chance.choice(about.tags) if about.tags else "sport",
            "domain": host if chance.random() < 0.5 else host.partition(".")[2] or host,
        }  # fmt: skip
        value = values[key] or "none"
        value = chance.choice((value, value, value.lower(), value.upper(), value.capitalize()))
        if chance.random() < 0.25:
            other = self._key(chance.choice(self._articles), (key,))
            return Known(key, ":", tuple(dict.fromkeys((value, *other.values))))
        return Known(key, ":", (value,))

    def _url(self, about: Article) -> Known:
        path = urlsplit(about.url).path
        if self._chance.random() < 0.5 and (runs := re.findall(r"[A-Za-z0-9]{2,}", path)):
            source = "".join(map(self._general, self._chance.choice(runs)[:6]))
            return Known("url", ":", (rf"/\/{source}/{self._chance.choice(('', 'i'))}",))
        first = self._chance.randrange(max(1, len(path)))
        part = path[first : first + self._chance.choice((4, 8, 30))].strip("/ ") or "a"
        return Known("url", ":", (_UNSAFE.sub("", part) or "a",))

    def _span(self, key: str, about: Article) -> Known:
        chance = self._chance
        at = about.published_at or about.first_seen_at
        match key:
            case "words":
                value = str(about.words)
                low, high = str(max(0, about.words - chance.randrange(9))), str(about.words + chance.randrange(9))
            case "date":
                value = at.date().isoformat()[: chance.choice((10, 10, 10, 7, 4))]
                low, high = (
                    (at + timedelta(days=days)).date().isoformat() for days in (-chance.randrange(4), chance.randrange(4))
                )
            case _:
                days = max(0, (self._now - at).days)
                value = chance.choice((f"{days}d", f"{days * 24}h", f"{days // 7}w", f"{min(days * 1440 + 7, 999_999)}min"))
                low, high = f"{max(0, days - chance.randrange(3))}d", f"{days + chance.randrange(1, 4)}D"
        comparison = chance.choice((":", ":", "<", "<=", ">", ">="))
        if comparison == ":" and (key == "age" or chance.random() < 0.6):
            value = chance.choice((f"{low}..{high}", f"{low}..", f"..{high}"))
        return Known(key, comparison, (value,))

    # -- entities

    def _entities(self) -> dict[str, tuple[str, ...]]:
        """Some entities of words and phrases that occur; the later ones name earlier ones."""
        chance = self._chance
        made: dict[str, tuple[str, ...]] = {}
        for number in range(40):
            about = chance.choice(self._articles)
            aliases = []
            for _ in range(chance.randrange(1, 5)):
                found = self._words(about if chance.random() < 0.5 else chance.choice(self._articles), "")
                if chance.random() < 0.2 and (shorter := self._beginning(found)):
                    aliases.append(f"{shorter.text}*")
                elif not found.text.startswith(("@", "=")):
                    aliases.append(f"={found.text}" if chance.random() < 0.2 else found.text)
            if made and chance.random() < 0.4:
                aliases.append(f"@{chance.choice(list(made))}")
            made[f"e{number}"] = tuple(dict.fromkeys(aliases)) or ("port",)
        return made


def _indexed(tree: Tree) -> bool:
    """Whether some word of title or body must occur. Whatever else is asked of every article."""
    match tree:
        case Words() | Named():
            return True
        case Any(parts=parts):
            return all(map(_indexed, parts))
        case All(parts=parts):
            return any(map(_indexed, parts))
        case Close(left=left):
            return _indexed(left)
        case Within(field=field, part=part):
            return field != "author" and _indexed(part)
        case Often(part=part):
            return _indexed(part)
        case _:
            return False
