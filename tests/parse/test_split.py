"""What was parsed before is not parsed again, and nobody can tell the difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.model.feed import FeedEntry, ParsedFeed, Window
from aggregator.parse import parse_feed
from aggregator.parse.split import MOST, cut
from aggregator.parse.wellformed import check
from tests.parse.corpus import DEPENDENT, MATERIALS, MODULES, ODD, RSS_ITEMS, UNSETTLED, item

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
URL = "https://pier-post.example/feed"
RSS = MATERIALS["rss 2.0"]
DEPENDENT_HEADS = {
    "rss 2.0": (2, 3),
    "rss without version, in a namespace": (1,),
    "atom": (2, 3),
    "no namespace at all": (1,),
    "json": (2,),
}
"""Heads that say something of the entries, unlike the first; the others differ in what is the feed's own affair."""


def parse(
    body: bytes,
    known: Window | None = None,
    *,
    now: datetime = NOW,
    url: str = URL,
    timezone: str = "Europe/Oslo",
    max_entries: int = 5000,
) -> ParsedFeed:
    parsed = parse_feed(body, url=url, content_type="", timezone=timezone, max_entries=max_entries, now=now, known=known)
    assert isinstance(parsed, ParsedFeed), parsed
    return parsed


@dataclass
class Reader:
    """Polls one feed, keeps its window and what its entries were, and compares each poll with a parse of the whole document."""

    window: Window | None = None
    entries: dict[str, FeedEntry] = field(default_factory=dict)

    def poll(self, body: bytes, now: datetime = NOW) -> ParsedFeed:
        whole, parsed = parse(body, now=now), parse(body, self.window, now=now)
        fresh, kept = {entry.key: entry for entry in parsed.entries}, {entry.key: entry for entry in parsed.kept}
        assert whole.kept == ()
        assert not fresh.keys() & kept.keys()
        assert fresh.keys() | kept.keys() == {entry.key for entry in whole.entries}
        assert list(fresh) == [entry.key for entry in whole.entries if entry.key in fresh]
        assert list(kept) == [entry.key for entry in whole.entries if entry.key in kept]
        for entry in whole.entries:
            if entry.key in fresh:
                assert fresh[entry.key] == entry
            else:
                assert (kept[entry.key].link, kept[entry.key].title) == (entry.link, entry.title)
                assert self.entries[entry.key] == entry
        # All else is the same, the next window included.
        assert replace(parsed, entries=(), kept=()) == replace(whole, entries=())
        if parsed.window:
            assert [(seen.key, seen.link, seen.title) for seen in parsed.window.entries] == [
                (entry.key, entry.link, entry.title) for entry in whole.entries
            ]
        self.window = parsed.window
        self.entries |= fresh
        return parsed


def kept(parsed: ParsedFeed) -> int:
    return len(parsed.kept)


@pytest.mark.parametrize("name", MATERIALS)
@pytest.mark.parametrize("new", [0, 1, 2])
def test_only_what_is_new_is_parsed(name: str, new: int) -> None:
    reader, made = Reader(), MATERIALS[name]
    reader.poll(made.document(made.entries[new:]))
    assert kept(reader.poll(made.document())) == len(made.entries) - new


@pytest.mark.parametrize(
    ("name", "head"), [(name, head) for name, made in MATERIALS.items() for head in range(1, len(made.heads))]
)
def test_the_feeds_own_affairs_may_change_but_not_what_entries_hang_on(name: str, head: int) -> None:
    reader, made = Reader(), MATERIALS[name]
    reader.poll(made.document())
    changed = reader.poll(made.document(made.entries[1:], head=head))
    assert kept(changed) == (0 if head in DEPENDENT_HEADS.get(name, ()) else len(made.entries) - 1)
    assert kept(reader.poll(made.document(head=head))) == len(made.entries) - 1


@pytest.mark.parametrize("name", ODD)
def test_an_odd_entry_is_known_again_like_any_other(name: str) -> None:
    reader = Reader()
    reader.poll(RSS.document([RSS_ITEMS[0], ODD[name], RSS_ITEMS[1]]))
    assert kept(reader.poll(RSS.document([RSS_ITEMS[2], RSS_ITEMS[0], ODD[name], RSS_ITEMS[1]]))) == 3
    assert kept(reader.poll(RSS.document([ODD[name], RSS_ITEMS[1], RSS_ITEMS[2]]))) == 3


