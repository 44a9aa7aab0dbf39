"""Every query of the reference parses, and finds what the reference says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aggregator.model.rule import Document, Entity
from aggregator.rules import compile_query

REFERENCE = (Path(__file__).parents[2] / "docs" / "rule-language.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```query\n(.*?)```(?:\n```texts\n(.*?)```)?", REFERENCE, re.DOTALL)
EXAMPLES = [(query, line[2:], line[0] == "+") for query, texts in BLOCKS for line in texts.splitlines()]
ENTITIES = {
    "acme": Entity("acme", "Acme", ("Acme", "Acme Widgets", "آکمه", "@acme-parent")),
    "acme-parent": Entity("acme-parent", "Acme's parent", ("=ACHO", "Acme Hold*")),
}


@pytest.mark.parametrize("query", [query for query, _ in BLOCKS])
def test_a_query_of_the_reference_compiles(query: str) -> None:
    assert compile_query(query, ENTITIES).query.text == query


@pytest.mark.parametrize(("query", "text", "found"), EXAMPLES)
def test_an_example_of_the_reference_is_true(query: str, text: str, found: bool) -> None:
    assert (compile_query(query, ENTITIES).match(Document("", text)) is not None) is found


def test_the_reference_shows_enough() -> None:
    assert REFERENCE.count("```query\n") == len(BLOCKS) >= 20
    assert REFERENCE.count("```texts\n") == sum(1 for _, texts in BLOCKS if texts)
    assert {line[:2] for _, texts in BLOCKS for line in texts.splitlines()} == {"+ ", "- "}
