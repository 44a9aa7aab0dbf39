"""Feeds of every format, and constructions meant to confuse whoever cuts feeds into entries. All of it is written for the tests.

A ``Material`` is a feed in pieces, from which versions of one document are made: another choice of entries, in another order,
with another head.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MODULES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" '
    'xmlns:atom="http://www.w3.org/2005/Atom" xmlns:georss="http://www.georss.org/georss" xmlns:gml="http://www.opengis.net/gml" '
    'xmlns:own="https://pier-post.example/ns" xmlns:psc="http://podlove.org/simple-chapters" '
    'xmlns:cc="http://creativecommons.org/ns#license" xmlns:dcterms="http://purl.org/dc/terms/"'
)
RDF = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/">'
)
FEED = '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"'
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'
SVG = 'xmlns="http://www.w3.org/2000/svg"'


@dataclass(frozen=True, slots=True)
class Material:
    """A feed in pieces. ``heads`` are beginnings that may take each other's place, ``between`` what may stand among entries."""

    heads: tuple[str, ...]
    entries: tuple[str, ...]
    tail: str
    between: tuple[str, ...] = ("\n",)
    joint: str = ""

    def document(self, entries: Sequence[str] | None = None, *, head: int = 0, between: str = "") -> bytes:
        """A whole document: these entries (all of its own, if none are given) in the frame."""
        chosen = self.entries if entries is None else entries
        return (self.heads[head] + (self.joint + between).join(chosen) + self.tail).encode()


def item(number: int, more: str = "", day: int = 20) -> str:
    """An ordinary item of RSS 2.0, with ``more`` in it."""
    return (
        f"<item><title>Pier news {number}</title><link>https://pier-post.example/{number}</link>"
        f'<guid isPermaLink="false">pier-{number}</guid>'
        f"<pubDate>{day} Nov 2026 08:{number % 60:02}:00 +0100</pubDate>{more}</item>"
    )


def entry(number: int, more: str = "") -> str:
    """An ordinary entry of Atom 1.0, with ``more`` in it."""
    return (
        f'<entry><title>Quay {number}</title><link href="https://quay.example/{number}"/><id>tag:quay.example,2026:{number}</id>'
        f"<updated>2026-11-20T08:{number % 60:02}:00Z</updated>{more}</entry>"
    )


