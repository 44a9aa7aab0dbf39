"""The parser accepts and refuses what an independent grammar does: lark's Earley parser over the published one."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import pytest
from lark import Lark, Token, Tree
from lark.exceptions import LarkError

from aggregator.errors import RuleSyntaxError
from aggregator.rules import parse

# Written from the language's description. What is no matter of grammar (nested fields, regular expressions that need a word) is
# checked on lark's tree below.
GRAMMAR = r"""
query: or
or: and (OR and)*
and: unary (AND? unary)*
unary: (NOT | MINUS) unary | prox
prox: atom | place (PROX place)+
atom: "(" or ")" | ATLEAST "(" places ")" | field | KEYED | ENTITY | REGEX | PHRASE | WORD
field: FIELD atom
places: near (OR near)*
near: place (PROX place)*
place: "(" places ")" | ATLEAST "(" places ")" | pfield | ENTITY | PHRASE | WORD
pfield: FIELD place

AND.9: /AND(?![^\s()"“”„«»])/
OR.9: /OR(?![^\s()"“”„«»])/
PROX.9: /(NOT(\s|#(?=[\s#])[^\n]*\n)+)?O?NEAR(\/0*([1-9][0-9]?|100))?(?![^\s()"“”„«»])/
NOT.8: /NOT(?![^\s()"“”„«»])/
ATLEAST.9: /ATLEAST\/0*([1-9][0-9]{0,2}|1000)(?![^\s()"“”„«»])/
MINUS.9: /-(?=[^\s-])/
FIELD.9: /(title|body|lead|text|author|quoted|unquoted|cites):/i
KEYED.9: /lang:(\s|#(?=[\s#])[^\n]*\n)*(["“”„«»]\s*[^\s()"“”„«»*][^"“”„«»]*["“”„«»]|(?!["“”„«»(])[^\s()"“”„«»]+|\(\s*(?!(AND|OR|NOT)\s)[^\s()"“”„«»]+(\s+OR\s+(?!(AND|OR|NOT)[\s)])[^\s()"“”„«»]+)*\s*\))|words\s*(>=?|<=?|:)\s*[0-9]{1,9}(?![^\s()"“”„«»])/i
ENTITY.9: /@([A-Za-z0-9_.-]*[A-Za-z0-9_])/
REGEX.9: /\/(\\.|[^\\\/\n()])+\/i?(?![^\s()])/
PHRASE.9: /=?["“”„«»](?=[^"“”„«»]*[A-Za-z0-9])([^"“”„«»*]*[A-Za-z0-9]{3}[^A-Za-z0-9"“”„«»*]*(\*["“”„«»]\*?|["“”„«»]\*)|[^"“”„«»*]*["“”„«»](?!\*))(~0*([1-9][0-9]?|100)(?![^\s()"“”„«»]))?/
WORD.1: /(?!(AND|OR|NOT|O?NEAR(\/[^\s()"“”„«»]*)?|ATLEAST(\/[^\s()"“”„«»]*)?)(?![^\s()"“”„«»]))(?![-–@\/!&|]|[A-Za-z]+:|#([\s#]|$)|(words|lang)\s*[<>])(=(?=[^\s()"“”„«»]))?(?=[^\s()"“”„«»]*[A-Za-z0-9])([^\s()"“”„«»*|~?]+|[^\s()"“”„«»*|~?]*[A-Za-z0-9]{3}[^\s()"“”„«»*|~?A-Za-z0-9]*\*)(?![^\s()"“”„«»])/
COMMENT: /#(?=[\s#]|$)[^\n]*/
%ignore /\s+/
%ignore COMMENT
"""  # noqa: E501
LARK = Lark(GRAMMAR, start="query", parser="earley", lexer="basic", ambiguity="resolve")
PIECES = (
    *("alpha", "beta", "al*", "gam*", "and", "=Alpha", "=", "#tag", "co-op", "x", "words", "10", "...", "a|b", "b~2", "g*m"),
    *('"alpha beta"', '"alpha beta"~3', '"alpha beta"~0', '="A b"', '"alp be*"', '"alpha b"*~2', "“x y”", '"', "«x", '"al*"'),
    *("(", "(", "(", ")", ")", ")", "AND", "OR", "OR", "NOT", "NOT", "-", "- ", "NEAR", "NEAR/3", "ONEAR/100", "NEAR/101"),
    *("ONEAR/x", "NOT NEAR/2", "NOT ONEAR", "ATLEAST/2", "ATLEAST/2(", "ATLEAST/0(", "ATLEAST", "ATLEAST/1001(", "title:"),
    *("NEAR/0", "lang:fa", "@", "words>x", "lang>fa"),
    *("quoted:", "titel:", "lang:(fa OR en)", "lang:(fa en)", "lang:", "words>3", "@one"),
    *("@a.b", '"."', "/al.ha/", "title:/b c/i", "/b", "/b/c/", "# note\n", "\n", "–x", "!x", "&"),
)
WORDS = ("alpha", "gam*", "=Alpha", "co-op", '"alpha beta"', '"alpha beta"~3', "“x y”", "@one", "lang:fa", "/al.ha/")
FORMS = (
    "{0} {1}", "{0} AND {1}", "{0} OR {1}", "({0})", "NOT {0}", "-{0}", "{0} NEAR/2 {1}", "({0}) ONEAR ({1})", "title:({0})",
    "{0} NOT NEAR {1}", "ATLEAST/2({0} OR {1})", "({0} OR {1}) AND {2}", "body:{0}", "{0} # c\n {1}",
)  # fmt: skip
LOOSE = re.compile(r"~\d+$")
SEED = 20240229


def _well_formed(random_: random.Random, depth: int) -> str:
    if depth == 0 or random_.random() < 0.3:
        return random_.choice(PIECES[:27] if random_.random() < 0.1 else WORDS)
    return random_.choice(FORMS).format(*(_well_formed(random_, depth - 1) for _ in range(3)))


def _mutated(random_: random.Random, query: str) -> str:
    for _ in range(random_.choice((0, 0, 1, 2))):
        at = random_.randrange(len(query) + 1)
        cut = random_.choice((0, 0, 1, 2))
        query = query[:at] + random_.choice((*PIECES, *'()"*=-/~:#@ ')) * (random_.random() < 0.7) + query[at + cut :]
    return query


def _queries(count: int) -> Iterator[str]:
    random_ = random.Random(SEED)
    for number in range(count):
        if number % 3:
            yield _mutated(random_, _well_formed(random_, 3))
        else:
            yield random_.choice((" ", " ", "")).join(random_.choices(PIECES, k=random_.randrange(1, 9)))


def _lark_accepts(query: str) -> bool:
    try:
        tree = LARK.parse(query)
    except LarkError:
        return False
    loose = [str(token) for token in tree.scan_values(lambda token: str(token)[:1] in '="“«' and bool(LOOSE.search(str(token))))]
    several = all(len(re.findall("[A-Za-z0-9]+", LOOSE.sub("", phrase))) > 1 for phrase in loose)
    return several and _one_field(tree, "") and _kept(tree, sure=False)


def _field(tree: Tree[Token]) -> str:
    return str(tree.children[0]).lower() if tree.data in ("field", "pfield") else ""


def _one_field(tree: Tree[Token], scope: str) -> bool:
    """A field stands within no other field."""
    name = _field(tree)
    if name and scope and name != scope:
        return False
    return all(_one_field(child, name or scope) for child in tree.children if isinstance(child, Tree))


def _subtrees(tree: Tree[Token]) -> list[Tree[Token]]:
    return [child for child in tree.children if isinstance(child, Tree)]


def _sure(tree: Tree[Token]) -> bool:
    """Whether some word must stand in what ``tree`` matches."""
    parts = _subtrees(tree)
    match str(tree.data):
        case "and":
            return any(map(_sure, parts))
        case "or" | "places":
            return all(map(_sure, parts))
        case "unary":
            return len(tree.children) == 1 and _sure(parts[0])
        case "prox" | "near":
            return _sure(parts[0])
        case _:
            own = [child.type for child in tree.children if isinstance(child, Token)]
            return any(name in ("ENTITY", "PHRASE", "WORD") for name in own) or any(map(_sure, parts))


def _kept(tree: Tree[Token], *, sure: bool) -> bool:
    """Whether every regular expression stands beside a word or within the title."""
    if any(isinstance(child, Token) and child.type == "REGEX" for child in tree.children):
        return sure
    if tree.data == "and":
        sure = sure or any(map(_sure, _subtrees(tree)))
    return all(_kept(child, sure=sure or _field(tree) == "title:") for child in _subtrees(tree))


def _ours(query: str) -> RuleSyntaxError | None:
    try:
        parse(query)
    except RuleSyntaxError as error:
        return error
    return None


def test_the_parser_and_the_grammar_accept_the_same_queries() -> None:
    accepted = 0
    for query in _queries(1500):
        error = _ours(query)
        assert _lark_accepts(query) == (error is None), (query, error and error.message)
        accepted += error is None
    assert 400 < accepted < 1100, "both kinds are tried"


@pytest.mark.parametrize(
    ("query", "accepted"), [("a OR b", True), ("a OR", False), ("a NEAR (b c)", False), ("title:(/a/)", True)]
)
def test_the_grammar_itself_can_tell(query: str, accepted: bool) -> None:
    assert _lark_accepts(query) is accepted
