"""Examples of a rule: what it must find, what it must not, and why it does otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlsplit

from aggregator.model.rule import Document, Entity, Example, RuleSpec
from aggregator.rules.compiler import compile_query
from aggregator.rules.explanation import UNDATED, explain, reasons
from aggregator.rules.noise import with_noise_control
from aggregator.text import terms

SHOWN = 60
"""Characters of an example that are told."""


@dataclass(frozen=True, slots=True)
class ExampleFailure:
    """An example that fails. ``place`` counts from 0 within ``kind``; ``reasons`` are the leaves that decide, in words."""

    kind: Literal["should_match", "should_not_match"]
    place: int
    shown: str
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        verb = "does not find" if self.kind == "should_match" else "finds"
        return f"the rule {verb} “{self.shown}”"


def document_of(example: Example) -> Document:
    """An example as rules look at it."""
    return Document(
        title=example.title,
        body=example.text,
        authors=example.authors,
        source=example.source,
        domain=(urlsplit(example.url).hostname or "").removeprefix("www."),
        url=example.url,
        language=example.language,
        country=example.country,
        group=example.group,
        tags=example.tags,
        published_at=example.date,
        words=example.words or len(terms(example.text)),
    )


def failing_examples(rule: RuleSpec, entities: Mapping[str, Entity]) -> tuple[ExampleFailure, ...]:
    """The examples of ``rule`` that fail, in their order. Raises RuleSyntaxError for a query that is wrong in itself.

    ``min_words`` counts only for an example that says how many words its article has: the others are short on purpose.
    """
    return tuple(_failures(rule, entities)) if rule.should_match or rule.should_not_match else ()


def _failures(rule: RuleSpec, entities: Mapping[str, Entity]) -> Iterator[ExampleFailure]:
    whole = with_noise_control(rule).query
    whatever_length = with_noise_control(replace(rule, min_words=0)).query
    compiled = {query: compile_query(query, entities) for query in {whole, whatever_length}}
    kinds: tuple[tuple[Literal["should_match", "should_not_match"], tuple[Example, ...]], ...] = (
        ("should_match", rule.should_match), ("should_not_match", rule.should_not_match),
    )  # fmt: skip
    for kind, examples in kinds:
        for place, example in enumerate(examples):
            query, document = whole if example.words else whatever_length, document_of(example)
            # An example is met on the day of its date.
            met = document.published_at or UNDATED
            if (compiled[query].match(document, met) is not None) != (kind == "should_match"):
                yield ExampleFailure(kind, place, _shown(example), reasons(explain(query, entities, document)))


def _shown(example: Example) -> str:
    text = " ".join(" ".join(filter(None, (example.title, example.text))).split())
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
