"""feedparser by our shorter way finds what feedparser finds. These tests fail when feedparser changes what we rest on."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import feedparser
import pytest
from feedparser.api import StrictFeedParser

from aggregator.parse.split import cut
from aggregator.parse.strict import EventParser, parsed_date, read_xml
from aggregator.parse.wellformed import check
from tests.parse.corpus import FEED, MODULES, documents

DOCUMENTS = {name: check(body).data for name, body in documents().items() if body.startswith(b"<")}
# Where feedparser takes something along from one entry to the next, or stumbles, and we do not.
RAISES = {name for name in DOCUMENTS if name.startswith("a text input")}
CARRIES = {
    name
    for name in DOCUMENTS
    if name.startswith(("a relative base", "atom, head", "a prefix that means", "inline markup cut short"))
} - {"atom, head 3"}

REPLACED = sorted(
    name
    for name, method in vars(EventParser).items()
    if hasattr(StrictFeedParser, name) and callable(getattr(EventParser, name)) and name != "__init__"
)


def plain(body: bytes) -> tuple[Any, Any, str]:
    """What feedparser itself makes of a document, without any of our ways."""
    found = feedparser.parse(
        BytesIO(body),
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    return comparable(found["feed"]), comparable(found["entries"]), found.get("version") or ""


def ours(body: bytes, kind: type[EventParser] = EventParser) -> tuple[Any, Any, str]:
    parser = kind()
    parser.run(body)
    return comparable(parser.feeddata), comparable(parser.entries), parser.version


def comparable(value: Any) -> Any:
    """The value with its dates as feedparser reads them, whoever made it read them."""
    if isinstance(value, dict):
        made = {key: comparable(inner) for key, inner in dict.items(value)}
        return made | {key: parsed_date(value, key[:-7]) for key in made if key.endswith("_parsed")}
    return [comparable(inner) for inner in value] if isinstance(value, list) else value


def with_original(method: str) -> type[EventParser]:
    """Our parser with one method of feedparser's back in its place."""
    original = next(vars(kind)[method] for kind in StrictFeedParser.__mro__ if method in vars(kind))
    # A method that has other names goes back under each of them.
    names = [name for name, other in vars(EventParser).items() if other is vars(EventParser)[method]]
    return type("Original", (EventParser,), dict.fromkeys(names, original))


@pytest.mark.parametrize("name", sorted(DOCUMENTS.keys() - RAISES - CARRIES))
def test_the_short_way_finds_what_feedparser_finds(name: str) -> None:
    assert ours(DOCUMENTS[name]) == plain(DOCUMENTS[name])


@pytest.mark.parametrize("method", REPLACED)
def test_each_method_gives_what_the_original_gives(method: str) -> None:
    kind = with_original(method)
    for name in sorted(DOCUMENTS.keys() - RAISES - CARRIES):
        assert ours(DOCUMENTS[name], kind) == ours(DOCUMENTS[name]), name


@pytest.mark.parametrize("name", sorted(CARRIES))
def test_where_feedparser_takes_something_along_we_do_not(name: str) -> None:
    """Then each entry is what it would be as the only one."""
    checked = check(DOCUMENTS[name])
    part = cut(checked.data, checked.marks)
    assert part is not None
    found = ours(DOCUMENTS[name])[1]
    assert found == [ours(part.with_entries([number]))[1][0] for number in range(len(part.spans))]
    assert found != plain(DOCUMENTS[name])[1]


def test_what_stands_above_an_entry_does_not_change_its_id_or_link() -> None:
    above = '<entry><id>/new</id><content xml:base="https://elsewhere.example/new/">x</content></entry>'
    entry = '<entry><id>/old</id><link href="old"/></entry>'
    for document in (f"{FEED}>{entry}</feed>", f"{FEED}>{above}{entry}</feed>"):
        last = read_xml(document.encode()).entries[-1]
        assert (last["id"], last["link"]) == ("/old", "old")


@pytest.mark.parametrize(
    "inner",
    [
        "<textInput><title>x</title><name>n</name></textInput>",
        "<link>/a<links>x</links></link>",
        "<link>/a<links/></link>",
        "<gml:pos>1 2</gml:pos>",
        "<description type='xhtml'><width>3</width></description>",
        "<category>a<item/>b</category>",
        "<link>/a<item/>/b</link>",
    ],
)
def test_what_feedparser_stumbles_over_costs_nobody_the_feed(inner: str) -> None:
    items = f"<item><title>A</title>{inner}</item><item><title>B</title></item>"
    body = f'<rss version="2.0" {MODULES}><channel>{items}</channel></rss>'.encode()
    with pytest.raises((KeyError, TypeError, IndexError)):
        plain(body)
    titles = [entry.get("title") for entry in ours(body)[1]]
    assert [title for title in titles if title] == ["A", "B"]


def test_a_document_that_expat_refuses_goes_to_feedparser_as_a_whole() -> None:
    torn = b"<rss version='2.0'><channel><title>T</title><item><title>a < b</title></item></channel></rss>"
    reading = read_xml(torn)
    assert (comparable(reading.feed), comparable(reading.entries), reading.version) == plain(torn)
    assert reading.state is None


@pytest.mark.parametrize(("text", "runs"), [("a &lt;b&gt; &amp; c\n\nd", ["a <b> & c\n\nd"]), ("one<i/>two", ["one", "two"])])
def test_text_comes_in_runs_not_in_crumbs(text: str, runs: list[str]) -> None:
    found = []

    class Recorder(EventParser):
        def handle_data(self, text: str, escape: int = 1) -> None:
            found.append(text)

    Recorder().run(f"<t>{text}</t>".encode())
    assert found == runs


def test_dates_are_left_to_us_until_asked_for() -> None:
    (entry,) = read_xml(f"{FEED}><entry><id>1</id><updated>2026-327</updated></entry></feed>".encode()).entries
    assert entry["updated_parsed"] == "2026-327"
    assert tuple(parsed_date(entry, "updated") or ())[:3] == (2026, 11, 23)
    assert parsed_date(entry, "published") is None


@pytest.mark.parametrize("address", ["a b", " http://search.yahoo.com/mrss/ "])
def test_a_namespace_with_spaces_is_no_syntax_error(address: str) -> None:
    body = f"{FEED} xmlns:media='{address}'><entry><id>1</id><media:thumbnail url='/t'/></entry></feed>".encode()
    checked = check(body)
    assert (checked.data, checked.warnings, checked.problem) == (body, (), "")
    assert [entry["media_thumbnail"] for entry in ours(body)[1]] == [[{"url": "/t"}]]
    assert ours(body) == plain(body)  # which reads it loosely