RSS_ITEMS = [
    item(1, "<description>&lt;p&gt;One &amp;amp; only&lt;/p&gt;</description><category>Port</category><category>Port</category>"),
    item(2, "<content:encoded><![CDATA[<!-- <item> --> </item>]]></content:encoded><description>Two &lt; three</description>"),
    item(
        3, "<dc:creator>Ida</dc:creator><dc:creator>Otto</dc:creator><dc:subject>Fish</dc:subject><dc:language>de</dc:language>"
    ),
    item(4, "<media:group><media:content url='/4.jpg' medium='image'/><media:title>Pier</media:title></media:group>"),
    item(5, "<media:description>A long description</media:description><description>short</description>"),
    item(6, "<media:thumbnail url='https://pier-post.example/5.png'/><media:credit role='x'>P</media:credit>"),
    item(7, "<media:rating>a</media:rating><media:restriction relationship='allow'>DE FR</media:restriction>"),
    item(
        8, "<enclosure url='/6.mp3' type='audio/mpeg'/><itunes:author>Pod</itunes:author><itunes:subtitle>Sub</itunes:subtitle>"
    ),
    item(9, "<itunes:summary>Sum</itunes:summary><itunes:keywords>a, b</itunes:keywords><itunes:image href='/6.jpg'/>"),
    item(10, "<itunes:explicit>yes</itunes:explicit><itunes:block>no</itunes:block><itunes:category text='News'/>"),
    item(11, "<source url='https://elsewhere.example/rss'>Elsewhere</source><author>desk@pier-post.example (Desk)</author>"),
    item(12, "<!-- </item><item> --><?php echo '<item>' ?><description><![CDATA[Ein <b>Text</b> &amp; more]]></description>"),
    item(13, "<own:mood level='3'/><own:note>calm</own:note><own:note>calmer</own:note><comments>/9#c</comments>"),
    item(14, "<georss:point>45 9</georss:point><georss:where><gml:Point><gml:pos>45 9</gml:pos></gml:Point></georss:where>"),
    item(15, "<psc:chapters version='1.1'><psc:chapter start='00:00:01' title='Go'/></psc:chapters><cc:license>x</cc:license>"),
    item(16, "<description>Caf\u00c3\u00a9, \u0093quoted\u0094 \u2013 Stra\u00dfe, \u0642\u0627\u06cc\u0642</description>"),
    item(
        17, "<title>Second title</title><dc:title>Third</dc:title><description>first</description><description>2nd</description>"
    ),
    item(18, "<link>https://pier-post.example/14?a=1&amp;b;=2</link><link></link><guid>https:////pier-post.example/14</guid>"),
    item(19, "<dcterms:modified>2026-11-21T10:00:00Z</dcterms:modified><dcterms:created>2026-11-19</dcterms:created>"),
    item(20, "<dcterms:valid>start=2026-11-20;end=2026-11-21</dcterms:valid><expirationDate>21 Nov 2026</expirationDate>"),
    "<item><title>No link, no guid</title><description>But a text</description></item>",
    "<item><description>Only a text, in <![CDATA[two]]> <![CDATA[parts]]></description></item>",
    "<ITEM><TITLE>Shouted</TITLE><LINK>https://pier-post.example/loud</LINK><PubDate>2026-11-20 09:00</PubDate></ITEM>",
    '<item xml:lang="fr"><title>Une digue</title><guid>https://pier-post.example/digue</guid></item>',
    "<item><title>Deep</title><guid>deep</guid><own:box><own:title>Inner</own:title><title>Inner</title></own:box></item>",
    "<item><title>Stray: ends</title><guid>stray</guid><fullitem>full</fullitem><body>b</body><tags>x,y</tags></item>",
]

ATOM_ENTRIES = [
    entry(1, "<summary>Plain &lt;b&gt;</summary><author><name>Ada</name><email>a@quay.example</email><uri>/a</uri></author>"),
    entry(2, '<content type="html">&lt;p&gt;Two&lt;/p&gt;</content><published>2026-11-19T10:00:00+02:00</published>'),
    entry(3, f'<content type="xhtml"><div {XHTML}><p>Three <b>bold</b> &amp; <br/>more</p></div></content>'),
    entry(4, '<category term="t" scheme="s" label="Label"/><category term="u"/><contributor><name>C</name></contributor>'),
    entry(5, '<link rel="enclosure" type="image/png" href="/5.png"/><link rel="related" href="x"/><rights>(c)</rights>'),
    entry(6, '<content type="image/png">iVBORw0KGgo=</content><summary type="html">&lt;i&gt;six&lt;/i&gt;</summary>'),
    entry(7, "<source><title>Other</title><id>o</id><updated>2020-01-01T00:00:00Z</updated></source>"),
    entry(8, '<content src="https://quay.example/8.html" type="text/html"/>'),
    entry(9, '<content type="html" xml:base="https://quay.example/n/9">&lt;p&gt;x&lt;/p&gt;</content>'),
    f'<entry><title type="xhtml"><div {XHTML}>Zehn <i>x</i></div></title><id>zehn</id></entry>',
    '<entry><id>elf</id><title>Eleven</title><th:thumbnail xmlns:th="http://search.yahoo.com/mrss/" url="/11.jpg"/></entry>',
    "<entry><id>zw\u00f6lf</id><title>Twelve</title><summary>\u0642\u0627\u06cc\u0642</summary></entry>",
    (
        '<entry xml:lang="de" xml:base="https://base.example/x/"><title type="html">Neun &lt;em&gt;mal&lt;/em&gt;</title>'
        '<link href="neun"/><id>neun</id><updated>2026-11-20T09:00:00Z</updated></entry>'
    ),
]

