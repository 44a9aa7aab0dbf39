"""Wrong queries: what is said, where, and how to mend it. Remarks on queries that are merely doubtful."""

from __future__ import annotations

import pytest

from aggregator.errors import ConfigErrors, RuleSyntaxError
from aggregator.model.rule import Entity, RuleSpec
from aggregator.rules import compile_query, compile_rules, entity_errors, explain_error, parse

ENTITIES = {
    "acme": Entity("acme", "", ("Acme",)),
    "loop": Entity("loop", "", ("Loop", "@ring")),
    "ring": Entity("ring", "", ("@loop",)),
    "many": Entity("many", "", tuple(f"name {number}" for number in range(501))),
    "empty": Entity("empty", "", ()),
}


def syntax_error(query: str) -> RuleSyntaxError:
    with pytest.raises(RuleSyntaxError) as caught:
        compile_query(query, ENTITIES)
    return caught.value


@pytest.mark.parametrize(
    ("query", "line", "column", "length", "message", "hint"),
    [
        ("", 1, 1, 1, "the query is empty", "at least one word"),
        (" # only a comment", 1, 1, 1, "the query is empty", ""),
        ("(a OR b", 1, 1, 1, "never closed", "add )"),
        ("x (a AND\n (b OR c)", 1, 3, 1, "never closed", "add )"),
        ("a)", 1, 2, 1, "closes nothing", ""),
        ("a ()", 1, 3, 1, "nothing between", ""),
        ("a AND", 1, 5, 1, "the query ends", ""),
        ("a OR\nOR b", 2, 1, 2, "OR needs a word before", ""),
        ("NOT", 1, 1, 3, "NOT needs something", ""),
        ("a - b", 1, 3, 1, "a dash of its own", "-word"),
        ("a –b", 1, 3, 1, "– is not an operator", "did you mean -?"),
        ("!a", 1, 1, 1, "! is not an operator", "NOT"),
        ("a|b", 1, 2, 1, "| is not an operator", "OR"),
        ("titel:x", 1, 1, 6, "no field or key titel:", "did you mean title:?"),
        ("http://example.org", 1, 1, 5, "no field or key http:", "quotes"),
        ("a NEAR/0 b", 1, 3, 6, "from 1 to 100", "NEAR/5"),
        ("a NEAR/101 b", 1, 3, 8, "from 1 to 100", ""),
        ("a NEAR/x b", 1, 3, 6, "from 1 to 100", ""),
        ("a NEAR (b c)", 1, 9, 3, "AND cannot stand inside NEAR", "(a NEAR/5 c) AND"),
        ("a NEAR lang:fa", 1, 8, 7, "a key cannot stand inside NEAR", ""),
        ("a NEAR -b", 1, 8, 1, "NEAR needs a word after", "NOT NEAR"),
        ("ATLEAST/2 a", 1, 1, 9, "needs parentheses", ""),
        ("me*", 1, 1, 3, "three letters", ""),
        ("m*k", 1, 2, 1, "only stand at the end", ""),
        ('"a* b"', 1, 3, 1, "only stand at the end of a phrase", "ONEAR"),
        ("wom?n", 1, 4, 1, "? does not stand for a letter", "OR"),
        ('a "b', 1, 3, 1, "never closed", 'add "'),
        ('"..."', 1, 1, 5, "no letter or digit", ""),
        ("a & b", 1, 3, 1, "& is not an operator", "AND"),
        ("=", 1, 1, 1, "needs a word or a phrase", ""),
        ("@acmee", 1, 1, 6, "no entity @acmee", "did you mean @acme?"),
        ("a @loop", 1, 3, 5, "circle: @loop > @ring > @loop", ""),
        ("@empty", 1, 1, 6, "no aliases", ""),
        ("a @many", 1, 3, 5, "more than 500 terms", ""),
        ("@", 1, 1, 1, "name of an entity", ""),
        ("title:NOT a", 1, 7, 3, "title: needs a word", "-title:word"),
        ("title:(a body:b)", 1, 10, 5, "body: stands inside title:", "side by side"),
        ("lang:", 1, 1, 5, "lang needs a value", ""),
        ("lang:(fa ar)", 1, 10, 2, "only OR", ""),
        ("lang:(fa OR ar", 1, 6, 1, "never closed", ""),
        ("lang:(OR fa)", 1, 6, 1, "a list of values", ""),
        ("lang>fa", 1, 6, 2, "cannot be compared", ""),
        ("date:2024-02-30", 1, 6, 10, "no day", "year-month-day"),
        ("date:1402", 1, 6, 4, "out of range", "Gregorian"),
        ("date:yesterday", 1, 6, 9, "no date", "2024-03-05"),
        ("date:2024..2023", 1, 6, 10, "ends before it begins", ""),
        ("date:..", 1, 6, 2, "at least one end", ""),
        ("words>many", 1, 7, 4, "no number", ""),
        ("words:9..1", 1, 7, 4, "ends before it begins", ""),
        ('"a b"~0', 1, 6, 2, "from 1 to 100", '"two words"~3'),
        ('"a b"~', 1, 6, 1, "from 1 to 100", ""),
        ('"a b"~x y', 1, 6, 2, "from 1 to 100", ""),
        ('"a b" ~3', 1, 7, 1, "belongs behind a phrase", ""),
        ('"ab"~3', 1, 1, 6, "two words or more", "leave out"),
        ("quoted:(a title:b)", 1, 11, 6, "title: stands inside quoted:", "side by side"),
        ("title:/a b", 1, 7, 1, "never closed", "quotes"),
        ("title:/a/b/", 1, 10, 2, "second slash", r"\/"),
        ("title:/(/", 1, 7, 3, "no regular expression of RE2: missing )", ""),
        ("title:/a*/", 1, 7, 4, "even nothing", "one character"),
        (r"title:/\bfoo/", 1, 7, 7, "ASCII words only", "PL"),
        (r"title:/[\W]/", 1, 7, 6, "between [ and ]", ""),
        ("title:/" + r"\w{1,900}" + "/", 1, 7, 11, "too large", "repetitions"),
        ("title:/(a{1,100}){1,100}/", 1, 7, 19, "RE2: invalid repetition size", ""),
        ("/a b/", 1, 1, 5, "needs title: or url:", "word AND"),
        ("lang:fa body:/ab/i", 1, 14, 5, "needs title: or url:", ""),
        ("a OR /bc/", 1, 6, 4, "needs title: or url:", ""),
        ("a NEAR /bc/", 1, 8, 4, "a regular expression cannot stand inside NEAR", ""),
        ("ATLEAST/2(/bc/)", 1, 11, 4, "a regular expression cannot stand inside ATLEAST", ""),
        ("url:(/a/ OR b)", 1, 6, 3, "cannot stand in a list", "url:/one/"),
        ("url:/2024/05/", 1, 11, 3, "second slash", "quotes"),
        ("a " + "/bc/ " * 21, 1, 103, 4, "more than 20 regular", ""),
        ("age:3d", 1, 5, 2, "age: needs a span", "age<3d"),
        ("age<3", 1, 5, 1, "no age", "7d"),
        ("age>3m", 1, 5, 2, "no age", "min"),
        ("age:3d..1d", 1, 5, 6, "ends before it begins", "younger"),
        ("age:..", 1, 5, 2, "at least one end", ""),
        ("age>=99999w", 1, 6, 6, "hundred years", "date:"),
        ("a~2", 1, 2, 1, "belongs behind a phrase", '"two words"~3'),
        ("(" * 31 + "a" + ")" * 31, 1, 31, 1, "deeper than 30", ""),
        ("NOT " * 31 + "a", 1, 121, 3, "deeper than 30", ""),
        ("a NEAR " * 31 + "a", 1, 213, 4, "deeper than 30", ""),
        ("é" * 4097, 1, 1, 1, "longer than 8 kB", "split"),
        (" OR ".join(f"w{number}" for number in range(501)), 1, None, 4, "more than 500 terms", ""),
    ],
)  # fmt: skip
def test_an_error_says_what_where_and_how(
    query: str, line: int, column: int | None, length: int, message: str, hint: str
) -> None:
    error = syntax_error(query)
    assert message in error.message
    assert hint in error.hint
    assert (error.query_line, error.length) == (line, length)
    assert column in (None, error.column)


