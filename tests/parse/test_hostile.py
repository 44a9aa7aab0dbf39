"""The list of hostile XML and HTML, 50 to 66, by its numbers: what comes out of the parser, and what a reader sees of it.

Items 58, 62, 63 and 65 speak of feeds' HTML on our pages. We show none: only text is taken out of it. That is tested at the end,
on the whole way from the bytes of a feed to a mail.
"""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from lxml import html as lxml_html

from aggregator.alerts import plan_alerts, render_alert
from aggregator.digest import compose, render_digest
from aggregator.extract import extract_article
from aggregator.model.delivery import Letter, MatchedArticle, Recipient, RuleDigest
from aggregator.model.feed import FeedEntry, ParsedFeed, ParseFailed
from aggregator.parse import OpmlFeed, parse_opml, render_opml

if TYPE_CHECKING:
    from tests.parse.conftest import Feed, Parse

SECRET = Path(__file__).as_uri()
"""A file that can be read, and whose text must not come out."""

ATTACK = "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"
INERT = '">alert(1)'
GOOD = "<rss version='2.0'><channel><title>T</title><item><title>Good</title></item></channel></rss>"


def rss(*items: str, head: str = "", title: str = "T") -> bytes:
    entries = "".join(f"<item>{item}</item>" for item in items)
    return f'{head}<rss version="2.0"><channel><title>{title}</title>{entries}</channel></rss>'.encode()


@dataclass(frozen=True)
class Item:
    """One hostile document. ``titles`` are those of its entries, ``failure`` why there are none; ``absent`` never comes out.

    ``warning`` is how the one warning ends, "" for none; ``peak`` the most memory in MB.
    """

    number: int
    what: str
    body: bytes
    titles: tuple[str, ...] = ()
    failure: str = ""
    absent: tuple[str, ...] = ()
    content_type: str = "application/xml"
    warning: str = ""
    peak: float = 2.0


MENDED = "; mended"
LAUGHS = '<!ENTITY a0 "lol">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
LINK = "<title>kept</title><link>{}</link><guid isPermaLink='false'>g</guid>"
ENCLOSURE = '<title>kept</title><enclosure url="{}" type="image/png" length="1"/>'
SCRIPT = "<title>A<script>alert(1)</script>B</title>"