@pytest.mark.parametrize("name", DEPENDENT)
def test_entries_that_may_change_each_other_are_parsed_together(name: str) -> None:
    reader = Reader()
    plain = reader.poll(RSS.document(RSS_ITEMS[:3]))
    assert plain.window is not None
    for _ in range(2):
        parsed = reader.poll(RSS.document([DEPENDENT[name], *RSS_ITEMS[:3]]))
        assert (kept(parsed), parsed.window) == (0, None)
    reader.window = plain.window
    reader.poll(RSS.document([*RSS_ITEMS[:2], DEPENDENT[name], *RSS_ITEMS[2:3]]))
    assert reader.window is None


@pytest.mark.parametrize("name", UNSETTLED)
def test_an_entry_that_time_may_change_is_parsed_each_time(name: str) -> None:
    reader, body = Reader(), RSS.document([UNSETTLED[name], RSS_ITEMS[0]])
    reader.poll(body)
    assert reader.window is not None
    assert [bool(seen.digest) for seen in reader.window.entries] == [False, True]
    for days in (0, 1, 9, 30, 400):
        assert [seen.key for seen in reader.poll(body, NOW + timedelta(days=days)).kept][-1:] == ["pier-1"]


def test_a_date_to_come_is_believed_when_it_has_come_and_known_from_then_on() -> None:
    reader, body = Reader(), RSS.document([UNSETTLED["a date to come"], RSS_ITEMS[0]])
    assert reader.poll(body).entries[0].published_at is None
    (later,) = reader.poll(body, NOW + timedelta(days=9)).entries
    assert later.published_at == datetime(2026, 11, 28, 7, 0, tzinfo=UTC)
    assert reader.poll(body, NOW + timedelta(days=9)).entries == ()


@pytest.mark.parametrize(
    "between", [text for text in RSS.between if "<item" not in text or text.startswith("<!--")], ids=lambda text: text[:12]
)
def test_elements_among_the_entries_belong_to_the_feed(between: str) -> None:
    reader = Reader()
    reader.poll(RSS.document(RSS_ITEMS[2:6], between=between))
    assert kept(reader.poll(RSS.document(RSS_ITEMS[:6], between=between))) == 4


def test_a_language_that_appears_after_the_entries_counts_for_them() -> None:
    reader = Reader()
    reader.poll(RSS.document(RSS_ITEMS[:3], head=0))
    assert kept(reader.poll(RSS.document(RSS_ITEMS[:3], head=0, between="<language>es</language>"))) == 0
    assert {entry.language for entry in reader.entries.values()} == {"es", "de"}


def test_the_feeds_title_is_the_same_wherever_the_entries_are() -> None:
    reader = Reader()
    tail = "<title>Pier Post</title>{}<own:box><title>No title</title></own:box></channel></rss>"
    untitled = "<item><guid>untitled</guid></item>"
    for entries in (RSS_ITEMS[:2], RSS_ITEMS[:3], [RSS_ITEMS[3], untitled], [RSS_ITEMS[4], untitled]):
        head = f'<rss version="2.0" {MODULES}><channel>{entries[0]}'
        assert reader.poll((head + tail.format("".join(entries[1:]))).encode()).title == "Pier Post"


def test_a_known_entry_in_a_comment_is_gone() -> None:
    reader = Reader()
    reader.poll(RSS.document(RSS_ITEMS[:4]))
    parsed = reader.poll(RSS.document([RSS_ITEMS[0], f"<!-- {RSS_ITEMS[1].replace('--', '')} -->", *RSS_ITEMS[2:4]]))
    assert [seen.key for seen in parsed.kept] == ["pier-1", "pier-3", "pier-4"]
    hidden = reader.poll(RSS.document([RSS_ITEMS[0], f"<own:note><![CDATA[{RSS_ITEMS[2]}]]></own:note>", RSS_ITEMS[3]]))
    assert [seen.key for seen in hidden.kept] == ["pier-1", "pier-4"]


@pytest.mark.parametrize("change", [{"url": "https://moved.example/feed"}, {"timezone": "Asia/Tehran"}])
def test_address_and_zone_count(change: dict[str, str]) -> None:
    body = RSS.document()
    window = parse(body).window
    assert kept(parse(body, window)) == len(RSS.entries)
    assert kept(parse(body, window, **change)) == 0  # type: ignore[arg-type]


