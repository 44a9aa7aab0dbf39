"""What a match holds: spans, aliases, order; and where fields begin and end."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta

import pytest

from aggregator.model.rule import Document, Entity, Match, RuleSpec, Span
from aggregator.rules import Narrowing, compile_query, compile_rules
from aggregator.text import index_text

ENTITIES = {
    "acme": Entity("acme", "Acme", ("Acme", "Acme Widgets", "=ACM", "آکمه", "@parent")),
    "parent": Entity("parent", "Holding", ("Acme Hold*", "Acme")),
}


def match(query: str, title: str = "", body: str = "", authors: tuple[str, ...] = ()) -> Match | None:
    return compile_query(query, ENTITIES).match(Document(title, body, authors))


def spans(query: str, title: str = "", body: str = "", authors: tuple[str, ...] = ()) -> list[str]:
    found = match(query, title, body, authors)
    texts = {"title": title, "body": body, "author": ", ".join(authors)}
    return [f"{span.field}:{texts[span.field][span.start : span.end]}" for span in found.spans] if found else []


def test_spans_point_into_the_original() -> None:
    title, body = "Łódź: U.S. envoy", "The envoy\nof the US went to LODZ."
    assert match("lodz (US OR UK) -rain", title, body) == Match(
        "",
        (
            Span("title", 0, 4, "lodz"),
            Span("title", 6, 10, "US"),
            Span("body", 17, 19, "US"),
            Span("body", 28, 32, "lodz"),
        ),
        (),
    )


@pytest.mark.parametrize(
    ("query", "body", "expected"),
    [
        ("a OR (b c)", "a b", ["body:a"]),
        ("a OR (b c)", "a b c", ["body:a", "body:b", "body:c"]),
        ("a NOT b", "a c", ["body:a"]),
        ("NOT b", "a", []),
        ("a NEAR/1 b", "a x b x x a x x b a", ["body:a", "body:b", "body:b", "body:a"]),
        ("a ONEAR/1 b", "a x b x x b a", ["body:a", "body:b"]),
        ("(a NEAR/1 b) NEAR/1 c", "a b x c x x a b", ["body:a", "body:b", "body:c"]),
        ("a NOT NEAR/1 b", "a b x x a", ["body:a"]),
        ("a NEAR/1 a", "a x a x x x a", ["body:a", "body:a"]),
        ('"a b" NEAR/3 b', "a b", []),
        ('"a b c"~2', "a x b x c", ["body:a x b x c"]),
        ('"a b c"~2', "a x b x x c", []),
        ('"a b"~2', "b a", []),
        ('"a b"~5', "a a x b b", ["body:a x b"]),
        ('"a b"~1', "a b x a x b", ["body:a b", "body:a x b"]),
        ('"a a"~2', "a", []),
        ('"a a"~2', "a x a x a", ["body:a x a", "body:a x a"]),
        ('="A b"~2', "a b A x b", ["body:A x b"]),
        ('"a wid*"~2', "a very wide widget", ["body:a very wide"]),
        ('ATLEAST/2("a b"~2)', "a x b a b", ["body:a x b", "body:a b"]),
        ('"a b"~2 NEAR/1 c', "a b x x c a x b c", ["body:c", "body:a x b", "body:c"]),
        ('"کتابهای او"~1', "کتاب\u200cهای تازه او", ["body:کتاب\u200cهای تازه او"]),
        ("ATLEAST/2(a OR b)", "a x b", ["body:a", "body:b"]),
        ("ATLEAST/2(a OR A)", "a x", []),
        ('"p q" OR p', "p q", ["body:p", "body:p q"]),
        ('"a wid*"', "a widget", ["body:a widget"]),
        ("wid*", "widget wide WI", ["body:widget", "body:wide"]),
        ("中国", "新中国", ["body:中国"]),
        ("کتابهای", "کتاب\u200cهای", ["body:کتاب\u200cهای"]),
    ],
)
def test_which_hits_give_spans(query: str, body: str, expected: list[str]) -> None:
    assert spans(query, "", body) == expected


@pytest.mark.parametrize(
    ("query", "title", "body", "expected"),
    [
        (r"a /\d+/", "a ۱۴۰۲", "1 a", ["title:a", "title:۱۴۰۲", "body:1", "body:a"]),
        (r"title:/\w+-\w+/", "Łódź-Widzew", "b-c", ["title:Łódź-Widzew"]),
        (r"body:/[\w.]+@[\w.]+/ AND write", "", "write to ünal@example.org now", ["body:write", "body:ünal@example.org"]),
        ("a /B.D/i", "", "a bcd", ["body:a", "body:bcd"]),
        ("a /B.D/", "", "a bcd", []),
        ("a NOT /b.d/", "", "a bcd", []),
        ("a NOT /b.d/", "", "a b", ["body:a"]),
        ("a (/bcd/ OR /ce/)", "", "a bcd", ["body:a", "body:bcd"]),
        ("a lead:/b$/", "", "a b" + " c" * 98 + " b", []),
        ("a lead:/c$/", "", "a b" + " c" * 98 + " b", ["body:a", "body:c"]),
        ("a quoted:/^b+$/", "", "a bb «bb» bb", ["body:a", "body:bb"]),
        ("a /c\\/d/", "", "a c/d", ["body:a", "body:c/d"]),
        ("a /c.d/", "", "a c\ud800d", ["body:a", "body:c\ud800d"]),
        ("a /c.d/", "", "a c\0d", ["body:a", "body:c\0d"]),
        ("a /😀/", "", "😀 a 😀", ["body:😀", "body:a", "body:😀"]),
        (r"a /\Q(x\E[)]/", "", "a (x)", ["body:a", "body:(x)"]),
    ],
)
def test_regular_expressions_look_at_the_original(query: str, title: str, body: str, expected: list[str]) -> None:
    assert spans(query, title, body) == expected


def test_a_regular_expression_over_authors() -> None:
    assert spans("x author:/^B.+e$/", "x", "", ("Ada Example", "Bo Else")) == ["title:x", "author:Bo Else"]


def test_title_and_body_never_meet() -> None:
    assert match('"a b"', "a", "b") is None
    assert match("a NEAR/100 b", "a", "b") is None
    assert match("a b", "a", "b") is not None


def test_the_lead_is_title_and_a_hundred_tokens() -> None:
    body = "x " * 98 + "two words late"
    assert spans('lead:"two words"', "", body) == ["body:two words"]
    assert spans("lead:late", "", body) == []
    assert spans("lead:late", "late", body) == ["title:late"]


def test_quoted_and_unquoted_part_the_text() -> None:
    title, body = "“Strike now”, they say", "The strike began. «A strike,\nshe said, «is a right».\n“Strike, the right."
    assert spans("quoted:strike", title, body) == ["title:Strike", "body:strike", "body:Strike"]
    assert spans("unquoted:strike", title, body) == ["body:strike"]
    assert spans('quoted:"right strike"', title, body) == [], "a phrase stands within one quotation"
    assert spans('quoted:"strike right"~2', title, body) == ["body:Strike, the right"]
    assert spans("quoted:right NEAR/2 unquoted:said", title, body) == ["body:said", "body:right"]
    assert spans('unquoted:"now they"', title, body) == []
    assert spans('unquoted:"began said"~9', title, body) == [], "nothing of a stretch may be quoted"
    assert spans('quoted:="Strike now"', title, body) == ["title:Strike now"]


def test_an_author_is_near_no_word_of_the_text_and_in_no_place_of_it() -> None:
    assert match("a NEAR/100 author:neil", "a", "", ("Neil",)) is None
    assert match("a NOT NEAR/100 author:neil", "a", "", ("Neil",))
    assert spans("ATLEAST/2(a OR author:neil)", "a", "", ("Neil",)) == ["title:a", "author:Neil"]
    assert spans('author:(neil NEAR/2 "a b")', "", "", ("Ada", "Neil A B")) == ["author:Neil", "author:A B"]


def test_authors_are_a_field_of_their_own() -> None:
    assert spans('author:"ada example"', "", "", ("Bo Else", "Ada Example")) == ["author:Ada Example"]
    assert spans("ada", "", "", ("Ada Example",)) == []
    assert spans('author:"else ada"', "", "", ("Bo Else", "Ada Example")) == []
    assert spans("author:ada NEAR/100 author:else", "", "", ("Bo Else", "Ada Example")) == []


def test_aliases_are_told_as_configured_in_order_of_occurrence() -> None:
    found = match("@acme", "آكمه and ACM", "acm; the Acme Holdings of ACME widgets")
    assert found is not None
    assert found.aliases == ("آکمه", "=ACM", "Acme Hold*", "Acme Widgets")
    assert {span.leaf for span in found.spans} == {"@acme"}
    assert [(span.start, span.end, span.alias) for span in found.spans if span.field == "body"] == [
        (9, 22, "Acme Hold*"),
        (26, 38, "Acme Widgets"),
    ], "who wrote the long name used that one, not the short one inside it"


def test_a_word_has_the_query_s_own_words_as_leaf() -> None:
    found = match('title:="Le  Monde" "big wid"* par*', "Le\nMonde", "big widget Paris")
    assert found is not None
    assert [span.leaf for span in found.spans] == ['="Le  Monde"', '"big wid"*', "par*"]


def test_exact_words_take_composed_and_decomposed_letters_alike() -> None:
    assert spans("=Łódź", "", "Ło\u0301dz\u0301 lodz") == ["body:Ło\u0301dz\u0301"]
    assert spans("=Lo\u0301dz", "", "Lódz") == ["body:Lódz"]


def test_a_match_keeps_its_first_spans() -> None:
    found = match("a OR @acme", "", "a " * 500 + "Acme")
    assert found is not None
    assert len(found.spans) == 200
    assert found.spans[-1].start == 398
    assert found.aliases == ("Acme",)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("source:WIRE-one", True),
        ("source:wire", False),
        ("lang:(en OR fa)", True),
        ("country:no", True),
        ("group:Wire", True),
        ("tag:Politics", True),
        ("tag:sport", False),
        ("domain:example.org", True),
        ("domain:www.example.org", True),
        ("domain:ample.org", False),
        ('url:"/2024/"', True),
        (r"url:/\/\d{4}\/a/", True),
        ("url:/NEWS/i", True),
        ("url:/NEWS/", False),
        ('url:"A?B=C"', True),
        ("date:2024-02-29", True),
        ("date:2024-02", True),
        ("date:۲۰۲۴", True),
        ("date:2024-03", False),
        ("date:2024-02-29..2024-03-05", True),
        ("date:..2024-02-28", False),
        ("date:2024-02-29..", True),
        ("date>2024-02-28", True),
        ("date>2024-02-29", False),
        ("date >= 2024-02-29", True),
        ("date<2024-02-29", False),
        ("date<=2024-02", True),
        ("date:(2023 OR 2024-02)", True),
        ("words>=300", True),
        ("words<300", False),
        ("words:100..300", True),
        ("words:299", False),
        ("NOT lang:en", False),
    ],
)
def test_keys(query: str, expected: bool) -> None:
    document = Document(
        "",
        "",
        source="wire-one",
        domain="news.example.org",
        url="https://news.example.org/2024/a?b=c",
        language="en",
        country="NO",
        group="wire",
        tags=("politics",),
        published_at=datetime(2024, 2, 29, 23, 30, tzinfo=UTC),
        words=300,
    )
    found = compile_query(query, {}).match(document)
    assert found == (Match("", (), ()) if expected else None)
    if "date" in query:
        assert compile_query(query, {}).match(Document("", "")) is None


@pytest.mark.parametrize(
    ("query", "hours", "expected"),
    [
        ("age<12h", 12, False),
        ("age<=12h", 12, True),
        ("age>12h", 12, False),
        ("age>=12h", 12, True),
        ("age>=720MIN", 12, True),
        ("age:12h..1d", 12, True),
        ("age:13h..1w", 12, False),
        ("age:(..1h OR 12h..)", 12, True),
        ("age<1h", -1, True),
        ("age>=0h", -1, False),
    ],
)
def test_age_counts_back_from_the_instant_of_the_question(query: str, hours: int, expected: bool) -> None:
    at = datetime(2024, 2, 29, 23, 30, tzinfo=UTC)
    now = at + timedelta(hours=hours)
    compiled = compile_query(query, {})
    assert (compiled.match(Document("", "", published_at=at), now) is not None) is expected
    assert compiled.match(Document("", ""), now) is None, "what has no date has no age"
    rules = compile_rules([RuleSpec("a", "", query)], ())
    assert bool(rules.match(Document("", "", published_at=at), now)) is expected


def test_age_without_an_instant_is_an_error_and_no_guess() -> None:
    compiled = compile_query("a age<1d", {})
    with pytest.raises(ValueError, match="instant of the question"):
        compiled.match(Document("a", "", published_at=datetime(2024, 1, 1, tzinfo=UTC)))
    assert (compiled.narrowing().fts, compiled.narrowing().exact) == ('"a"', False)


def test_age_narrows_to_dates() -> None:
    now = datetime(2024, 1, 31, tzinfo=UTC)
    narrowing = compile_query("a age:1d..7d", {}).narrowing(now)
    assert narrowing.exact
    assert narrowing.date_from == datetime(2024, 1, 24, tzinfo=UTC)
    assert narrowing.date_to == datetime(2024, 1, 30, 0, 0, 0, 1, tzinfo=UTC)


def test_a_hostile_text_takes_no_more_than_its_length() -> None:
    body = "a b " * 10_000
    for query in (
        "a NEAR/100 b",
        "(a NEAR/100 b) NEAR/100 a",
        "a NOT NEAR/100 c",
        "ATLEAST/1000(a OR b)",
        '"a b a" ONEAR/100 "b a b"',
        '"a b a b"~100',
    ):
        found = match(query, "", body)
        assert found is not None
        assert len(found.spans) == 200


def test_a_rule_set_keeps_the_order_of_its_rules_and_leaves_out_the_disabled() -> None:
    rules = [
        RuleSpec("z", "", "b"),
        RuleSpec("off", "", "a", enabled=False),
        RuleSpec("k", "", "-c"),
        RuleSpec("a", "", "a NEAR b"),
    ]
    rule_set = compile_rules(rules, [])
    assert [found.rule for found in rule_set.match(Document("a", "a b"))] == ["z", "k", "a"]
    assert len(rule_set) == 3
    assert set(rule_set.warnings) == {"k"}


def test_a_rule_set_travels_to_another_process() -> None:
    rule_set = compile_rules([RuleSpec("a", "", "@acme NEAR/3 par*"), RuleSpec("b", "", 'lang:fa ="X y"')], ENTITIES.values())
    document = Document("Acme in Paris", "X y", language="fa")
    assert pickle.loads(pickle.dumps(rule_set)).match(document) == rule_set.match(document) != ()


def test_a_regular_expression_travels_and_takes_linear_time() -> None:
    rule_set = compile_rules([RuleSpec("a", "", "a /(a|aa)+$/"), RuleSpec("b", "", r"title:/(\w+\s?)+!/i")], ())
    document = Document("a " * 5_000, "a" * 50_000 + "b")
    assert pickle.loads(pickle.dumps(rule_set)).match(document) == ()


def test_narrowing_of_a_plain_query_is_exact() -> None:
    narrowing = compile_query('title:"a b" par* -(c OR d) lang:fa date:2024', {}).narrowing()
    assert narrowing.fts == '((title : "a b" AND "par" *) NOT ("c" OR "d"))'
    assert narrowing.languages[0] == "fa"
    assert (narrowing.date_from, narrowing.date_to) == (datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))
    assert narrowing.exact


@pytest.mark.parametrize(
    ("query", "fts"),
    [
        ("=US", '"us"'),
        ("a ONEAR b", 'NEAR("a" "b", 5)'),
        ("a NEAR/3 a", 'NEAR("a" "a", 3)'),
        ('"a b" NEAR/3 "b c"', 'NEAR("a b" "b c", 3)'),
        ("abc* NEAR/3 abd", 'NEAR("abc" * "abd", 3)'),
        ("title:a NEAR/3 =B", 'title : NEAR("a" "b", 3)'),
        ("title:a NEAR/3 body:b", 'title : NEAR("a" "b", 3)'),
        ("a NEAR/3 (b NEAR c)", '("a" AND NEAR("b" "c", 5))'),
        ("a NEAR/3 author:b", '"a"'),
        ('"a b c"~2', 'NEAR("a" "b" "c", 3)'),
        ("a NOT NEAR b", '"a"'),
        ("ATLEAST/2(a)", '"a"'),
        ("a -(b ONEAR c)", '"a"'),
        ("a -lang:fa", '"a"'),
        ("a OR lang:fa", None),
        ("a OR author:b", None),
        ("a author:=b", '"a"'),
        ("NOT a", None),
    ],
)
def test_narrowing_that_leaves_work_to_the_matcher(query: str, fts: str | None) -> None:
    narrowing = compile_query(query, {}).narrowing()
    assert (narrowing.fts, narrowing.exact) == (fts, False)


@pytest.mark.parametrize(
    ("query", "fts"),
    [
        ("a NEAR b", 'NEAR("a" "b", 5)'),
        ('(a OR "b c") NEAR/3 title:d', '(title : NEAR("a" "d", 3) OR title : NEAR("b c" "d", 3))'),
        ("a -(b NEAR/2 c)", '("a" NOT NEAR("b" "c", 2))'),
    ],
)
def test_a_nearness_of_words_that_cannot_overlap_needs_no_matcher(query: str, fts: str) -> None:
    narrowing = compile_query(query, {}).narrowing()
    assert (narrowing.fts, narrowing.exact) == (fts, True)


def test_a_nearness_of_many_alternatives_asks_for_the_words() -> None:
    ten = " OR ".join(f"w{number}" for number in range(10))
    narrowing = compile_query(f"({ten}) NEAR ({ten.replace('w', 'v')})", {}).narrowing()
    assert "NEAR" not in (narrowing.fts or "NEAR")
    assert not narrowing.exact


def test_keys_without_a_word_narrow_too() -> None:
    query = "words>=200 words:100..900 tag:(sport OR x) tag:y domain:www.Outlet.example url:/Live/ date>2024"
    narrowing = compile_query(query, {}).narrowing()
    assert (narrowing.least_words, narrowing.most_words) == (200, 900)
    assert {"sport", "x"} <= set(narrowing.tags)
    assert (narrowing.domains, narrowing.date_from) == (("outlet.example",), datetime(2025, 1, 1, tzinfo=UTC))
    either = compile_query("(words<100 tag:x) OR (words:200..300 tag:y)", {}).narrowing()
    assert (either.least_words, either.most_words, "x" in either.tags, "y" in either.tags) == (None, 300, True, True)
    assert not narrowing.exact
    assert not either.exact
    assert compile_query("words>=200 lang:fa", {}).narrowing().exact
    assert compile_query("NOT words>=200 NOT lang:fa", {}).narrowing() == Narrowing()


@pytest.mark.parametrize(
    ("query", "by", "titled"),
    [
        ("author:jo", [True, True, False, False], None),
        ("author:(jo OR کیان) -strike", [True, True, True, False], None),
        ('author:"jo dock"~2 date>2026-01', [False, True, False, False], None),
        ("strike author:/^Jo / words>5", [False, True, False, False], None),
        ("author:=jo OR author:=Jo", [False, True, False, False], None),
        ("author:jo title:/Port/i", [True, True, False, False], [True, False]),
        ("title:/Port/ OR title:/sea/", None, [False, True]),
        ("author:jo OR title:/port/", None, None),
        ("author:jo OR lang:fa", None, None),
        ("-author:jo", None, None),
        ("strike", None, None),
    ],
)
def test_what_is_asked_of_authors_and_titles_alone(query: str, by: list[bool] | None, titled: list[bool] | None) -> None:
    narrowing = compile_query(query, {}).narrowing()
    bylines = (("JO",), ("Kim", "Jo B. Dock"), ("کیان رضا",), ())
    assert (narrowing.authors is None) is (by is None)
    assert [narrowing.may_be_by(authors) for authors in bylines] == (by or [True] * 4)
    assert (narrowing.titles is None) is (titled is None)
    assert [narrowing.may_be_titled(title) for title in ("A port", "The sea")] == (titled or [True] * 2)
    assert narrowing.exact is (query in ("author:jo", "strike"))


@pytest.mark.parametrize(
    ("query", "byline", "exact"),
    [
        ("author:jo", '"jo"', True),
        ('author:"jo dock" strike lang:fa', '"jo dock"', True),
        ("author:(jo OR kim*)", '("jo" OR "kim" *)', True),
        ("author:jo author:kim", '("jo" AND "kim")', True),
        ("author:=Jo", '"jo"', False),
        ('author:"jo dock"~2', '("jo" AND "dock")', False),
        ("author:(jo NEAR kim)", '("jo" AND "kim")', False),
        ("(author:jo strike) OR (author:kim port)", '("jo" OR "kim")', False),
        ("author:jo -author:kim", '"jo"', False),
        ("strike -author:jo", None, False),
        ("author:jo OR strike", None, False),
        ("strike author:/jo/", None, False),
    ],
)
def test_what_the_index_of_authors_is_asked(query: str, byline: str | None, exact: bool) -> None:
    narrowing = compile_query(query, {}).narrowing()
    assert (narrowing.byline, narrowing.exact) == (byline, exact)


def test_what_cannot_match_still_narrows_to_a_superset() -> None:
    narrowing = compile_query("a source:x source:y", {}).narrowing()
    assert "x" in narrowing.sources
    assert not narrowing.exact


def test_the_index_keeps_the_tokens_of_every_script() -> None:
    assert index_text("U.S. کتاب‌ها 中国 “Łódź”\x00") == "us کتاب ها 中 国 lodz"
