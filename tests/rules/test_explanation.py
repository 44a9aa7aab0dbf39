"""Why a query finds an article or does not; examples, noise control and versions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aggregator.model.rule import Document, Entity, Example, RuleSpec
from aggregator.rules import (
    Finding,
    aliases_used,
    compile_query,
    explain,
    failing_examples,
    pinned,
    reasons,
    same_meaning,
    with_noise_control,
)

ENTITIES = {
    "acme": Entity("acme", "Acme", ("Acme", "Acme Widgets", "@daughter")),
    "daughter": Entity("daughter", "Daughter", ("آکمی", "Widgetry*")),
}
DOCUMENT = Document(
    title="Dockers strike at the port",
    body="The walkout began on Monday. Acme Widgets says that nobody at the old harbour of the town went to work, or to court.",
    source="daily",
    domain="daily.example",
    url="https://daily.example/news/1",
    language="en",
    tags=("sport", "work"),
    published_at=datetime(2026, 3, 2, 12, tzinfo=UTC),
    words=22,
)


def told(query: str) -> tuple[bool, tuple[str, ...]]:
    finding = explain(query, ENTITIES, DOCUMENT)
    assert finding.holds == (compile_query(query, ENTITIES).match(DOCUMENT) is not None)
    return finding.holds, reasons(finding)


@pytest.mark.parametrize(
    ("query", "holds", "why"),
    [
        ("strike", True, ("strike stands in the title",)),
        ("dockers walkout", True, ("dockers stands in the title", "walkout stands in the body")),
        ("zeppelin", False, ("zeppelin stands nowhere",)),
        ("strike zeppelin", False, ("zeppelin stands nowhere",)),
        ("zeppelin OR balloon", False, ("zeppelin stands nowhere", "balloon stands nowhere")),
        ("zeppelin OR strike", True, ("strike stands in the title",)),
        ("strike NOT walkout", False, ("excluded: walkout stands in the body",)),
        ("strike -zeppelin", True, ("strike stands in the title", "without: zeppelin stands nowhere")),
        ("strike -(walkout zeppelin)", True, ("strike stands in the title", "without: zeppelin stands nowhere")),
        ("lang:fa strike", False, ("lang:fa: the article has en",)),
        ("tag:politics strike", False, ("tag:politics: the article has sport, work",)),
        ("words>=100 strike", False, ("words>=100: the article has 22",)),
        ("date>=2026-04 strike", False, ("date>=2026-04: the article has 2026-03-02 12:00 UTC",)),
        ("country:NO strike", False, ("country:NO: the article has none",)),
        ("title:walkout", False, ("title:walkout stands nowhere",)),
        ("title:(walkout OR harbour)", False, ("title:walkout stands nowhere", "title:harbour stands nowhere")),
        ("harbour NEAR/3 court", False, ("NEAR/3 of harbour and court: words between them: 8",)),
        ("harbour NEAR/3 zeppelin", False, ("zeppelin stands nowhere",)),
        ("strike NEAR/9 court", False, ("NEAR/9 of strike and court: they never stand in one field",)),
        ("court ONEAR/20 harbour", False, ("ONEAR/20 of court and harbour: they never stand in one field, in this order",)),
        ("harbour NOT NEAR/20 court", False, ("NOT NEAR/20 of harbour and court: words between them: 8",)),
        ("ATLEAST/2(harbour OR zeppelin)", False, ("ATLEAST/2 of (harbour OR zeppelin): 1 of 2 places",)),
        ("@acme", True, ("@acme stands in the body as Acme Widgets",)),
        ("@daughter", False, ("@daughter stands nowhere",)),
    ],
)
def test_the_leaves_that_decide_are_named(query: str, holds: bool, why: tuple[str, ...]) -> None:
    assert told(query) == (holds, why)


def test_every_part_tells_what_it_found_by_itself() -> None:
    finding = explain("(harbour NEAR/3 court) title:(strike OR zeppelin)", ENTITIES, DOCUMENT)
    near, field = finding.parts
    assert (finding.words, finding.holds, near.words, near.holds, field.words, field.holds) == (
        "AND", False, "NEAR/3", False, "title:", True,
    )  # fmt: skip
    assert [(part.words, [DOCUMENT.body[span.start : span.end] for span in part.spans]) for part in near.parts] == [
        ("harbour", ["harbour"]),
        ("court", ["court"]),
    ]
    strike, zeppelin = field.parts[0].parts
    assert (strike.holds, zeppelin) == (True, Finding("title:zeppelin", holds=False, leaf=True))


def test_near_tells_the_shortest_distances() -> None:
    document = Document("", "bank one fraud " + "word " * 30 + "bank two two two two two two fraud")
    finding = explain("bank NEAR/3 fraud", {}, document)
    assert finding.detail == "words between them: 1, 6, 30"


# ---------------------------------------------------------------- examples


def rule(query: str, **values: object) -> RuleSpec:
    return replace(RuleSpec("r", "R", query), **values)  # type: ignore[arg-type]


def test_examples_that_hold_say_nothing() -> None:
    spec = rule("@acme court", should_match=(Example("Acme in court"),), should_not_match=(Example("The court rose"),))
    assert failing_examples(spec, ENTITIES) == ()
    assert failing_examples(rule("strike"), ENTITIES) == ()


def test_a_failing_example_says_which_leaf_was_missing_or_hit() -> None:
    spec = rule(
        "@acme court -sport",
        should_match=(Example("Acme in court"), Example("Acme in a tribunal", title="Verdict")),
        should_not_match=(Example("court and sport, says Acme"), Example("Acme Widgets in court")),
    )
    missed, found = failing_examples(spec, ENTITIES)
    assert (missed.kind, missed.place, missed.reasons) == ("should_match", 1, ("court stands nowhere",))
    assert str(missed) == "the rule does not find “Verdict Acme in a tribunal”"
    assert (found.kind, found.place) == ("should_not_match", 1)
    assert found.reasons[:2] == ("@acme stands in the body as Acme Widgets", "court stands in the body")


def test_examples_know_what_is_written_of_them() -> None:
    example = Example("strike", source="daily", url="https://www.daily.example/a", language="fa", group="state", words=300)
    for query in ("lang:fa strike", "source:daily", "domain:daily.example", "group:state", "words>=300"):
        assert failing_examples(rule(query, should_match=(example,)), {}) == ()
    assert failing_examples(rule("strike", should_not_match=(example,), exclude_groups=("state",)), {}) == ()
    (failure,) = failing_examples(rule("strike", should_match=(example,), exclude_sources=("daily",)), {})
    assert failure.reasons == ('excluded: source:"daily": the article has daily',)


def test_short_examples_are_no_test_of_the_length() -> None:
    spec = rule("strike", min_words=100, should_match=(Example("a strike"), Example("a strike", words=100)))
    assert failing_examples(spec, {}) == ()
    (failure,) = failing_examples(rule("strike", min_words=101, should_match=(Example("a strike", words=100),)), {})
    assert failure.reasons == ("words>=101: the article has 100",)


# ---------------------------------------------------------------- noise control


def test_noise_control_is_a_part_of_the_query() -> None:
    spec = rule("strike # or not", min_words=20, exclude_sources=("daily", "wire"), exclude_groups=("state tv",))
    compiled = compile_query(with_noise_control(spec).query, {})
    fine = replace(DOCUMENT, source="herald")
    assert compiled.match(fine) is not None
    for bad in (DOCUMENT, replace(fine, words=19), replace(fine, group="state tv"), replace(fine, source="wire")):
        assert compiled.match(bad) is None
    assert with_noise_control(rule("strike")) == rule("strike")


def test_or_stays_together_under_noise_control() -> None:
    compiled = compile_query(with_noise_control(rule("strike OR walkout", exclude_sources=("daily",))).query, {})
    assert compiled.match(DOCUMENT) is None


# ---------------------------------------------------------------- versions


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("a   b # and nothing else", True),
        ("a AND b", True),
        ("(a b)", True),
        ('"a" b', True),
        ("b a", False),
        ("a OR b", False),
        ("a =b", False),
        ("a bbb*", False),
    ],
)
def test_layout_makes_no_version(other: str, same: bool) -> None:
    assert same_meaning(rule("a b"), rule(other)) == same
    assert same_meaning(rule("a b"), rule("a b", note="x", name="y", should_match=(Example("a b"),)))


@pytest.mark.parametrize(
    "noise", [{"min_words": 2}, {"exclude_sources": ("x",)}, {"exclude_groups": ("x",)}, {"first_of_story": True}]
)
def test_noise_control_makes_a_version(noise: dict[str, object]) -> None:
    assert not same_meaning(rule("a"), rule("a", **noise))


def test_the_aliases_used_are_those_of_inner_entities_too() -> None:
    assert aliases_used("strike", ENTITIES) == {}
    assert aliases_used("(strike NEAR/3 @acme) OR title:@daughter", ENTITIES) == {
        "acme": ("Acme", "Acme Widgets", "آکمی", "Widgetry*"),
        "daughter": ("آکمی", "Widgetry*"),
    }


def test_a_pinned_version_keeps_its_aliases_beside_others() -> None:
    old = rule("@acme NEAR/9 @daughter OR @acme")
    aliases = aliases_used(old.query, ENTITIES)
    today = {"acme": Entity("acme", "Acme", ("Nobody",))}
    frozen, entities = pinned(old, 3, aliases)
    assert frozen.query == "@acme--r-v3 NEAR/9 @daughter--r-v3 OR @acme--r-v3"
    match = compile_query(frozen.query, today | {entity.slug: entity for entity in entities}).match(DOCUMENT)
    assert match is not None
    assert match.aliases == ("Acme Widgets",)