def test_a_namespace_that_changes_its_meaning_counts() -> None:
    reader = Reader()
    one = "<item><guid>1</guid><x:creator>Ada</x:creator></item>"
    head = '<rss version="2.0" xmlns:x="{}"><channel>'
    for address, authors in (
        ("http://purl.org/dc/elements/1.1/", ("Ada",)),
        ("urn:x", ()),
        ("http://purl.org/dc/elements/1.1/", ("Ada",)),
    ):
        parsed = reader.poll((head.format(address) + one + "</channel></rss>").encode())
        assert [entry.authors for entry in parsed.entries] == [authors]


def test_a_namespace_counts_where_it_is_in_force() -> None:
    declared = 'xmlns="urn:u" xmlns:p="urn:u"'  # with both, feedparser takes <title> for <p:title>
    entries = "<r:item><r:guid>1</r:guid></r:item><r:item><r:guid>2</r:guid><title>T</title></r:item>"
    reader = Reader()
    for on_root, inside, title in ((declared, "", ""), ("", declared, "T")):
        head = f'<r:rss xmlns:r="http://purl.org/rss/1.0/" {on_root}><r:channel><r:a {inside}/>'
        parsed = reader.poll(f"{head}{entries}</r:channel></r:rss>".encode())
        assert [entry.title for entry in parsed.entries] == ["", title]


def test_what_the_parser_remembers_of_the_head_counts() -> None:
    leak = '<own:a xmlns:dc="http://search.yahoo.com/mrss/"/>'  # feedparser takes later <dc:creator> for <media:creator>
    reader = Reader()
    for before, authors in (("", ("Ida", "Otto")), (leak, ()), ("", ("Ida", "Otto"))):
        (parsed,) = reader.poll(RSS.document([before + RSS_ITEMS[2]])).entries
        assert parsed.authors == authors


def test_what_had_to_be_mended_is_parsed_as_a_whole() -> None:
    reader = Reader()
    reader.poll(RSS.document(RSS_ITEMS[1:4]))
    for broken in (RSS.document([item(50, "<category>Q&A</category>"), *RSS_ITEMS[1:4]]), RSS.document(RSS_ITEMS[1:4])[:-30]):
        window = reader.window
        parsed = reader.poll(broken)
        assert (kept(parsed), parsed.window, len(parsed.warnings)) == (0, None, 1)
        reader.window = window


def test_a_window_has_no_more_entries_than_fit() -> None:
    def body(count: int) -> bytes:
        return RSS.document([item(number) for number in range(count)])

    full = parse(body(MOST)).window
    assert full is not None
    assert kept(parse(body(MOST), full)) == MOST
    assert parse(body(MOST + 1)).window is None
    assert (parse(body(6), full, max_entries=5).kept, parse(body(6), max_entries=5).window) == ((), None)
    items = ",".join(f'{{"id": {number}}}' for number in range(MOST + 1))
    assert parse(f'{{"items": [{items}]}}'.encode()).window is None


def test_a_window_of_another_feed_is_of_no_use() -> None:
    window = parse(MATERIALS["atom"].document()).window
    assert window is not None
    assert kept(parse(RSS.document(), window)) == 0
    forged = replace(window, entries=tuple(replace(seen, digest="0" * 32) for seen in window.entries))
    assert kept(parse(MATERIALS["atom"].document(), forged)) == 0


def test_a_known_entry_that_comes_out_otherwise_is_not_believed() -> None:
    body = RSS.document(RSS_ITEMS[:3])
    window = parse(body).window
    assert window is not None
    older = replace(window, entries=(replace(window.entries[0], title="as an older parser had it"), *window.entries[1:]))
    assert parse(body, older) == parse(body)
    longer = RSS.document([*RSS_ITEMS[:3], item(50)])
    assert parse(longer, older) == parse(longer)


def test_json_items_with_a_date_to_come_are_read_each_time() -> None:
    reader, body = Reader(), b'{"items": [{"id": "1", "date_modified": "2026-12-24T08:00:00Z"}, {"id": "2"}]}'
    reader.poll(body)
    for days in (0, 9, 90):
        assert [seen.key for seen in reader.poll(body, NOW + timedelta(days=days)).kept][-1:] == ["2"]


