"""A rule set that is changed in place is the set that a fresh build would be, and loses no match."""

from __future__ import annotations

import gc
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.errors import ConfigErrors
from aggregator.model.rule import Document, Entity, RuleSpec
from aggregator.rules import RuleSet, compile_query, compile_rules
from tests.rules.generating import ENTITIES, NOW, documents, queries
from tests.rules.test_agreement import relaxed

SLUGS = ("a", "b", "c", "d")
specs = st.builds(
    RuleSpec, slug=st.sampled_from(SLUGS), name=st.just(""), query=queries, enabled=st.sampled_from([True, True, False])
)
changes = st.one_of(
    specs,
    st.sampled_from(SLUGS),
    st.builds(
        Entity,
        slug=st.just("two"),
        name=st.just(""),
        aliases=st.sampled_from([("中国", "can't"), ("alpha",), ("gam*", "=Beta"), ("کتاب", "delta beta")]),
    ),
)


@relaxed
@given(st.lists(changes, max_size=10), st.lists(documents, min_size=1, max_size=3))
def test_a_changed_set_is_a_fresh_one(steps: list[RuleSpec | str | Entity], shelf: list[Document]) -> None:
    ruleset, rules, entities = RuleSet(), dict[str, RuleSpec](), dict(ENTITIES)
    ruleset.define(*entities.values())
    for step in steps:
        if isinstance(step, Entity):
            ruleset.define(step)
            entities[step.slug] = step
        elif isinstance(step, str):
            if step in rules:
                ruleset.remove(step)
                del rules[step]
        else:
            ruleset.put(step)
            if step.enabled:
                rules[step.slug] = step
            else:
                rules.pop(step.slug, None)
    fresh = compile_rules(rules.values(), entities.values())
    alone = {slug: compile_query(rule.query, entities) for slug, rule in rules.items()}
    for document in shelf:
        every = [replace(found, rule=slug) for slug, query in alone.items() if (found := query.match(document, NOW))]
        assert list(ruleset.match(document, NOW)) == list(fresh.match(document, NOW)) == every
    assert len(ruleset) == len(rules)
    assert ruleset.warnings == fresh.warnings


@relaxed
@given(st.lists(specs, max_size=5), st.lists(specs, max_size=5), documents)
def test_an_updated_set_is_a_fresh_one(before: list[RuleSpec], after: list[RuleSpec], document: Document) -> None:
    first, then = ({rule.slug: rule for rule in rules}.values() for rules in (before, after))
    ruleset = compile_rules(first, ENTITIES.values())
    changed = [ENTITIES["one"], replace(ENTITIES["two"], aliases=("beta", "中"))]
    ruleset.update(then, changed)
    assert ruleset.match(document, NOW) == compile_rules(then, changed).match(document, NOW)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.lists(specs, max_size=6))
def test_what_is_removed_leaves_nothing_behind(rules: list[RuleSpec]) -> None:
    gc.freeze()  # what other tests keep need not be gone through for each example
    ruleset = RuleSet()
    ruleset.define(*ENTITIES.values())
    for rule in rules:
        ruleset.put(rule)
    ruleset.update((), ENTITIES.values())
    gc.collect()
    gc.unfreeze()
    assert len(ruleset) == 0
    assert not ruleset._sections
    assert not ruleset._users
    assert not ruleset._probes._known


def test_a_mistake_leaves_the_set_as_it_was() -> None:
    ruleset = compile_rules([RuleSpec("a", "", "@one"), RuleSpec("b", "", "beta")], ENTITIES.values())
    document = Document("alpha beta", "")
    before = ruleset.match(document)
    with pytest.raises(ConfigErrors) as caught:
        ruleset.put(RuleSpec("b", "", "gamma"), RuleSpec("c", "", "NOT"), RuleSpec("d", "", "("))
    assert [error.key for error in caught.value.errors] == ["c", "d"]
    with pytest.raises(ConfigErrors):
        ruleset.update([RuleSpec("a", "", "@one")], [])
    with pytest.raises(ConfigErrors):
        ruleset.define(Entity("two", "", ("@one",)))
    with pytest.raises(KeyError):
        ruleset.remove("b", "nobody")
    assert ruleset.match(document) == before != ()


def test_an_entity_compiles_only_the_rules_that_use_it() -> None:
    rules = [RuleSpec("direct", "", "@two"), RuleSpec("through", "", "@one"), RuleSpec("other", "", "beta")]
    ruleset = compile_rules(rules, ENTITIES.values())
    held = dict(ruleset._rules)
    ruleset.define(Entity("two", "", ("epsilon",)))
    assert {slug for slug, rule in ruleset._rules.items() if rule is not held[slug]} == {"direct", "through"}
    assert [found.rule for found in ruleset.match(Document("", "epsilon beta"))] == ["direct", "through", "other"]


def test_rules_behind_keys_are_called_where_the_keys_hold() -> None:
    queries_ = {
        "here": "alpha source:(one OR two)",
        "elsewhere": "alpha source:three",
        "either": "alpha (source:three OR lang:en)",
        "both": "lang:en source:one gam*",
        "no-word": "NOT beta country:ir",
        "negative": "alpha NOT source:one",
        "key": "group:wires",
        "many": f"alpha source:({' OR '.join(f's{number}' for number in range(99))} OR one)",
    }
    ruleset = compile_rules([RuleSpec(slug, "", query) for slug, query in queries_.items()], ())
    document = Document("alpha", "gamma", source="one", language="en")

    def found(document: Document) -> list[str]:
        return [found.rule for found in ruleset.match(document)]

    assert found(document) == ["here", "either", "both", "many"]
    assert found(replace(document, source="two", country="ir")) == ["here", "either", "no-word", "negative"]
    assert found(replace(document, source="three", language="", group="wires")) == ["elsewhere", "either", "negative", "key"]
    ruleset.put(RuleSpec("here", "", "alpha source:three"))
    assert found(document) == ["either", "both", "many"]
    ruleset.remove("both", "many")
    assert found(document) == ["either"]


def test_prefixes_of_one_stem_come_and_go() -> None:
    ruleset = compile_rules([RuleSpec("a", "", "alp*"), RuleSpec("b", "", "alphab*"), RuleSpec("c", "", "title:alphab*")], ())
    document = Document("", "alphabet")
    assert [found.rule for found in ruleset.match(document)] == ["a", "b"]
    ruleset.remove("b")
    assert [found.rule for found in ruleset.match(document)] == ["a"]
    ruleset.remove("a")
    assert [found.rule for found in ruleset.match(replace(document, title="Alphabets"))] == ["c"]


@pytest.mark.parametrize("query", ["alpha", "("])
def test_the_collector_of_cycles_is_left_as_it_was(query: str) -> None:
    assert gc.isenabled()
    with suppress(ConfigErrors):
        compile_rules([RuleSpec("r", "", query)], ())
    assert gc.isenabled()
    gc.disable()
    try:
        compile_rules([RuleSpec("r", "", "alpha")], ())
        assert not gc.isenabled()
    finally:
        gc.enable()
