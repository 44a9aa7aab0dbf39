from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.config.locate import Places, Route

STEADY = settings(deadline=None, derandomize=True)

NASTY = """\
# a comment with [brackets] and x = 1
top = 1 # [no.table]
"quoted # key" = "a # b"
dotted . 'key.with dots' . x = 'y'

[plain]   # comment
text = '''
first [not.a.table]
x = 'not a key'
''''' # two quotes belong to the text
more = \"\"\"one \\
    two \\u0041 \\\\ \"\" three\"\"\"
list = [ # comment ]
  "a", # ["b"
  'b]',
  [1, 2,
   [3]], {k = "v", "l m" = [ { deep = true } ]},
]
when = 1979-05-27 07:32:00
clock = 07:00:00

[[item]]
slug = "one"
[item.sub]
k = 1
[[item.part]]
n = 1
[[item.part]]
n = 2

[[item]] # second
inline = { a = "x", b.c = 'y' }
  [[item.part]]
  n = 3
["a.b".c]
last = true"""


def leaves(value: Any, route: Route = ()) -> Iterator[tuple[Route, Any]]:
    match value:
        case dict():
            for key, inner in value.items():
                yield from leaves(inner, (*route, key))
        case list():
            for index, inner in enumerate(value):
                yield from leaves(inner, (*route, index))
        case _:
            yield route, value


@pytest.mark.parametrize(
    ("route", "line"),
    [
        (("top",), 2),
        (("quoted # key",), 3),
        (("dotted", "key.with dots", "x"), 4),
        (("dotted",), 4),
        (("plain",), 6),
        (("plain", "text"), 7),
        (("plain", "more"), 11),
        (("plain", "list"), 13),
        (("plain", "list", 0), 14),
        (("plain", "list", 1), 15),
        (("plain", "list", 2, 2, 0), 17),
        (("plain", "list", 3, "k"), 17),
        (("plain", "list", 3, "l m", 0, "deep"), 17),
        (("plain", "when"), 19),
        (("plain", "clock"), 20),
        (("item",), 22),
        (("item", 0), 22),
        (("item", 0, "slug"), 23),
        (("item", 0, "sub", "k"), 25),
        (("item", 0, "part", 1, "n"), 29),
        (("item", 1), 31),
        (("item", 1, "inline", "a"), 32),
        (("item", 1, "inline", "b", "c"), 32),
        (("item", 1, "part", 0, "n"), 34),
        (("a.b", "c", "last"), 36),
        (("item", 1, "missing"), 31),
        (("plain", "list", 9), 13),
        (("nowhere",), 0),
        ((), 0),
    ],
)
def test_lines(route: Route, line: int) -> None:
    assert Places(NASTY).line(route) == line
    assert Places(NASTY.replace("\n", "\r\n")).line(route) == line


def test_every_leaf_of_a_nasty_document_has_a_place_of_its_own() -> None:
    places = Places(NASTY)
    found = list(leaves(tomllib.loads(NASTY)))
    assert len(found) == 22
    for route, _ in found:
        assert places.line(route) >= places.line(route[:-1]), route
        assert places.line(route) > 0, route


@pytest.mark.parametrize(
    ("offset", "place"),
    [(0, (8, 1)), (6, (8, 7)), (19, (8, 20)), (20, (9, 1)), (24, (9, 5)), (36, (10, 1)), (37, (10, 2)), (99, (10, 3))],
)
def test_inside_a_text_of_several_lines(offset: int, place: tuple[int, int]) -> None:
    assert Places(NASTY).within(("plain", "text"), offset) == place
    assert Places(NASTY.replace("\n", "\r\n")).within(("plain", "text"), offset) == place


def test_inside_a_folded_text_with_escapes() -> None:
    # more = """one \            the value: one two A \ "" three
    #     two \u0041 \\ "" three"""
    places, value = Places(NASTY), tomllib.loads(NASTY)["plain"]["more"]
    assert value == 'one two A \\ "" three'
    expected = {"o": (11, 11), "t": (12, 5), "A": (12, 9), "\\": (12, 16), '"': (12, 19)}
    assert {char: places.within(("plain", "more"), value.index(char)) for char in expected} == expected


def test_what_is_no_string_has_a_line_only() -> None:
    assert Places(NASTY).within(("plain", "clock"), 3) == (20, 0)
    assert Places(NASTY).within(("nowhere",), 3) == (0, 0)


@STEADY
@given(st.lists(st.tuples(st.characters(blacklist_categories=["Cs", "Cc"]), st.booleans())))
def test_every_character_is_found_whatever_is_escaped(parts: list[tuple[str, bool]]) -> None:
    columns, text = [], 'x = "'
    for char, escaped in parts:
        columns.append(len(text) + 1)
        text += f"\\U{ord(char):08x}" if escaped or char in '"\\' else char
    text += '"'
    assert tomllib.loads(text)["x"] == "".join(char for char, _ in parts)
    places = Places(text)
    assert [places.within(("x",), offset) for offset in range(len(parts))] == [(1, column) for column in columns]


KEY = st.text(alphabet="ab-_ .\"'#[]=é", min_size=1, max_size=6)
VALUE = st.recursive(
    st.integers(0, 9) | st.booleans() | st.text(alphabet="ab \"'#[]{}=,\\", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEY, inner, max_size=3),
    max_leaves=6,
)


def written(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "{" + ", ".join(f"{written(key)} = {written(inner)}" for key, inner in value.items()) + "}"
        case list():
            return "[\n" + "".join(f"  {written(inner)}, # ] [x]\n" for inner in value) + "]" if value else "[ ]"
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case _:
            return str(value)


@STEADY
@given(st.lists(st.dictionaries(KEY, VALUE, max_size=3), max_size=4))
def test_any_document_is_located_key_by_key(tables: list[dict[str, Any]]) -> None:
    lines: list[str] = []
    expected: dict[Route, int] = {}
    for index, table in enumerate(tables):
        lines.append("[['the table'.x]]")
        expected["the table", "x", index] = len(lines)
        for key, value in table.items():
            expected["the table", "x", index, key] = len(lines) + 1
            lines.extend(f"{written(key)} = {written(value)}".split("\n"))
        lines.append("")
    text = "\n".join(lines)
    found = tomllib.loads(text).get("the table", {"x": []})["x"]
    assert found == tables
    places = Places(text)
    assert {route: places.line(route) for route in expected} == expected


def test_the_example_files_are_located_word_by_word() -> None:
    for path in sorted((Path(__file__).parents[2] / "config").glob("*.toml")):
        text = path.read_text(encoding="utf-8")
        lines, places = text.split("\n"), Places(text)
        for route, value in leaves(tomllib.loads(text)):
            if isinstance(value, str) and value:
                line, column = places.within(route, 0)
                assert lines[line - 1][column - 1 :].startswith(value.split("\n")[0]), route
