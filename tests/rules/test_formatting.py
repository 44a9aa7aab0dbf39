"""The canonical form: what it looks like, that it means the same, and that comments stay."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.errors import RuleSyntaxError
from aggregator.rules import canonical, parse
from aggregator.rules.syntax import Place
from tests.rules.generating import queries

NOWHERE = Place(0, 0)


def tree(part: Any) -> Any:
    """A syntax tree without the places in its text."""
    if isinstance(part, tuple):
        return tuple(map(tree, part))
    if not is_dataclass(part) or not hasattr(part, "at"):
        return part
    parts = {field.name: tree(getattr(part, field.name)) for field in fields(part) if field.name != "at"}
    return replace(part, at=NOWHERE, **parts)  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("query", "form"),
    [
        ("a  b", "a AND b"),
        ("a -b OR c", "(a AND NOT b) OR c"),
        ("((a))", "a"),
        ("a (b (c d))", "a AND (b AND (c AND d))"),
        ("a NEAR b ONEAR/2 (c NEAR d)", "a NEAR/5 b ONEAR/2 (c NEAR/5 d)"),
        ("a NOT NEAR (b OR c)", "a NOT NEAR/5 (b OR c)"),
        ("NOT (a NEAR b) NOT NOT c", "NOT a NEAR/5 b AND NOT NOT c"),
        ("TITLE:(a) lead:(a b) body:ATLEAST/2( a OR b )", "title:a AND lead:(a AND b) AND body:ATLEAST/2(a OR b)"),
        ("“Press\n freedom*” =«Le  Monde»~2 =MEK", '"Press freedom"* AND ="Le Monde"~2 AND =MEK'),
        ('צה"ל "צה"ל"', 'צה"ל AND "צה"ל"'),
        ("Date >= 2024-01 LANG:( fa OR “e n” ) url:«/x/»", 'date>=2024-01 AND lang:(fa OR "e n") AND url:"/x/"'),
        (r"url:/x\/./i title:/a b/ w", r"url:/x\/./i AND title:/a b/ AND w"),
        ('tag:"#x" tag:"a)" age<7D', 'tag:#x AND tag:"a)" AND age<7D'),
        ('tag:"# x"', 'tag:"# x"'),
        ("# why\na # one\n  # two\nb # three\n# four\n# five", "# why\na # one\n# two\nAND b # three\n# four\n# five"),
        ("(a # one\n OR b # two\n) c", "(\n  a # one\n  OR b # two\n)\nAND c"),
        ("a NEAR # one\n (b OR c) # two", "a # one\nNEAR/5 (b OR c) # two"),
        ("lang:(fa # one\nOR en # two\n) a", "lang:(fa OR en) # one\n# two\nAND a"),
        ("( # one\na)", "# one\na"),
        ("a #", "a #"),
    ],
)
def test_the_form_of_a_query(query: str, form: str) -> None:
    assert canonical(query) == form
    assert canonical(form) == form


def test_what_is_long_gets_a_line_for_each_part() -> None:
    places = " OR ".join(f"harbour{number}" for number in range(12))
    query = f"(strike OR walkout) NEAR/9 ({places}) -title:({places}) ATLEAST/2({places})"
    written = canonical(query).splitlines()
    assert written[:4] == ["(strike OR walkout)", "NEAR/9 (", "  harbour0", "  OR harbour1"]
    assert {")", "AND NOT title:(", "AND ATLEAST/2("} <= set(written)
    assert tree(parse("\n".join(written)).root) == tree(parse(query).root)


def test_a_query_at_its_limits_keeps_its_meaning_or_says_so() -> None:
    deep = "(" * 29 + "a" + " OR b c)" * 29
    assert tree(parse(canonical(deep)).root) == tree(parse(deep).root)
    deeper = "(" * 30 + "a" + " OR b c)" * 30
    assert tree(parse(canonical(deeper)).root) == tree(parse(deeper).root)
    with pytest.raises(RuleSyntaxError, match="longer than 8 kB"):
        canonical("-ab " * 2000 + "c")
    with pytest.raises(RuleSyntaxError, match="never closed"):
        canonical("(a")


@st.composite
def _commented(draw: st.DrawFn) -> str:
    """A random query with some operators left out, and comments and line breaks between its parts."""
    pieces = draw(queries).split(" AND ")
    said = pieces[0]
    for piece in pieces[1:]:
        said += draw(st.sampled_from([" ", " AND ", " # why\nAND ", "\n\n # alone # twice\n", "\n#\n AND\t"])) + piece
    return said.replace(" OR ", draw(st.sampled_from([" OR ", " OR # either\n", "\n # or\nOR\n"])))


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(_commented())
def test_the_form_has_the_same_tree_and_comments_and_is_final(query: str) -> None:
    written = canonical(query)
    assert tree(parse(written).root) == tree(parse(query).root)
    assert canonical(written) == written

    def comments(text: str) -> list[str]:
        return [text[place.start + 1 : place.end].strip() for place in parse(text).comments]

    assert comments(written) == comments(query)
