"""What feeds say about their rhythm and their hubs, sloppily."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.model.feed import FeedHints
from aggregator.parse.hints import read_hints
from aggregator.parse.links import read_links

if TYPE_CHECKING:
    from tests.parse.conftest import Feed

NAMESPACES = (
    ' xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:atom="http://www.w3.org/2005/Atom"'
    ' xmlns:s="http://purl.org/rss/1.0/modules/syndication/"'
)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BASE = "https://north-gazette.example/feeds/all.xml"


def rss(inner: str, item: str = "") -> str:
    return f'<rss version="2.0"{NAMESPACES}><channel><title>T</title>{inner}<item><title>A</title>{item}</item></channel></rss>'


@pytest.mark.parametrize(
    ("text", "ttl"),
    [
        ("60", HOUR),
        (" \n15 ", 15 * MINUTE),
        ("90 minutes", 90 * MINUTE),
        ("2,5", 2.5 * MINUTE),
        ("1440", DAY),
        ("99999999", 365 * DAY),
        ("9" * 40, None),
        ("0", None),
        ("0.5", None),
        ("-60", None),
        ("an hour", None),
        ("NaN", None),
        ("", None),
    ],
)
def test_ttl_in_minutes(feed: Feed, text: str, ttl: timedelta | None) -> None:
    assert feed(rss(f"<ttl>{text}</ttl>")).hints == FeedHints(ttl=ttl)


@pytest.mark.parametrize(
    ("period", "frequency", "every"),
    [
        ("hourly", "1", HOUR),
        ("\n hourly \n", "\n 2 \n", HOUR / 2),
        ("daily", "", DAY),
        ("dayly", "2", DAY / 2),
        ("Day", "1", DAY),
        ("always", "1", HOUR),
        ("hour", "0.1", 10 * HOUR),
        ("hourly", ",5", 2 * HOUR),
        ("WEEKLY", "7", DAY),
        ("monthly", "1", 30 * DAY),
        ("yearly", "1", 365 * DAY),
        ("", "4", DAY / 4),
        ("hourly", "0", HOUR),
        ("hourly", "-3", HOUR),
        ("hourly", "often", HOUR),
        ("hourly", "1000000", MINUTE),
        ("yearly", "0.000001", 365 * DAY),
        ("hourly", "0.0000001", HOUR),
        ("fortnightly", "1", None),
        ("minutely", "1", None),
        ("30", "1", None),
        ("", "", None),
    ],
)
def test_the_syndication_module_and_its_sloppy_spellings(
    feed: Feed, period: str, frequency: str, every: timedelta | None
) -> None:
    words = f"<s:updatePeriod>{period}</s:updatePeriod><s:updateFrequency>{frequency}</s:updateFrequency>"
    assert feed(rss(words)).hints == FeedHints(update_every=every)


@pytest.mark.parametrize(
    ("inner", "hours", "days"),
    [
        ("<skipHours><hour>1</hour><hour>2</hour><hour>0</hour></skipHours>", (0, 1, 2), ()),
        ("<skipHours><hour>24</hour><hour>23</hour><hour>23</hour></skipHours>", (0, 23), ()),
        ("<skiphours>\n <hour> 07 </hour>\n<hour/><hour>25</hour><hour>-1</hour><hour>noon</hour></skiphours>", (7,), ()),
        ("<skipHours>3, 4;5 6</skipHours>", (3, 4, 5, 6), ()),
        ("<skipHours><hour>1</hour></skipHours><skipHours><hour>2</hour></skipHours>", (1, 2), ()),
        ("<skipHours><hour>1<b>2</b></hour><hour>٣</hour></skipHours>", (1, 2), ()),
        ("<skipDays><day>Sunday</day><day>monday</day><day>SATURDAY</day></skipDays>", (), (1, 6, 7)),
        ("<skipDays><day> Wed </day><day>Thurs.</day><day>Fr</day><day>Someday</day><day>Sonntag</day></skipDays>", (), (3, 4)),
        ("<skipDays/><skipHours></skipHours>", (), ()),
        ("<skipHours>" + "".join(f"<hour>{n}</hour>" for n in range(1, 25)) + "</skipHours>", tuple(range(24)), ()),
        ("<hour>5</hour><day>Monday</day>", (), ()),
    ],
)
def test_hours_and_days_to_stay_away(feed: Feed, inner: str, hours: tuple[int, ...], days: tuple[int, ...]) -> None:
    assert feed(rss(inner)).hints == FeedHints(skip_hours=hours, skip_days=days)


def test_an_entry_says_nothing_about_the_feed(feed: Feed) -> None:
    item = (
        "<ttl>9000</ttl><sy:updatePeriod>yearly</sy:updatePeriod><skipHours><hour>1</hour></skipHours>"
        '<atom:link rel="hub" href="https://hub.example/"/><description><![CDATA[<skipDays><day>Monday</day></skipDays>]]></description>'
    )
    parsed = feed(rss("", item))
    assert (parsed.hints, parsed.hub, parsed.self_url) == (FeedHints(), None, None)
    rdf = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel><title>T</title>'
        "<skipHours><hour>6</hour></skipHours></channel><item><title>A</title><skipHours><hour>7</hour></skipHours></item></rdf:RDF>"
    )
    assert feed(rdf).hints == FeedHints(skip_hours=(6,))


def test_hints_after_the_entries_and_in_a_broken_document_count(feed: Feed) -> None:
    body = rss("<skipHours><hour>4</hour></skipHours>").replace("</channel>", "<ttl>120</ttl></channel>")
    assert feed(body).hints == FeedHints(ttl=2 * HOUR, skip_hours=(4,))
    broken = feed(body.replace("<title>A</title>", "<title>A < B</title></b>"))
    assert broken.warnings
    assert broken.hints == FeedHints(ttl=2 * HOUR, skip_hours=(4,))


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20), st.text(max_size=60))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_whatever_a_feed_says_the_hints_stay_in_their_bounds(ttl: str, period: str, frequency: str, skips: str) -> None:
    body = f"<rss><channel><skipHours>{skips}</skipHours><skipDays>{skips}</skipDays></channel></rss>"
    for word in (period, "hourly"):
        hints = read_hints(ttl, word, frequency, body.encode("utf-8", "replace"))
        assert all(wait is None or MINUTE <= wait <= 365 * DAY for wait in (hints.ttl, hints.update_every))
        assert set(hints.skip_hours) <= set(range(24))
        assert set(hints.skip_days) <= set(range(1, 8))


# WebSub


@pytest.mark.parametrize(
    ("inner", "hub", "self_url"),
    [
        (
            '<atom:link rel="hub" href="https://hub.example/"/><atom:link rel="self" href="/feed"/>',
            "https://hub.example/",
            "/feed",
        ),
        ('<atom:link rel="HUB" href=" https://hub.example/ "/>', "https://hub.example/", None),
        ('<atom:link rel="hub self" href="https://n.example/"/>', "https://n.example/", "https://n.example/"),
        (
            '<atom:link rel="hub" href="https://one.example/"/><atom:link rel="hub" href="https://two.example/"/>',
            "https://one.example/",
            None,
        ),
        (
            '<atom:link rel="hub" href="javascript:alert(1)"/><atom:link rel="hub" href="https://hub.example/"/>',
            "https://hub.example/",
            None,
        ),
        ('<atom:link rel="hub" href="file:///etc/passwd"/><atom:link rel="self" href="data:,x"/>', None, None),
        ('<atom:link rel="github" href="https://hub.example/"/><link>https://n.example/</link>', None, None),
    ],
)
def test_hub_and_self_in_rss(feed: Feed, inner: str, hub: str | None, self_url: str | None) -> None:
    parsed = feed(rss(inner))
    wanted = f"https://north-gazette.example{self_url}" if self_url == "/feed" else self_url
    assert (parsed.hub, parsed.self_url) == (hub, wanted)


def test_hub_and_self_in_atom_and_json(feed: Feed) -> None:
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://n.example/a/"><title>T</title>'
        '<link rel="hub" href="/hub"/><link rel="self" href="feed"/><link href="/"/></feed>'
    )
    parsed = feed(atom)
    assert (parsed.hub, parsed.self_url) == ("https://n.example/hub", "https://n.example/a/feed")
    wrong = feed(
        '{"items": [], "feed_url": "ftp://n.example/", "hubs": [3, {"type": "WebSub"}, {"type": 1, "url": "https://h.example/"}]}'
    )
    assert (wrong.hub, wrong.self_url) == (None, None)


@pytest.mark.parametrize(
    ("values", "hub", "self_url"),
    [
        (['<https://hub.example/>; rel="hub", <https://n.example/f>; rel="self"'], "https://hub.example/", "https://n.example/f"),
        (["<https://hub.example/>;rel=hub", "</f>;rel=self"], "https://hub.example/", "https://north-gazette.example/f"),
        (['<https://n.example/?a,b;c>; title="x, <y>; rel=hub"; REL="next Self"'], None, "https://n.example/?a,b;c"),
        ([r'<https://hub.example/>; title="a \" b, <c>; rel=self"; rel=hub'], "https://hub.example/", None),
        (['<https://a.example/>; rel="self"; anchor="https://other.example/"'], None, None),
        (['<https://a.example/>; rel="next"; rel="hub"'], None, None),
        (["<javascript:alert(1)>; rel=hub, <https://hub.example/>; rel=hub"], "https://hub.example/", None),
        (["<https://one.example/>; rel=hub, <https://two.example/>; rel=hub"], "https://one.example/", None),
        (['rubbish, ;;, <https://hub.example/>; rel="hub"; x; y=; "'], "https://hub.example/", None),
        (["<https://hub.example/; rel=hub", "https://hub.example/; rel=hub", '<>; rel="hub', ""], None, None),
        ([], None, None),
    ],
)
def test_hub_and_self_in_the_link_header(values: list[str], hub: str | None, self_url: str | None) -> None:
    assert read_links(values, BASE) == (hub, self_url)


@given(st.lists(st.text(alphabet='<>;,="\\ arelhubsf/:#\u00e9\n', max_size=80), max_size=4))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_whatever_the_link_header_says_only_web_addresses_come_out(values: list[str]) -> None:
    assert all(address is None or address.startswith("https://north-gazette.example") for address in read_links(values, BASE))


@pytest.mark.parametrize("piece", ["<,", "<a>", '<a>;a="', "<a>;", "<a>;rel=hub ", '<a>;x="\\'])
def test_a_link_header_of_any_length_is_read_so_far_and_no_further(piece: str) -> None:
    flood = piece * 4_000
    assert read_links([flood] * 60 + ["<https://hub.example/>; rel=hub"], BASE)[0] in (
        None,
        "https://north-gazette.example/feeds/a",
    )
