"""Tags of very many attributes: cut down before lxml sees them, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import html as lxml_html

from aggregator.extract.floods import MOST_ATTRIBUTES, cut_floods
from aggregator.model.article import Extraction, TextOrigin

Extract = Callable[..., Extraction]

MANY = 150_000
ANGLED, TAGGED, NEWLINE = "a{n}='>'", 'a{n} = "<p b>"', "\n"


def flood(count: int, form: str = 'a{n}="{n}"', between: str = " ") -> str:
    return between.join(form.format(n=number) for number in range(count))


def page(tag: str, paragraphs: str) -> str:
    return f"<html><body><article><h1>Ferry closes</h1>{tag}{paragraphs}</article></body></html>"


# Without the cut each of these takes minutes: the tests would not end.
@pytest.mark.parametrize(
    "tag",
    [
        f"<div {flood(MANY)}>",
        f"<div {flood(MANY, 'a{n}')}>",
        f"<div {flood(MANY, 'a{n}', '/')}>",
        f"<div {flood(MANY, 'a{n}=x')}>",
        f"<div {flood(MANY, ANGLED, '')}>",
        f"<DIV\n{flood(60_000, TAGGED, NEWLINE)}\n>",
        f"<svg><script/><style /><g {flood(MANY)}></g></svg>",
        f"<!-- <b c=' --><div {flood(MANY)}>",
        f"<!-- --!><!--><!---><div {flood(MANY)}>",
        f"<script>if (a<b && c == '\"') {{ }}</script><div {flood(MANY)}>",
        f"<script {flood(MANY)}>let a = 1;</script>",
        f"<p {flood(1000)}>Word.</p>" * 200,
        f"<div {flood(MANY)}",
    ],
    ids=[
        "values",
        "names",
        "slashes",
        "bare",
        "glued",
        "tags inside",
        "svg",
        "comment",
        "odd comments",
        "script",
        "of script",
        "many",
        "unclosed",
    ],
)
def test_a_flood_of_attributes_costs_the_page_nothing_but_them(extract: Extract, paragraphs: str, tag: str) -> None:
    found = extract(page(tag, paragraphs), summary="From the feed.")

    assert found.note.startswith("page has a tag of more than 256 attributes")
    assert found.text_origin is TextOrigin.PAGE
    assert found.text.count("The harbour council of Port Ellery voted") == 1


def test_a_flood_in_the_feeds_own_words_is_cut_as_well(extract: Extract, paragraphs: str) -> None:
    assert extract(None, content=f"<div {flood(MANY)}>{paragraphs}</div>").text.startswith("The harbour council")


def test_what_is_kept_are_the_first_attributes_and_all_else() -> None:
    markup = f"<p>before</p><img src='a.png' {flood(1000)}/><p title='<b {flood(1000)}>'>after</p>"
    made = cut_floods(markup)
    before, image, after = lxml_html.fragments_fromstring(made)
    assert (len(image.attrib), image.get("src"), image.get("a254"), image.get("a255")) == (MOST_ATTRIBUTES, "a.png", "254", None)
    assert (before.text, after.text, after.get("title")) == ("before", "after", f"<b {flood(1000)}>")


@pytest.mark.parametrize(
    "markup",
    [
        f"<img alt='{'A' * 2_500_000}'><p>Text.</p>",
        f"<div {flood(MOST_ATTRIBUTES)}>Text.</div>",
        f"<!-- <div {flood(1000)}> --><p>Text.</p>",
        f"<script>for (i=0;i<{flood(1000)};i++) {{ }}</script><p>Text.</p>",
        f"<STYLE >a<b {flood(1000)}</STYLE><p>Text.</p>",
        f"1 < 2 {flood(1000)}",
        f"</p {flood(1000)}>",
        f"<p>{flood(1000)}</p>",
        "<a <a <a <a b='" * 50,
        "",
    ],
    ids=["value", "just enough", "comment", "script", "style", "less than", "end", "text", "open", "empty"],
)
def test_nothing_else_is_touched(markup: str) -> None:
    assert cut_floods(markup) is markup


@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "<a ",
        "<a",
        "<a b='",
        "<a b=\"'",
        "<a b=",
        "<a =",
        "<a /",
        "<!--",
        "<!---",
        "<script>",
        "<script ",
        "<script><",
        "<style></",
        "<a\t\n",
    ],
)
def test_pieces_without_end_are_read_once(piece: str) -> None:
    """Read twice from each of their places, these would take hours."""
    markup = piece * (1_000_000 // len(piece))
    assert len(cut_floods(markup)) <= len(markup)
