"""Rules beside the rest of the configuration: examples, and what is excluded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator.config import load_config
from aggregator.errors import ConfigError
from aggregator.model.rule import Example

MakeFolder = Callable[..., Path]
ErrorsOf = Callable[..., tuple[ConfigError, ...]]

SOURCES = """
[[source]]
slug = "daily"
url = "https://daily.example/feed"
group = "state"
country = "NO"
language = "nn"
tags = ["sea"]
"""
RULE = """
[[rule]]
slug = "strike"
query = "strike -sport"
"""


def test_examples_are_texts_or_tables(folder: MakeFolder) -> None:
    rules = RULE + (
        'should_match = [\n"a strike",\n'
        '{title = "Strike", text = """long\ntext""", source = "daily", date = 2026-03-05, words = 300},\n'
        '{text = "strike", source = "daily", language = "fa", date = 2026-03-05T12:00:00+02:00}]\n'
        "min_words = 10\nfirst_of_story = true\n"
        'exclude_sources = ["daily"]\nexclude_groups = ["state"]\nenabled = false\n'
    )
    (rule,) = load_config(folder(sources=SOURCES, rules=rules), {}).rules
    of_source = {"source": "daily", "group": "state", "country": "NO", "tags": ("sea",)}
    assert rule.should_match == (
        Example("a strike"),
        Example("long\ntext", "Strike", language="nn", date=datetime(2026, 3, 5, tzinfo=UTC), words=300, **of_source),  # type: ignore[arg-type]
        Example("strike", language="fa", date=datetime(2026, 3, 5, 10, tzinfo=UTC), **of_source),  # type: ignore[arg-type]
    )
    assert (rule.min_words, rule.first_of_story) == (10, True)
    assert (rule.exclude_sources, rule.exclude_groups) == (("daily",), ("state",))


@pytest.mark.parametrize(
    ("line", "key", "message", "hint"),
    [
        ("should_match = [5]", "should_match[1]", "must be a text or a table, not a value of type integer", "in quotes"),
        ('should_match = ["x", ""]', "should_match[2]", "must be a text or a table, not an empty text", "in quotes"),
        ('should_match = [{language = "fa"}]', "should_match[1]", "has neither text nor title", "title ="),
        ('should_match = [{text = "a", lang = "fa"}]', "should_match[1].lang", "unknown key", "language"),
        ('should_match = [{text = "a", date = "2026"}]', "should_match[1].date", "must be a date", "without quotes"),
        ('exclude_sources = ["dayly"]', "exclude_sources[1]", 'there is no source "dayly"', 'did you mean "daily"?'),
        ('exclude_groups = ["x", "state"]', "exclude_groups[1]", 'there is no group "x"', "the groups are: state"),
        ("exclude_groups = ['a\"b']", "exclude_groups[1]", 'must not contain the quotation mark "', "sources.toml"),
        ("min_words = -1", "min_words", "-1 is out of range", "at least 0"),
    ],
)
def test_what_is_wrong_is_named(folder: MakeFolder, errors_of: ErrorsOf, line: str, key: str, message: str, hint: str) -> None:
    error, *_ = errors_of(folder(sources=SOURCES, rules=RULE + line + "\n"))
    assert (error.line, error.key) == (5, f'rule["strike"].{key}')
    assert message in error.message
    assert hint in error.hint


def test_an_exclusion_is_not_doubted_while_the_sources_are_wrong(folder: MakeFolder, errors_of: ErrorsOf) -> None:
    rules = RULE + 'exclude_sources = ["other"]\n'
    assert [error.key for error in errors_of(folder(sources=SOURCES + "colour = 1\n", rules=rules))] == ['source["daily"].colour']


def test_a_failing_example_holds_its_rule_and_no_other(folder: MakeFolder) -> None:
    rules = RULE + 'should_match = [\n  "a strike",\n  "a walkout",\n]\nshould_not_match = ["strike!"]\n'
    config = load_config(folder(rules=rules + RULE.replace('"strike"', '"other"')), {})
    assert [rule.slug for rule in config.rules] == ["other"]
    (held,) = config.held
    assert held.rule.slug == "strike"
    missed, found = held.errors
    assert (Path(missed.path).name, missed.line, missed.key) == ("rules.toml", 7, 'rule["strike"].should_match[2]')
    assert (missed.message, missed.hint) == ("the rule does not find “a walkout”", "strike stands nowhere")
    assert (found.line, found.key) == (9, 'rule["strike"].should_not_match[1]')
    assert found.message == "the rule finds “strike!”"
    assert found.hint == "strike stands in the body; without: sport stands nowhere"


def test_a_rule_that_sleeps_is_not_tried(folder: MakeFolder) -> None:
    config = load_config(folder(rules=RULE + 'should_match = ["a walkout"]\nenabled = false\n'), {})
    assert ([rule.slug for rule in config.rules], config.held) == (["strike"], ())


def test_a_query_that_its_exclusions_make_too_long_is_held(folder: MakeFolder) -> None:
    query = " ".join(f"word{number:04d}" for number in range(405)) + " " + "x" * 4600
    rules = f'[[rule]]\nslug = "long"\nquery = "{query[:8190]}"\nmin_words = 1000\n'
    config = load_config(folder(rules=rules), {})
    assert (config.rules, [each.errors[0].line for each in config.held]) == ((), [1])
    assert "with min_words and its exclusions: " in config.held[0].errors[0].message