OLD_ATOM_ENTRIES = [
    f"<entry><title>Old {number}</title><link rel='alternate' type='text/html' href='/old/{number}'/><id>old-{number}</id>"
    f"<issued>2026-11-20T0{number}:00:00</issued><modified>2026-11-21T0{number}:00:00Z</modified>{more}</entry>"
    for number, more in enumerate(
        (
            "<content type='text/html' mode='escaped'>&lt;p&gt;x&lt;/p&gt;</content><created>2026-11-19T00:00:00Z</created>",
            "<content type='text/html' mode='base64'>PHA+eDwvcD4=</content>",
            f"<content type='application/xhtml+xml' {XHTML}><p>x</p></content>",
            "<summary type='text/plain'>s</summary><author><name>N</name><url>/n</url></author>",
        )
    )
]

MATERIALS = {
    "rss 2.0": Material(
        heads=(
            (
                f'<?xml version="1.0"?><rss version="2.0" {MODULES}><channel><title>Pier Post</title>'
                "<link>https://pier-post.example/</link><description>All</description><language>en</language>"
                "<lastBuildDate>20 Nov 2026 10:00:00 GMT</lastBuildDate>"
            ),
            (
                f'<?xml version="1.0"?><rss version="2.0" {MODULES}><channel><title>Pier Post (new)</title><ttl>60</ttl>'
                "<language>en</language><lastBuildDate>21 Nov 2026 11:00:00 GMT</lastBuildDate><image><url>/i.png</url>"
                "<title>Logo</title><link>/</link><width>8</width></image><atom:link rel='self' href='/rss'/>"
                "<itunes:owner><itunes:name>O</itunes:name></itunes:owner>"
            ),
            f'<?xml version="1.0"?><rss version="2.0" {MODULES}><channel><title>Poste du Quai</title><language>fr</language>',
            f'<rss version="2.0" xml:lang="nl" xml:base="https://base.example/b/" {MODULES}><channel><title>Pier</title>',
        ),
        entries=tuple(RSS_ITEMS),
        tail="</channel></rss>",
        between=(
            "\n",
            "<!-- <item> -->",
            "<language>es</language>",
            "<textInput><title>t</title><name>q</name></textInput>",
            "<image><title>I</title></image>",
            "<managingEditor>boss@pier-post.example</managingEditor>",
            "<item/>",
            "<item></item>",
        ),
    ),
    "rss 0.91": Material(
        heads=(
            '<rss version="0.91"><channel><title>Old Pier</title><description>d</description><language>en</language>',
            (
                '<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd">'
                '\n<rss version="0.91"><channel><title>Old Pier</title><language>en</language>'
            ),
        ),
        entries=tuple(f"<item><title>Old {n}</title><link>http://old-pier.example/{n}</link></item>" for n in range(5)),
        tail="</channel></rss>",
    ),
    "rss without version, in a namespace": Material(
        heads=(
            '<r:rss xmlns:r="http://backend.userland.com/rss2"><r:channel><r:title>Named</r:title>',
            '<r:rss xmlns:r="http://purl.org/rss/1.0/"><r:channel><r:title>Named</r:title>',
        ),
        entries=tuple(f"<r:item><r:title>Named {n}</r:title><r:link>/{n}</r:link></r:item>" for n in range(4)),
        tail="</r:channel></r:rss>",
    ),
    "rdf": Material(
        heads=(
            (
                f'{RDF}<channel rdf:about="/"><title>Triple</title><link>/</link><dc:language>en</dc:language>'
                '<items><rdf:Seq><rdf:li rdf:resource="/1"/></rdf:Seq></items></channel>'
            ),
            (
                f'{RDF}<channel rdf:about="/"><title>Triple 2</title><dc:language>en</dc:language></channel>'
                "<image rdf:about='/i'><title>I</title><url>/i</url></image>"
            ),
        ),
        entries=tuple(
            f'<item rdf:about="/{n}"><title>Triple {n}</title><link>https://triple.example/{n}</link>'
            f"<dc:date>2026-11-20T0{n}:00+01:00</dc:date><dc:creator>a@triple.example (N. {n})</dc:creator>"
            f"<dc:subject>S</dc:subject><description>d{n}</description></item>"
            for n in range(6)
        ),
        tail="</rdf:RDF>",
        between=("\n", '<textinput rdf:about="/t"><title>T</title><name>n</name></textinput>'),
    ),
    "rdf 0.90": Material(
        heads=(
            (
                '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://my.netscape.com/rdf/simple/0.9/">'
                "<channel><title>First</title></channel>"
            ),
        ),
        entries=tuple(f"<item><title>First {n}</title><link>http://first.example/{n}</link></item>" for n in range(4)),
        tail="</rdf:RDF>",
    ),
    "atom": Material(
        heads=(
            (
                f'{FEED} xml:lang="en"><title>Quay</title><id>urn:quay</id><updated>2026-11-20T10:00:00Z</updated>'
                "<author><name>The Quay</name></author><generator uri='/g'>G</generator>"
            ),
            (
                f'{FEED} xml:lang="en"><title type="html">Quay &lt;b&gt;2</title><id>urn:quay</id>'
                "<updated>2026-11-22T10:00:00Z</updated><author><name>The Quay</name></author><link rel='self' href='/atom'/>"
            ),
            f'{FEED} xml:lang="en"><title>Quay</title><author><name>Somebody Else</name></author>',
            f'{FEED} xml:base="/moved/"><title>Quay</title><author><name>The Quay</name></author>',
        ),
        entries=tuple(ATOM_ENTRIES),
        tail="</feed>",
        between=(
            "\n",
            "<!-- between -->",
            "<author><name>Late</name></author>",
            f"<subtitle type='xhtml'><div {XHTML}>s</div></subtitle>",
        ),
    ),
    "atom under a prefix": Material(
        heads=('<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:title>Prefixed</a:title>',),
        entries=tuple(f"<a:entry><a:id>p{n}</a:id><a:title>P {n}</a:title><a:link href='/{n}'/></a:entry>" for n in range(4)),
        tail="</a:feed>",
    ),
    "atom 0.3": Material(
        heads=('<feed version="0.3" xmlns="http://purl.org/atom/ns#" xml:lang="en"><title>Older</title><tagline>t</tagline>',),
        entries=tuple(OLD_ATOM_ENTRIES),
        tail="</feed>",
    ),
    "no namespace at all": Material(
        heads=("<feed><title>Bare</title>", '<feed xmlns="urn:unknown"><title>Bare</title>'),
        entries=tuple(f"<entry><id>b{n}</id><title>Bare {n}</title></entry>" for n in range(4)),
        tail="</feed>",
    ),
    "json": Material(
        heads=(
            '{"version": "https://jsonfeed.org/version/1.1", "title": "Jot", "language": "en", "items": [',
            '{"version": "https://jsonfeed.org/version/1.1", "title": "Jot 2", "language": "en", "items": [',
            '{"version": "https://jsonfeed.org/version/1.1", "title": "Jot", "authors": [{"name": "J"}], "items": [',
        ),
        entries=(
            '{"id": 1, "url": "/1", "title": "One", "content_text": "a < b", "date_published": "2026-11-20T08:00:00Z"}',
            '{"id": "2", "title": "Two", "content_html": "<p>2</p>", "tags": ["a"], "authors": [{"name": "A"}]}',
            '{"url": "https://jot.example/3", "title": "Three", "summary": "s", "image": "/3.png"}',
            '{"content_html": "<p>no id</p>", "date_modified": "2026-11-20T08:00:00"}',
        ),
        tail="]}",
        joint=",",
    ),
}