def test_the_explanation_points_at_the_place() -> None:
    assert explain_error(syntax_error("budget\n AND titel:tax")).splitlines() == [
        "line 2, column 6: there is no field or key titel:",
        "     AND titel:tax",
        "         ^~~~~~",
        "    did you mean title:?",
    ]


def test_wide_and_combining_characters_do_not_shift_the_caret() -> None:
    _, shown, caret, *_ = explain_error(syntax_error("中国 e\u0301 (x")).splitlines()
    assert shown.endswith("(x")
    assert caret == " " * (4 + 4 + 1 + 1 + 1) + "^"


def test_a_right_to_left_query_also_counts_words() -> None:
    assert explain_error(syntax_error("مجاهدین AND (خلق")).startswith("column 13, at word 3: this parenthesis")


def test_a_long_line_is_shown_around_the_place() -> None:
    shown = explain_error(syntax_error("word " * 200 + "m*k")).splitlines()[1:3]
    assert max(map(len, shown)) < 120
    assert shown[0][shown[1].index("^")] == "*"


@pytest.mark.parametrize(
    ("query", "remarks"),
    [
        ("a AND b", []),
        ("(a b) OR c", []),
        ("a OR b OR c", []),
        ("a b OR c", [(1, 5, "mixed")]),
        ("a OR\nb -c", [(1, 3, "mixed")]),
        ("(x OR (a OR b c))", [(1, 10, "mixed")]),
        ("a and b", [(1, 3, "taken as a word")]),
        ("a\nnear/3 b", [(2, 1, "taken as a word")]),
        ('a "and" b', []),
        ("a #b", [(1, 3, "#b is taken as the word b")]),
        ("lang:fa", [(1, 1, "every article")]),
        ("NOT a", [(1, 1, "every article")]),
        ("a OR NOT b", [(1, 1, "every article")]),
        ("a NOT b", []),
        ("a /bc/", []),
        ("title:/bc/", [(1, 1, "every article")]),
        ("a url:/bc/", [(1, 7, "this is the regular expression bc")]),
        ("a url:/b.c/", []),
        ("title:@x NOT NEAR b", []),
    ],
)
def test_remarks(query: str, remarks: list[tuple[int, int, str]]) -> None:
    found = parse(query).warnings
    assert [(warning.line, warning.column) for warning in found] == [remark[:2] for remark in remarks]
    assert all(said in warning.message and warning.hint for warning, (_, _, said) in zip(found, remarks, strict=True))