def test_json_items_are_known_by_what_they_say_not_how() -> None:
    window = parse(b'{"items": [{"id": "1", "title": "T"}]}').window
    assert kept(parse(b'{"items": [{ "id":"1","title":"\\u0054" }]}', window)) == 1


@pytest.mark.parametrize(
    "document",
    [
        "<rss><channel><item/></channel></rss>",
        "<rss><channel></channel></rss>",
        "<rss><channel><item>a</item><items><item>b</item></items></channel></rss>",
        "<rdf><channel><item>a</item></channel><item>b</item></rdf>",
        "<rss><channel><item>a</item></channel><channel><item>b</item></channel></rss>",
        "<rss><channel><item>a</item></channel><rss/></rss>",
        "<feed><entry>a<feed/></entry></feed>",
        "<feed><entry>a<entry>b</entry></entry></feed>",
        "<list><rss><item>a</item></rss></list>",
    ],
)
def test_what_cannot_be_cut_with_safety(document: str) -> None:
    checked = check(document.encode())
    assert (checked.problem, cut(checked.data, checked.marks)) == ("", None)


def test_where_a_document_is_cut() -> None:
    document = (
        "<?xml version='1.0'?><!-- <item>no</item> --><rss a='x>y'  b=\"'>\" ><channel><title>T</title>"
        "<item ><![CDATA[</item><item>]]></item >\n<Item><?pi </item>?>\u0642</Item><ttl>9</ttl></channel></rss>"
    )
    checked = check(document.encode())
    part = cut(checked.data, checked.marks)
    assert part is not None
    assert part.frame == b"<rss a='x>y'  b=\"'>\" ><channel>"
    assert [part.data[start:end].decode() for start, end in part.spans] == [
        "<item ><![CDATA[</item><item>]]></item >",
        "<Item><?pi </item>?>\u0642</Item>",
    ]
    assert part.with_entries([1]).decode() == document.replace("<item ><![CDATA[</item><item>]]></item >", "")
    assert part.with_entries([]).decode().endswith("<title>T</title>\n<ttl>9</ttl></channel></rss>")
    assert part.with_entries([0, 1]) == part.data


@st.composite
def histories(draw: st.DrawFn) -> tuple[str, list[tuple[list[str], int, str, timedelta]]]:
    """A material, and versions of it: entries, head, what stands among them, and the time since the last."""
    name = draw(st.sampled_from(sorted(MATERIALS)))
    made = MATERIALS[name]
    pool = list(made.entries)
    if name == "rss 2.0":
        pool += [*UNSETTLED.values(), *ODD.values(), *draw(st.lists(st.sampled_from(sorted(DEPENDENT.values())), max_size=1))]
    now, versions = draw(st.permutations(pool))[: draw(st.integers(1, 9))], []
    for _ in range(draw(st.integers(2, 5))):
        versions.append(
            (
                list(now),
                draw(st.integers(0, len(made.heads) - 1)) if draw(st.integers(0, 3)) == 0 else 0,
                draw(st.sampled_from(made.between)) if draw(st.integers(0, 5)) == 0 else "",
                timedelta(hours=draw(st.sampled_from((1, 1, 30, 300, 5000)))),
            )
        )
        now = draw(changed(now, pool))
    return name, versions


@st.composite
def changed(draw: st.DrawFn, entries: Sequence[str], pool: Sequence[str]) -> list[str]:
    """The entries of the next version: some new above, some gone, one edited, perhaps all in another order."""
    made = [entry for entry in entries if draw(st.integers(0, 9))]
    if made and not draw(st.integers(0, 1)):
        place = draw(st.integers(0, len(made) - 1))
        made[place] = made[place].replace("</title>", " (edited)</title>", 1).replace('"title": "', '"title": "Edited: ', 1)
    if not draw(st.integers(0, 3)):
        made = list(draw(st.permutations(made)))
    return [*draw(st.lists(st.sampled_from(pool), max_size=3)), *made] or [pool[0]]


@given(histories())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_whatever_happens_to_a_feed(history: tuple[str, list[tuple[list[str], int, str, timedelta]]]) -> None:
    name, versions = history
    reader, now = Reader(), NOW
    for entries, head, between, later in versions:
        reader.poll(MATERIALS[name].document(entries, head=head, between=between), now)
        now += later