UNSETTLED = {
    "a date to come": item(60, day=28),
    "a date without a year": "<item><title>t</title><guid>y</guid><pubDate>20 Nov 10:00</pubDate></item>",
    "a date of two readings": "<item><title>t</title><guid>two</guid><pubDate>01/12/2026 10:00</pubDate></item>",
    "a date only feedparser reads": "<item><title>t</title><guid>e</guid><pubDate>Δευ, 23 Νοέ 2026 10:15 EET</pubDate></item>",
}
"""Items that may become another entry when time passes."""

DEPENDENT = {
    "an item in an item": item(61, "<own:more><item><title>Inner</title></item></own:more><description>after</description>"),
    "an image that looks at the feed's": item(62, "<image><title>x</title><link>/l</link><width>3</width></image>"),
    "a text input": item(63, "<textInput><title>x</title><name>n</name><link>/l</link></textInput>"),
    "a channel in an item": item(64, "<channel><language>xx</language></channel>"),
    "an rss in an item": item(65, '<rss version="0.92" xml:lang="xx"/>'),
    "a feed in an item": item(81, "<feed>f</feed><items>i</items><entries>e</entries><url>u</url>"),
    "an item that is empty": "<item/>",
    "the same item again": RSS_ITEMS[0],
    "the same guid for something else": '<item><title>Other</title><guid isPermaLink="false">pier-1</guid></item>',
}
"""Items that cannot be parsed apart from the others."""

