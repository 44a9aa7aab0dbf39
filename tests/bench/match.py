"""Matching: articles per second through 1,000, 10,000 and 100,000 rules, beside evaluating every rule and beside hyperscan.

Articles of about 5,600 characters are made up by Zipf's law, two of three in Latin script with accents and signs, the others in
Cyrillic or Persian letters; names are planted in them. The rules are words, names, aliases, AND, NOT, NEAR, prefixes, keys and
entities, as in a newsroom, with words from the middle and the rare ranks: a rule hits one article in seven thousand.
hyperscan is given what it does best: the folded text, and the anchors of the rules as literals, each
reported once; our matcher verifies what it finds. All three must find the same matches. The measured articles come after as many
others, and none is seen twice; ``change`` is the replacement of one rule in the full set.
CPU time of one core is counted; ``yardstick_ms``, that of ``sum(range(10**6))`` before and after, tells how fast the machine was
meanwhile. Memory is what a fresh process grows by. Usage: ``make bench NAME=match [ARGS=--most=10000]``.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module, util
from itertools import accumulate
from statistics import mean, median
from typing import Any, TypeAlias

from aggregator.model.rule import Document, Entity, Match, RuleSpec
from aggregator.rules import RuleSet, compile_rules, parse
from aggregator.rules.compiler import Probes, compile_tree
from aggregator.rules.matcher import Node, match
from aggregator.rules.rarity import anchors
from aggregator.rules.reading import Reading
from aggregator.text import index_text
from tests.bench.group import yardstick

SIZES = (1_000, 10_000, 100_000)
CHARACTERS = 5_600
MEASURED = 300
EVERY = {1_000: 50, 10_000: 20, 100_000: 5}
"""How many articles are put to every rule: it takes long."""
CHANGES = 200
SCRIPTS = {
    "en": ("bdfgklmnprstvz", ("a", "e", "i", "o", "u", "an", "er", "il", "on", "us", "é", "ö")),
    "ru": ("бвгдзклмнпрст", ("а", "е", "и", "о", "у", "ан", "ор", "ин", "ой")),
    "fa": ("بپتجچخدرزسشفقکگلمن", ("ا", "و", "ی", "ان", "ار", "ین", "ه")),
}
WORDS = {"en": 150_000, "ru": 60_000, "fa": 60_000}
CORE = 8_000
PEOPLE = {"en": 40_000, "ru": 10_000, "fa": 10_000}
ENTITIES = 5_000

Matches: TypeAlias = tuple[Match, ...]


class Press:
    """Makes articles and rules up."""

    def __init__(self, seed: int) -> None:
        self.chance = chance = random.Random(seed)
        self.words = {language: self._words(language) for language in SCRIPTS}
        # Zipf's law with its two regimes (Ferrer i Cancho and Solé 2001): beyond the core of a language words get rare faster.
        self.sums = {
            name: list(accumulate(1 / (rank + 3) * min(1, CORE / (rank + 3)) for rank in range(len(words))))
            for name, words in self.words.items()
        }
        # Given names are few, family names many, and both are words of the language, too.
        pools = {language: (words[500:3_000], words[3_000:]) for language, words in self.words.items()}
        self.people = {
            language: [(chance.choice(given).capitalize(), chance.choice(family).capitalize()) for _ in range(PEOPLE[language])]
            for language, (given, family) in pools.items()
        }
        self.fame = {name: list(accumulate(1 / (rank + 50) for rank in range(count))) for name, count in PEOPLE.items()}
        self.entities = [Entity(f"e{number}", "", self._aliases()) for number in range(ENTITIES)]

    def _words(self, language: str) -> list[str]:
        heads, tails = SCRIPTS[language]
        syllables = [head + tail for head in heads for tail in tails]
        made = ("".join(self.chance.choices(syllables, k=self.chance.randint(1, 4))) for _ in range(3 * WORDS[language]))
        return sorted(dict.fromkeys(made), key=lambda word: len(word) + 4 * self.chance.random())[: WORDS[language]]

    def _aliases(self) -> tuple[str, ...]:
        given, family = self.person()
        return (f"{given} {family}", f"{given[0]}. {family}", f"={family.upper()}", self.rare(), f"{given} {self.rare()}")

    def rare(self) -> str:
        """A word that one article in some hundred has."""
        words = self.words[self.language()]
        return words[self.chance.randrange(len(words) // 3, len(words))]

    def common(self) -> str:
        """A word that many articles have."""
        return self.words[self.language()][self.chance.randrange(50, 3_000)]

    def name(self) -> str:
        """Somebody's full name."""
        return " ".join(self.person())

    def person(self) -> tuple[str, str]:
        """Somebody."""
        return self.chance.choice(self.people[self.language()])

    def language(self) -> str:
        """Latin letters most often."""
        return self.chance.choices(list(SCRIPTS), (4, 1, 1))[0]

    def article(self) -> Document:
        """A text in sentences, with people named in it."""
        chance = self.chance
        language = self.language()
        words = chance.choices(self.words[language], cum_weights=self.sums[language], k=CHARACTERS // 5)
        for person in chance.choices(self.people[language], cum_weights=self.fame[language], k=6):
            for place in chance.choices(range(len(words) // 2), k=2):
                words[place] = " ".join(person)
        body, size, begins = [], 0, True
        for word in words:
            written = word[0].upper() + word[1:] if begins else word
            dice = chance.random()
            begins = dice < 0.06
            written += "." if dice < 0.05 else ".\n" if begins else "," if dice < 0.11 else "’s" if dice < 0.12 else ""
            body.append(f"“{written}”" if dice > 0.99 else written)
            size += len(written) + 1
            if size > CHARACTERS:
                break
        source = f"s{chance.randrange(200)}"
        return Document(" ".join(words[:8]), " ".join(body), (), source, language=language, words=len(body))

    def query(self) -> str:
        """A rule as analysts write them."""
        kinds: dict[Callable[[], str], int] = {
            self.rare: 20,
            lambda: f'"{self.name()}"': 20,
            lambda: f'"{self.name()}" OR "{self.name()}" OR {self.rare()}': 12,
            lambda: f"{self.common()} AND {self.rare()}": 8,
            lambda: f'("{self.name()}" OR {self.rare()}) AND {self.common()} AND {self.common()}': 5,
            lambda: f"{self.rare()} NOT {self.common()}": 5,
            lambda: f"{self.common()} NEAR/8 {self.common()} AND {self.rare()}": 3,
            lambda: f"{self.name().split()[1]} NEAR/10 {self.common()}": 5,
            lambda: f"{self.rare():x<3}*": 4,
            lambda: f'"{self.name()}" lang:{self.chance.choice(list(SCRIPTS))}': 5,
            lambda: f"{self.common()} {self.common()} source:s{self.chance.randrange(200)}": 3,
            lambda: f"title:{self.rare()}": 2,
            lambda: f"@e{self.chance.randrange(ENTITIES)}": 5,
            lambda: f"@e{self.chance.randrange(ENTITIES)} NEAR/10 ({self.common()} OR {self.common()} OR {self.common()})": 3,
        }
        return self.chance.choices(list(kinds), list(kinds.values()))[0]()

    def rules(self, count: int) -> list[RuleSpec]:
        """So many rules; one in five thousand has nothing to be found by."""
        return [
            RuleSpec(f"r{number}", "", self.query() if number % 5_000 != 7 else f"NOT {self.common()} source:s{number % 200}")
            for number in range(count)
        ]


class Every:
    """The plain way: every rule is evaluated on every article (analysed once)."""

    def __init__(self, rules: Sequence[RuleSpec], entities: Sequence[Entity]) -> None:
        known, probes = {entity.slug: entity for entity in entities}, Probes()
        self.roots: list[tuple[str, Node]] = [(rule.slug, compile_tree(parse(rule.query), known, probes)) for rule in rules]

    def match(self, document: Document) -> Matches:
        """The matches of all rules."""
        reading = Reading(document)
        return tuple(found for slug, root in self.roots if (found := match(slug, root, reading)))


class Hyperscan:
    """hyperscan finds the anchors of the rules in the folded text, our matcher verifies."""

    def __init__(self, hyperscan: Any, roots: list[tuple[str, Node]]) -> None:
        self.roots = roots
        self.always: list[int] = []
        self.calls: dict[str, list[int]] = {}
        for number, (_, root) in enumerate(roots):
            on = anchors(root)
            if on is None:
                self.always.append(number)
                continue
            for probe in on:
                for sequence in probe.sequences:
                    literal = f" {' '.join(sequence)}{'' if probe.prefix else ' '}"
                    self.calls.setdefault(literal, []).append(number)
        self.called = list(self.calls.values())
        self.base = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        self.base.compile(
            expressions=[literal.encode() for literal in self.calls],
            ids=list(range(len(self.calls))),
            elements=len(self.calls),
            flags=hyperscan.HS_FLAG_SINGLEMATCH,
            literal=True,
        )
        self.scratch = hyperscan.Scratch(self.base)

    def match(self, document: Document) -> Matches:
        """The matches of all rules."""
        hits: list[int] = []
        text = f" {index_text(document.title)} \n {index_text(document.body)} "
        self.base.scan(text.encode(), match_event_handler=lambda one, *_: hits.append(one), scratch=self.scratch)
        reading = Reading(document)
        numbers = sorted({*self.always, *(number for hit in hits for number in self.called[hit])})
        return tuple(found for number in numbers if (found := match(*self.roots[number], reading)))


def rate(way: Callable[[Document], Matches], shelf: Sequence[Document]) -> tuple[float, list[Matches]]:
    """Articles per second of CPU, and what was found."""
    begun = time.process_time()
    found = [way(document) for document in shelf]
    return len(shelf) / (time.process_time() - begun), found


def change(ruleset: RuleSet, rules: Sequence[RuleSpec], press: Press) -> list[float]:
    """Milliseconds for the replacement of one rule by another, and back again."""
    took = []
    for rule in press.chance.sample(rules, min(CHANGES, len(rules))):
        for spec in (RuleSpec(rule.slug, "", press.query()), rule):
            begun = time.process_time()
            ruleset.put(spec)
            took.append((time.process_time() - begun) * 1e3)
    return took


def build(count: int) -> None:
    """Compile so many rules; print seconds and megabytes. Runs in a process of its own."""
    press = Press(1)
    rules = press.rules(count)
    compile_rules([RuleSpec("warm", "", "“a b” OR کتاب")], ())
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    ruleset = compile_rules(rules, press.entities)
    seconds = time.process_time() - begun
    unit = 1 if sys.platform == "darwin" else 1024
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit / 1e6
    print(json.dumps({"rules": len(ruleset), "build_s": round(seconds, 2), "memory_mb": round(grown, 1)}))


def measure(count: int, hyperscan: Any) -> dict[str, Any]:
    """Everything about one size."""
    command = [sys.executable, "-m", "tests.bench.match", f"--build={count}"]
    built = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    press = Press(1)
    rules = press.rules(count)
    ruleset, every = compile_rules(rules, press.entities), Every(rules, press.entities)
    before, fast = yardstick(), None
    if hyperscan is not None:
        begun = time.process_time()
        fast = Hyperscan(hyperscan, every.roots)
        built["hyperscan_build_s"] = round(time.process_time() - begun, 2)
    seen = [press.article() for _ in range(MEASURED)]
    shelf = [press.article() for _ in range(MEASURED)]
    gc.freeze()  # as the service does with what lives as long as itself
    rate(ruleset.match, seen)
    ours, found = rate(ruleset.match, shelf)
    few = shelf[: EVERY.get(count, 5)]
    plain, expected = rate(every.match, few)
    assert found[: len(few)] == expected, "ours and every rule differ"
    rates, ratios = {"ours": ours, "every_rule": plain}, {"ours_to_every_rule": ours / plain}
    if fast is not None:
        rates["hyperscan"], theirs = rate(fast.match, shelf)
        assert found == theirs, "ours and hyperscan differ"
        ratios["ours_to_hyperscan"] = ours / rates["hyperscan"]
    took = change(ruleset, rules, press)
    return {
        **built,
        "articles_per_s": {name: round(value, 1) for name, value in rates.items()},
        "ratios": {name: round(value, 2) for name, value in ratios.items()},
        "hits_per_article": round(mean(map(len, found)), 2),
        "change_ms": {"median": round(median(took), 3), "most": round(max(took), 3)},
        "yardstick_ms": round((before + yardstick()) / 2, 2),
    }


def main() -> None:
    """Measure at each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=SIZES[-1], help="the largest set of rules")
    parser.add_argument("--build", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.build:
        build(options.build)
        return
    hyperscan = import_module("hyperscan") if util.find_spec("hyperscan") else None
    if hyperscan is None:
        print("hyperscan is not installed (it has no package for every machine): without this baseline")
    sizes = {}
    for size in (size for size in SIZES if size <= options.most):
        sizes[str(size)] = measure(size, hyperscan)
        print(f"{size:>7,} rules: {sizes[str(size)]}", flush=True)
    print(json.dumps({"bench": "match", "characters": CHARACTERS, "measured": MEASURED, "sizes": sizes}))


if __name__ == "__main__":
    main()