def test_all_errors_of_all_rules_come_at_once() -> None:
    rules = [
        RuleSpec("one", "", "(a"),
        RuleSpec("fine", "", "a"),
        RuleSpec("off", "", "(", enabled=False),
        RuleSpec("two", "", "@acm"),
    ]
    with pytest.raises(ConfigErrors) as caught:
        compile_rules(rules, ENTITIES.values())
    assert [error.key for error in caught.value.errors] == ["one", "two"]
    assert "did you mean @acme?" in str(caught.value)


def test_entities_are_checked_on_their_own() -> None:
    broken = [
        Entity("acme", "", ("Acme", "@acne")),
        Entity("acne2", "", (" ", "…", "ab*", "Fine")),
        Entity("loop", "", ("@ring", "@acme")),
        Entity("ring", "", ("@rong",)),
        Entity("rong", "", ("@loop",)),
        Entity("self", "", ("@self",)),
        Entity("none", "", ()),
        Entity("uses", "", ("@loop",)),
    ]
    found = [(error.key, error.message) for error in entity_errors(broken)]
    assert found == [
        ("entity.acme", "there is no entity @acne"),
        ("entity.acne2", "an alias is empty"),
        ("entity.acne2", "the alias '…' has no letter or digit"),
        ("entity.acne2", "the alias 'ab*' has less than three letters before the *"),
        ("entity.none", "the entity @none has no aliases"),
        ("entity.loop", "entities name each other in a circle: @loop > @ring > @rong > @loop"),
        ("entity.self", "entities name each other in a circle: @self > @self"),
    ]
    assert entity_errors([Entity("a", "", ("@b", "@c")), Entity("b", "", ("x", "@c")), Entity("c", "", ("y",))]) == []


def test_a_long_chain_of_entities_is_an_error_not_a_crash() -> None:
    chain = {f"e{number}": Entity(f"e{number}", "", (f"@e{number + 1}",)) for number in range(2000)}
    with pytest.raises(RuleSyntaxError, match="nested deeper"):
        compile_query("@e0", chain)
    assert [error.message for error in entity_errors(chain.values())] == ["there is no entity @e2000"]