ITEMS = (
    Item(50, "billion laughs", rss("<title>&a9;</title>", head=f"<!DOCTYPE rss [{LAUGHS}]>"), ("&a9;",),
         absent=("lol",), warning=MENDED),
    Item(50, "billion laughs in parameter entities", rss(
        "<title>t</title>",
        head='<!DOCTYPE rss [<!ENTITY % a "lollol"><!ENTITY % b "%a;%a;%a;%a;"><!ENTITY c "%b;%b;"> %b;]>',
    ), ("t",), absent=("lol",), warning="syntax error: line 1, column 0"),
    Item(50, "in a sitemap", b"<!DOCTYPE urlset [" + LAUGHS.encode() + b"]><urlset><url><loc>https://n.example/</loc>"
         b"<news><title>&a9;</title></news></url></urlset>", ("&a9;",), absent=("lol",), warning=MENDED),
    Item(51, "quadratic blow-up", rss(
        f"<title>t</title><description>{'&a;' * 2000}</description>", head=f'<!DOCTYPE rss [<!ENTITY a "{"x" * 100_000}">]>'
    ), ("t",), absent=("xxxx",), warning=MENDED),
    Item(52, "external entity", rss("<title>a&x;b</title>", head=f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{SECRET}">]>'),
         ("a&x;b",), absent=("must not come out",), warning=MENDED),
    Item(52, "external parameter entity", rss("<title>ab</title>", head=f'<!DOCTYPE rss [<!ENTITY % x SYSTEM "{SECRET}"> %x;]>'),
         ("ab",), absent=("must not come out",)),
    Item(52, "XInclude", rss(f"<title>ab</title><include xmlns='http://www.w3.org/2001/XInclude' parse='text' href='{SECRET}'/>"),
         ("ab",), absent=("must not come out",)),
    Item(53, "remote DTD", rss("<title>t &eacute;</title>", head='<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/rss.dtd">'), ("t é",),
         warning=MENDED),
    Item(54, "100,000 elements deep", rss("<title>t</title>" + "<a>" * 100_000 + "</a>" * 100_000),
         failure="elements are nested too deep"),
    Item(54, "100,000 elements deep and cut off", rss("<title>t</title>" + "<a>" * 100_000)[: -len("</item></channel></rss>")],
         failure="elements are nested too deep"),
    Item(54, "JSON 200,000 lists deep", b'{"items":' + b"[" * 200_000, failure="JSON nested too deep"),
    Item(55, "100,000 items", rss(*(f"<title>T{n}</title>" for n in range(100_000))), tuple(f"T{n}" for n in range(20)),
         warning="100000 entries; only the first 20 were kept", peak=10.0),
    Item(55, "100,000 items of JSON",
         b'{"items":[' + b",".join(b'{"id":%d,"title":"T%d"}' % (n, n) for n in range(100_000)) + b"]}",
         tuple(f"T{n}" for n in range(20)), warning="100000 entries; only the first 20 were kept", peak=60.0),
    Item(56, "UTF-7, declared in the header", rss("<title>+ADw-script+AD4-</title>"), ("+ADw-script+AD4-",),
         content_type="application/xml; charset=utf-7"),
    Item(56, "UTF-7, declared in the document", rss("<title>+ADw-b+AD4-</title>", head='<?xml version="1.0" encoding="UTF-7"?>'),
         ("+ADw-b+AD4-",)),
    Item(56, "UTF-16 without a mark", rss("<title>خبر</title>").decode().encode("utf-16-le"), ("خبر",)),
    Item(56, "a script in UTF-16 under a label of UTF-8", rss(SCRIPT).decode().encode("utf-16-be"), ("Aalert(1)B",),
         absent=("<script",), content_type="application/xml; charset=utf-8"),
    Item(56, "ISO-2022-JP escapes in a title", rss("<title>a\x1b(J<b>x</b>\x1b(B</title>"), ("a(Jx(B",), absent=("\\x1b",)),
    Item(56, "over-long UTF-8 for an angle bracket", rss("<title>a@script@</title>").replace(b"@", b"\xc0\xbc"), ("aÀ¼scriptÀ¼",),
         absent=("<script",), warning="no declared encoding fits the text; read as cp1252"),
    Item(57, "NUL and C1 in titles and texts",
         rss("<title>A\x00B\x08C\u0081D\u008dE</title><description>F\x00\u0090G</description>"),
         ("ABCDE",), absent=("\\x",)),
    Item(57, "the same as references", rss("<title>A&#0;B&#x81;&amp;#155;&amp;#x1b;C</title>"), ("AB›C",),
         absent=("\\x",), warning=MENDED),
    Item(59, "javascript: as link", rss(LINK.format("javascript:alert(1)")), ("kept",), absent=("javascript",)),
    Item(59, "with a tab and entities in it", rss(LINK.format("&#9;java&#9;script&#58;alert(1)")), ("kept",), absent=("script",)),
    Item(59, "vbscript: as Atom's link", b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>kept</title><id>1</id>'
         b'<link href="vbscript:x"/></entry></feed>', ("kept",), absent=("vbscript",)),
    Item(59, "in JSON", b'{"items": [{"id": "1", "title": "kept", "url": "javascript:alert(1)", "external_url": "data:x"}]}',
         ("kept",), absent=("javascript", "data:")),
    Item(60, "scripts as names", rss(
        f"<title>{ATTACK}</title><author>{ATTACK}</author><category>{ATTACK}</category><source url='{ATTACK}'>{ATTACK}</source>",
        title=ATTACK,
    ), (INERT,), absent=("<script", "</script")),
    Item(61, "javascript: with the look of an address", rss(LINK.format("javascript://youtube.example/%0Aalert(1)")), ("kept",),
         absent=("javascript",)),
    Item(61, "as every other address of a feed", rss(
        '<title>kept</title><thumbnail xmlns="http://search.yahoo.com/mrss/" url="javascript://n.example/%0Aalert(1)"/>',
    ).replace(b"<title>T", b"<link>javascript://n.example/%0Aalert(1)</link><a:link xmlns:a='http://www.w3.org/2005/Atom'"
              b" rel='hub self' href='javascript://n.example/%0Aalert(1)'/><title>T"), ("kept",), absent=("javascript",)),
    Item(64, "data: as enclosure", rss(ENCLOSURE.format("data:image/png;base64,AA")), ("kept",), absent=("data:",)),
    Item(64, "file: as enclosure", rss(ENCLOSURE.format("file:///etc/passwd")), ("kept",), absent=("passwd",)),
    Item(64, "in JSON", b'{"items": [{"id": "1", "title": "kept", "image": "data:x", "attachments": [{"url": "file:///x",'
         b' "mime_type": "image/png"}]}]}', ("kept",), absent=("data:", "file:")),
)  # fmt: skip


@pytest.mark.parametrize("item", ITEMS, ids=[f"{item.number}-{item.what}" for item in ITEMS])
def test_hostile_documents(parse: Parse, item: Item) -> None:
    tracemalloc.start()
    parsed = parse(item.body, content_type=item.content_type, max_entries=20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    if item.failure:
        assert isinstance(parsed, ParseFailed)
        assert parsed.detail == item.failure
    else:
        assert isinstance(parsed, ParsedFeed)
        assert tuple(entry.title for entry in parsed.entries) == item.titles
        assert [warning.endswith(item.warning) for warning in parsed.warnings] == [True] * bool(item.warning)
    assert [word for word in item.absent if word in repr(parsed)] == []
    assert peak < item.peak * 1_000_000
    good = parse(GOOD)
    assert isinstance(good, ParsedFeed)  # the next feed is none the worse
    assert [entry.title for entry in good.entries] == ["Good"]


def test_every_number_of_the_list_is_here() -> None:
    """Those of the table, and those that have a test below."""
    below = {int(number) for name in globals() for number in re.findall(r"(?<=_)\d\d(?=_)", name) if name.startswith("test_")}
    assert {item.number for item in ITEMS} | below == set(range(50, 67))


def test_60_names_are_inert_where_they_are_written_down(feed: Feed) -> None:
    """In an attribute of XML, our export; in mails, below. JSON in HTML, Atom and CSV we do not write yet."""
    title = feed(rss(f"<title>{ATTACK}</title>", title=ATTACK)).title
    exported = render_opml([OpmlFeed(title + '"><script>', "https://n.example/", None, (title,))], title)
    assert b"<script" not in exported
    assert parse_opml(exported) == ((OpmlFeed(title + '"><script>', "https://n.example/", None, (title,)),), ())


# From the bytes of a feed to the mail of a reader


PAYLOADS = (
    "<img src=x onerror=alert(1)>",
    '<p onclick="alert(1)" onmouseover=alert(1)>x</p>',
    "<body onload=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="java&#x0A;script:alert(1)">x</a>',
    '<a href=" &#14; JaVaScRiPt:alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<a href="vbscript:msgbox(1)">x</a>',
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    '<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>',
    "<svg><animate attributeName=href values=javascript:alert(1) /></svg>",
    '<math><maction actiontype="statusline#http://x" xlink:href="javascript:alert(1)">x</maction></math>',
    "<template><script>alert(1)</script></template>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>',
    '<object data="javascript:alert(1)"></object><embed src="javascript:alert(1)">',
    '<img srcset="javascript:alert(1) 1x" src="data:image/svg+xml,x">',
    '<form action="javascript:alert(1)"><input name=password><button>x</button></form>',
    "<input autofocus onfocus=alert(1)><select onchange=alert(1)></select><textarea></textarea>",
    "<img name=getElementById><form id=parentNode><a id=cookie name=cookie></a></form>",
    "<script>alert(1)</script><script src=//evil.example/x.js></script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    '<video><source onerror="alert(1)"></video><audio src=x onerror=alert(1)>',
    "<details open ontoggle=alert(1)>x</details><marquee onstart=alert(1)>x</marquee>",
    '<link rel=stylesheet href="javascript:alert(1)"><style>@import "javascript:alert(1)"</style>',
    '<table background="javascript:alert(1)"><td background="javascript:alert(1)">x</table>',
    "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>",
    '"><script>alert(1)</script><!-- --!><img src=x onerror=alert(1)> -->',
    '<![CDATA[<script>alert(1)</script>]]><?xml-stylesheet href="javascript:alert(1)"?>',
)  # fmt: skip
FRAMES = (
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    '<iframe src="javascript:alert(1)"></iframe>',
    "<form><button formaction=javascript:alert(1)>x</button></form>",
    '<base href="https://evil.example/"><a href="x">x</a>',
    '<meta http-equiv=refresh content="0;url=javascript:alert(1)">',
)
MUTATIONS = (
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror=alert(1)&gt;'>",
    "<svg></p><style><a id='</style><img src=x onerror=alert(1)>'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=alert(1)>",
    "<noembed><img title='</noembed><img src=x onerror=alert(1)>'></noembed>",
)
ATTRIBUTES = (
    '<p style="background:url(javascript:alert(1));position:fixed;inset:0">x</p>',
    '<p class="c s r" id="reader">x</p>',
    "<style>.s{display:none}</style><p>x</p>",
)
HOSTILE = [
    *((58, payload) for payload in PAYLOADS),
    *((62, payload) for payload in FRAMES),
    *((63, payload) for payload in MUTATIONS),
    *((65, payload) for payload in ATTRIBUTES),
]

Make = Callable[..., MatchedArticle]
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
READER = Recipient("desk", "desk@example.org")
TAGS = frozenset(re.findall(r"\w+", "html head meta title style body table tr td div span p h1 h2 h3 a b bdi br mark"))
NAMES = frozenset(re.findall(r"[\w-]+", "aria-label charset class content dir href lang name role style"))


def letters(match: Make, parsed: ParsedFeed) -> list[Letter]:
    """A digest and an alert about the entries of a feed, whose pages could not be had."""
    items = [match(title=made.title, text=made.text, outlet=parsed.title, url=entry.link or "", hits=("alert",))
             for entry in parsed.entries for made in [_extracted(entry, parsed.title)]]  # fmt: skip
    rules = [RuleDigest("tunnel", "Harbour tunnel", "tunnel")]
    window = (datetime(2026, 11, 23, 6, tzinfo=UTC), datetime(2026, 11, 24, 6, tzinfo=UTC))
    issue = compose(READER, date(2026, 11, 24), window, items, rules, [], instance="Newsdesk", missed_days=0)
    (intent,) = plan_alerts(items, [READER])
    return [render_digest(issue), render_alert(intent, instance="Newsdesk", now=NOW)]


def _extracted(entry: FeedEntry, outlet: str) -> Any:
    return extract_article(
        None, url=entry.link or "https://n.example/", content_type="", entry=entry, outlet=outlet, outlet_language="en",
        timezone="UTC", seen_at=NOW, note="",
    )  # fmt: skip


@pytest.mark.parametrize(("number", "payload"), HOSTILE, ids=[f"{number}-{payload[:40]}" for number, payload in HOSTILE])
def test_58_62_63_65_of_a_feeds_html_a_reader_sees_the_words_only(feed: Feed, match: Make, number: int, payload: str) -> None:
    """In title, text and summary, as HTML and once more escaped. Nothing of it becomes an element or an attribute of a mail."""
    del number

    def fields(payload: str) -> str:
        wrapped = payload.replace("]]>", "]]]]><![CDATA[>")
        return (
            f"<title><![CDATA[Tunnel alert {wrapped}]]></title><link>https://n.example/1</link>"
            f"<description><![CDATA[<p>The alert of today. {wrapped}</p>]]></description>"
            f"<c:encoded xmlns:c='http://purl.org/rss/1.0/modules/content/'><![CDATA[<p>The alert in full, with all that belongs"
            f" to it. {wrapped}</p>]]></c:encoded>"
        )

    escaped = payload.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    hostile = letters(match, feed(rss(fields(payload), fields(escaped).replace("/1<", "/2<"))))
    for letter in hostile:
        page = lxml_html.document_fromstring(letter.html)
        assert {node.tag for node in page.iter()} <= TAGS
        assert {name for node in page.iter() for name in node.attrib} <= NAMES
        assert {node.get("href") for node in page.iter("a")} == {"https://n.example/1", "https://n.example/2"}
        ours = [*page.xpath("//@*[name() != 'content']"), *page.xpath("//style/text()")]
        assert not [value for value in ours if re.search("alert|evil|script|data:", value)]
        assert "Tunnel alert" in letter.text
        assert not re.search("[\x00-\x09\x0b-\x1f]", letter.html + letter.text + letter.subject)


def test_66_a_direction_override_in_a_feeds_title_is_shown_isolated(feed: Feed, match: Make) -> None:
    parsed = feed(rss("<title>alert safe\u202egnp.exe</title><link>https://n.example/1</link>", title="Evil\u202eOutlet"))
    assert (parsed.title, parsed.entries[0].title) == ("Evil\u202eOutlet", "alert safe\u202egnp.exe")
    for letter in letters(match, parsed):
        page = lxml_html.document_fromstring(letter.html)
        holders = [node for node in page.iter() if node.tag != "title" and "\u202e" in f"{node.text or ''}"]
        assert holders
        assert all(node.tag == "bdi" or any(up.tag == "bdi" for up in node.iterancestors()) for node in holders)
        assert not [node for node in page.iter() if "\u202e" in f"{node.tail or ''}" and not list(node.iterancestors("bdi"))]
        assert "\u2068alert safe\u202egnp.exe\u2069" in letter.text
        assert "\u202e" not in letter.subject