ODD = {
    "inline markup with a title": item(68, '<content:encoded type="xhtml"><b><title>x</title></b></content:encoded>'),
    "a prefix of its own, for something unknown": item(66, '<z:note xmlns:z="urn:z">n</z:note>'),
    "a prefix that means another module": item(
        67, '<media:creator xmlns:media="http://purl.org/dc/elements/1.1/">M</media:creator>'
    ),
    "inline markup cut short": item(82, '<description type="xhtml"><b><description>x</description></b>more</description>'),
    "svg with a title": item(69, f'<description type="xhtml"><svg {SVG}><title>x</title></svg></description>'),
    "svg as an element": item(70, f"<svg {SVG}><title>x</title><link>q</link></svg>"),
    "an element that leaves its frame": item(71, "<itunes:link href='/x'/><media:content url='/y.jpg'/>"),
    "a div in text that is no markup": item(72, '<description type="text/html"><div xml:lang="xx">a</div><p>b</p></description>'),
    "a relative base": item(73, '<description xml:base="/deep/er/">x</description><link>rel</link>'),
    "a language": item(74, '<description xml:lang="xx">x</description>'),
    "links that are no list": item(75, '<links a="b"/>'),
    "details that are no details": item(76, '<title_detail x="1"/><content_detail y="2"/>'),
    "a known default namespace": item(77, '<title xmlns="http://www.w3.org/2005/Atom">Atom</title>'),
    "a known module under a name of its own": item(83, '<q:creator xmlns:q="http://purl.org/dc/elements/1.1/">Q</q:creator>'),
    "an owner": item(78, "<itunes:owner><itunes:name>O</itunes:name><itunes:email>o@pier.example</itunes:email></itunes:owner>"),
    "half a geometry": item(79, "<gml:LineString srsDimension='3'><gml:posList>1 2 3 4 5 6</gml:posList></gml:LineString>"),
    "attributes that are each other's": item(80, '<own:a own:b="1" B="2" b="3" dc:b="4" xml:b="5">x</own:a>'),
    "mathematics": item(84, '<m:math xmlns:m="http://www.w3.org/1998/Math/MathML"><m:mi>x</m:mi></m:math>'),
    "links with a namespace of their own": item(85, '<own:a xmlns:x="http://www.w3.org/1999/xlink" x:href="/z">x</own:a>'),
}
"""Items that feedparser reads in its own way; some change what it makes of those that follow."""


def documents() -> dict[str, bytes]:
    """Whole documents: every material with each of its heads, and every odd item among ordinary ones."""
    found = {f"{name}, head {n}": made.document(head=n) for name, made in MATERIALS.items() for n in range(len(made.heads))}
    for name, made in MATERIALS.items():
        found |= {f"{name}, between {n}": made.document(made.entries[:5], between=text) for n, text in enumerate(made.between)}
    rss = MATERIALS["rss 2.0"]
    for name, one in {**UNSETTLED, **DEPENDENT, **ODD}.items():
        for head in (0, 1):
            found[f"{name}, head {head}"] = rss.document([item(90), *RSS_ITEMS[:2], one, *RSS_ITEMS[2:5], item(91)], head=head)
    return found
