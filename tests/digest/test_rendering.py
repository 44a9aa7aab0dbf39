import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from lxml import html as lxml_html

from aggregator.digest import compose, render_digest
from aggregator.model.anomaly import Anomaly, AnomalyKind, Subject
from aggregator.model.delivery import (
    DigestIssue,
    Letter,
    Links,
    MatchedArticle,
    Recipient,
    RuleDigest,
    SourceGap,
    SourceTrouble,
    WatchedEdit,
)
from aggregator.model.page import FailureKind

Make = Callable[..., MatchedArticle]
DAY = date(2026, 11, 24)
WINDOW = (datetime(2026, 11, 23, 6, tzinfo=UTC), datetime(2026, 11, 24, 6, tzinfo=UTC))
READER = Recipient("desk", "desk@example.org", timezone="Europe/Paris")
TUNNEL = RuleDigest("tunnel", "Harbour tunnel", "tunnel", daily=(8, 6, 8, 5, 9, 8, 0))
PORT = RuleDigest("port", "Port authority", '"port authority"', daily=(12,) * 7)
FAILING = SourceTrouble("estuary", "Estuary Times", FailureKind.HTTP, "403", WINDOW[0] - timedelta(days=1), WINDOW[1])


def issue_of(
    items: Sequence[MatchedArticle],
    rules: Sequence[RuleDigest] = (TUNNEL, PORT),
    *,
    reader: Recipient = READER,
    troubles: Sequence[SourceTrouble] = (),
    gaps: Sequence[SourceGap] = (),
    edits: Sequence[WatchedEdit] = (),
    missed_days: int = 0,
) -> DigestIssue:
    return compose(reader, DAY, WINDOW, items, rules, troubles, gaps, edits, instance="Newsdesk", missed_days=missed_days)


def parsed(letter: Letter) -> Any:
    return lxml_html.document_fromstring(letter.html)


def one_line(text: str) -> str:
    """Text without line breaks, the marks of the plain part and the spaces around it."""
    return " ".join(re.sub("[\u200e\u2068\u2069]", "", text).split())


def texts(nodes: Iterable[Any]) -> list[str]:
    return [one_line(node.text_content()) for node in nodes]


def test_subject_and_first_lines(match: Make) -> None:
    letter = render_digest(issue_of([match() for _ in range(11)], [TUNNEL]))
    assert letter.subject == "[Newsdesk] Harbour tunnel: 11 stories, +38% — Tue 24 Nov"
    page = parsed(letter)
    assert texts(page.xpath("//h1")) == ["Newsdesk: digest of Tue 24 Nov 2026"]
    assert texts(page.xpath("//p[@class='k']")) == [
        "Mon 23 Nov 07:00 – Tue 24 Nov 07:00 (Europe/Paris)11 articles · 11 stories · 1 outlet · +38 % vs 7-day median"
    ]
    assert letter.text.splitlines()[1:3] == [
        "Mon 23 Nov 07:00 – Tue 24 Nov 07:00 (Europe/Paris)",
        "11 articles · 11 stories · 1 outlet · +38\u00a0% vs 7-day median",
    ]


def test_totals_compare_with_all_rules_the_quiet_ones_included(match: Make) -> None:
    letter = render_digest(issue_of([match() for _ in range(10)]))
    assert "10 articles · 10 stories · 1 outlet · −50\u00a0% vs 7-day median" in letter.text.splitlines()[2]


def test_the_subject_names_the_rule_with_the_most_stories(match: Make) -> None:
    letter = render_digest(issue_of([match("tunnel"), match("port"), match("port")]))
    assert letter.subject == "[Newsdesk] Port authority: 2 stories, −83%; +1 more rule — Tue 24 Nov"


def test_a_rule_shows_its_counts_and_a_bar_for_every_day(match: Make) -> None:
    letter = render_digest(issue_of([match() for _ in range(4)]))
    page = parsed(letter)
    counts = "4 articles · 4 stories · 1 outlet · −50 % vs 7-day median"
    assert texts(page.xpath("//div[@class='r']/p[@class='t']")) == [counts]
    (table,) = page.xpath("//table")
    assert table.get("role") == "img"
    label = "articles a day, oldest first: 8, 6, 8, 5, 9, 8, 0; usually 8 a day; in this digest: 4"
    assert table.get("aria-label") == label
    heights = [int(re.findall(r"\d+", bar.get("style"))[0]) for bar in table.xpath(".//div")]
    assert len(heights) == 8
    assert heights[4] == max(heights)
    assert heights[6] == min(heights) == 2
    assert counts.replace(" %", "\u00a0%") in letter.text
    assert f"▇▅▇▃▇▇▁▃ {label}" in one_line(letter.text)


def test_a_story_shows_everything_known_of_it(match: Make) -> None:
    lead = match(
        title="Tunnel closed",
        outlet="Northport Courier",
        group="daily",
        story=5,
        at=datetime(2026, 11, 24, 5, 12, tzinfo=UTC),
        hits=("tunnel", "Tunnel"),
        aliases=("the tube",),
        note="This is the feed's own text.",
    )
    copies = [
        match(title="C", outlet=f"Outlet {n}", group="wire", story=5, at=WINDOW[1] - timedelta(minutes=9)) for n in range(5)
    ]
    letter = render_digest(issue_of([lead, *copies]))
    (story,) = parsed(letter).xpath("//div[@class='s']")
    assert (story.get("dir"), story.get("lang")) == ("ltr", "en")
    lines = texts(story)
    assert lines == [
        "Tunnel closed",
        "Northport Courier daily · 06:12",
        "The harbour tunnel is closed until further notice.",
        "Named here “the tube”",
        "Also in wire Outlet 0 · Outlet 1 · Outlet 2 · +2 more articles (wire 2)",
        "This is the feed's own text.",
    ]
    assert texts(story.xpath(".//mark")) == ["Tunnel", "tunnel"]
    assert {mark.get("style") for mark in story.xpath(".//mark")} == {"background:#ffe58f;color:#1b1f24"}
    assert letter.text.count("Also in wire: Outlet") == 3
    for piece in ("Northport Courier · daily · 06:12", "“the tube”", "+2 more articles", "feed's own text"):
        assert piece in letter.text


def test_other_texts_of_a_story_stand_below_it_in_both_parts(match: Make) -> None:
    lead = match(title="Tunnel closed", outlet="Courier", story=5, copy_of=1, at=WINDOW[1] - timedelta(hours=2))
    others = [match(title="Who closed the tunnel?", outlet=name, story=5, copy_of=2, at=WINDOW[1]) for name in ("Herald", "Star")]
    more = [match(title=f"Opinion {n}", outlet="Courier", story=5, copy_of=3 + n, at=WINDOW[1]) for n in range(3)]
    letter = render_digest(issue_of([lead, *others, *more]))
    (story,) = parsed(letter).xpath("//div[@class='s']")
    lines = texts(story)
    assert lines[0] == "Who closed the tunnel?"
    assert "More on this: Tunnel closed · Courier" in lines
    assert lines[-3:] == [f"More on this: {title} · Courier" for title in ("Tunnel closed", "Opinion 0", "Opinion 1")]
    assert "Also in Star · +1 more article" in lines
    assert "More on this: Tunnel closed · Courier" in letter.text
    assert lead.article.url in letter.text


def test_both_parts_show_the_same_headlines_and_addresses_in_the_same_order(match: Make) -> None:
    items = [
        match("tunnel" if n % 3 else "port", title=f"Headline {n} of a longer kind", story=n // 2 + 1, outlet=f"O{n}")
        for n in range(40)
    ]
    persian = match(title="هزینه تونل (Harbour Tunnel) دو برابر شد", language="fa", outlet="خبرگزاری")
    letter = render_digest(issue_of([*items, persian], troubles=[FAILING], missed_days=1))
    page, text = parsed(letter), one_line(letter.text)
    place = 0
    for headline in texts(page.xpath("//h3")):
        place = text.index(headline, place)
    assert page.xpath("//a/@href") == re.findall(r"https?://\S+", letter.text)
    for paragraph in texts(page.xpath("//p[@class='t' or @class='w' or @class='q']")):
        assert paragraph in text.replace("! ", "")


def test_an_empty_digest_tells_silence_from_blindness() -> None:
    letter = render_digest(issue_of([], troubles=[FAILING]))
    assert letter.subject == "[Newsdesk] No matches, 1 source cannot be read — Tue 24 Nov"
    said = one_line(parsed(letter).xpath("//div[@class='c']")[0].text_content())
    for part in (said, one_line(letter.text)):
        assert "Nothing matched in this window." in part
        assert "No matches for" in part
        assert "Harbour tunnel (usually 8 a day)" in part
        assert "answers with an error (403) · since Sun 22 Nov 07:00 · next try 07:00" in part
    assert render_digest(issue_of([])).subject == "[Newsdesk] No matches — Tue 24 Nov"


def test_entries_that_were_missed_are_told_in_both_parts() -> None:
    gaps = [
        SourceGap("estuary", "Estuary Times", 12, WINDOW[0] - timedelta(hours=9), WINDOW[0] + timedelta(hours=20)),
        SourceGap("pier", "", 1, WINDOW[1] - timedelta(hours=2), WINDOW[1] - timedelta(hours=1)),
    ]
    letter = render_digest(issue_of([], gaps=gaps))
    said = [
        "Estuary Times · about 12 entries, published between Sun 22 Nov 22:00 and 03:00, scrolled out before we came",
        "pier · about 1 entry, published between 05:00 and 06:00, scrolled out before we came",
    ]
    (block,) = parsed(letter).xpath("//div[@class='h']")
    assert texts(block.xpath("./h2")) == ["Entries that we missed"]
    assert texts(block.xpath("./p")) == said
    assert f"Entries that we missed - {said[0]} - {said[1]} ---" in one_line(letter.text)
    both = render_digest(issue_of([], troubles=[FAILING], gaps=gaps))
    headings = ["Sources that cannot be read", "Entries that we missed"]
    assert texts(parsed(both).xpath("//div[@class='h']/h2")) == headings
    assert "Entries that we missed" not in render_digest(issue_of([], troubles=[FAILING])).text
    many = render_digest(issue_of([], gaps=gaps[:1] * 25))
    assert texts(parsed(many).xpath("//div[@class='h']/p"))[20:] == ["+5 more sources"]
    assert (many.text.count("about 12 entries"), many.text.count("+5 more sources")) == (20, 1)


def test_missed_days_are_announced(match: Make) -> None:
    letter = render_digest(issue_of([match()], missed_days=2))
    banner = "No digest went out on 2 days before this one; this mail covers them as well."
    assert texts(parsed(letter).xpath("//p[@class='w']")) == [banner]
    assert banner in one_line(letter.text.replace("! ", ""))
    assert "No digest went out" not in render_digest(issue_of([match()])).text


HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>\r\nBcc: x@example.org\x00\u2028'


def test_hostile_words_are_inert_in_both_parts(match: Make) -> None:
    item = match(
        HOSTILE,
        title=HOSTILE,
        text=HOSTILE,
        outlet=HOSTILE,
        group=HOSTILE,
        language='x"><script>',
        note=HOSTILE,
        hits=("script",),
        aliases=(HOSTILE,),
        story=3,
        url="https://outlet.example/?q=\"><script>alert(3)</script>&a=1'",
    )
    copy = match(HOSTILE, title=HOSTILE, outlet="B" + HOSTILE, story=3, at=WINDOW[1], url="javascript:alert(4)")
    trouble = SourceTrouble("s", HOSTILE, FailureKind.HTTP, HOSTILE, WINDOW[0], None)
    rules = [RuleDigest(HOSTILE, HOSTILE, "q", daily=(7,) * 7), RuleDigest("quiet", HOSTILE, "q")]
    gap = SourceGap("s", HOSTILE, 3, *WINDOW)
    edits = [WatchedEdit(1, HOSTILE, copy.article, HOSTILE, WINDOW[0])]
    issue = compose(READER, DAY, WINDOW, [item, copy], rules, [trouble], [gap], edits, instance=HOSTILE, missed_days=0)
    letter = render_digest(issue)
    page = parsed(letter)
    allowed = "a b bdi body br div h1 h2 h3 head html mark meta p span style table td title tr"
    assert {node.tag for node in page.iter()} <= set(allowed.split())
    attributes = {name for node in page.iter() for name in node.attrib}
    allowed = "aria-label charset class content dir href lang name role style"
    assert attributes <= set(allowed.split())
    assert all(re.match("https?://", href) for href in page.xpath("//a/@href"))
    assert "javascript:" not in letter.html + letter.text
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]", letter.html + letter.text + letter.subject)
    assert "\n" not in letter.subject
    assert not [line for line in letter.text.splitlines() if line.startswith("Bcc:")]


@pytest.mark.parametrize(
    "url",
    ["javascript://youtube.example/%0Aalert(1)", "data:text/html,x", "//outlet.example/", " https://x.example/", "", "http://"],
)
def test_only_web_addresses_become_links(match: Make, url: str) -> None:
    letter = render_digest(issue_of([match(url=url, title="No link")]))
    assert parsed(letter).xpath("//a") == []
    assert texts(parsed(letter).xpath("//h3")) == ["No link"]
    assert "://" not in letter.text


def test_a_direction_override_is_shown_isolated(match: Make) -> None:
    letter = render_digest(issue_of([match(title="safe\u202egnp.exe", outlet="Evil\u202e\u2069Outlet")]))
    holders = [node for node in parsed(letter).iter() if node.tag != "title" and "\u202e" in (node.text or "")]
    assert holders
    assert all(node.tag == "bdi" or any(up.tag == "bdi" for up in node.iterancestors()) for node in holders)
    assert "\u2069" not in letter.html
    assert "\u2068safe\u202egnp.exe\u2069" in letter.text
    assert "\u2068Evil\u202eOutlet\u2069" in letter.text
    assert "\u202e" not in render_digest(issue_of([match("x\u202ey")], [RuleDigest("x\u202ey", "", "")])).subject


def test_each_story_has_its_own_direction_and_the_mail_the_readers(match: Make) -> None:
    reader = Recipient("desk", "desk@example.org", language="fa", timezone="Asia/Tehran")
    persian = match(title="هزینه تونل (Harbour Tunnel) دو برابر شد", language="fa", outlet="خبرگزاری")
    english = match(title="Tunnel cost doubles", at=WINDOW[0])
    letter = render_digest(issue_of([persian, english], reader=reader))
    page = parsed(letter)
    assert (page.get("lang"), page.get("dir")) == ("fa", "rtl")
    assert [(s.get("lang"), s.get("dir")) for s in page.xpath("//div[@class='s']")] == [("fa", "rtl"), ("en", "ltr")]
    assert texts(page.xpath("//div[@class='s']/p[@class='m'][1]")) == [
        "خبرگزاری · دوشنبه ۲ آذر، ساعت ۱۵:۳۰",
        "Northport Courier · دوشنبه ۲ آذر، ساعت ۰۹:۳۰ · انگلیسی",
    ]
    assert page.xpath("//div[@class='s'][2]/p[@class='m'][1]/bdi/@lang") == ["fa", "fa"]
    assert "(Harbour Tunnel)\u200e" in letter.text
    assert "\u200f  Northport Courier\u200f · دوشنبه ۲ آذر، ساعت ۰۹:۳۰" in letter.text
    assert "\u200e" not in letter.html


def test_the_document_is_made_for_dark_and_narrow_screens_and_for_readers_aloud(match: Make) -> None:
    letter = render_digest(issue_of([match()]))
    page = parsed(letter)
    assert letter.html.startswith("<!DOCTYPE html>")
    assert page.xpath("//meta[@name='color-scheme']/@content") == ["light dark"]
    assert page.xpath("//meta[@name='supported-color-schemes']/@content") == ["light dark"]
    assert "prefers-color-scheme:dark" in letter.html
    assert "max-width:480px" in letter.html
    assert [node.tag for node in page.xpath("//h1|//h2|//h3")] == ["h1", "h2", "h3"]
    assert "display:none" in page.xpath("//body/div")[0].get("style")
    assert texts(page.xpath("//body/div")[:1]) == ["Harbour tunnel: Tunnel closed"]
    assert page.xpath("//title/text()") == [letter.subject]


def test_the_text_part_is_narrow_and_keeps_addresses_whole(match: Make) -> None:
    url = "https://outlet.example/" + "a-long-path/" * 12
    letter = render_digest(issue_of([match(title="word " * 30, text="sentence " * 90, url=url)], troubles=[FAILING]))
    assert all(len(line) <= 76 for line in letter.text.splitlines() if "://" not in line)
    assert f"  {url}" in letter.text.splitlines()


def test_the_same_issue_gives_the_same_bytes(match: Make) -> None:
    items = [match(title=f"T{n}", outlet=f"O{n % 3}", story=n % 7 + 1) for n in range(30)]
    assert render_digest(issue_of(items)) == render_digest(issue_of(items))
    assert render_digest(issue_of(items)).html == render_digest(issue_of(items[::-1])).html


def rules_of(n: int, name: str = "Watched subject {}") -> list[RuleDigest]:
    return [RuleDigest(f"rule-{i}", name.format(i), "", daily=(40, 50, 45, 60, 41, 47, 55)) for i in range(n)]


def test_a_full_day_fits_with_everything(match: Make) -> None:
    text = "The harbour tunnel is closed. " * 20
    items = [
        match(f"rule-{n % 4}", title=f"Headline {n} of a usual length for news", text=text, hits=("tunnel",)) for n in range(40)
    ]
    letter = render_digest(issue_of(items, rules_of(4)))
    assert len(letter.html.encode()) < 90_000
    assert len(parsed(letter).xpath("//div[@class='s']")) == 40
    assert len(parsed(letter).xpath("//p[@class='q']")) == 40


def test_ten_stories_of_every_rule_outlive_their_snippets(match: Make) -> None:
    text = "The harbour tunnel is closed. " * 20
    items = [
        match(f"rule-{rule}", title=f"Headline {story}", text=text, story=20 * story + rule + 1, outlet=outlet)
        for rule in range(20)
        for story in range(12)
        for outlet in ("Courier", "Gazette")
    ]
    letter = render_digest(issue_of(items, rules_of(20)))
    stories = parsed(letter).xpath("//div[@class='s']")
    assert len(letter.html.encode()) <= 90_000
    assert len(stories) == 200
    assert not [story for story in stories if "Also in" in story.text_content()]
    assert texts(parsed(letter).xpath("//p[@class='o']")) == ["+2 more stories"] * 20


@pytest.mark.parametrize(
    "title", ["A headline of the usual length, more or less", "“عنوان” & <" * 180], ids=["usual", "pathological"]
)
def test_five_thousand_matches_over_a_hundred_rules_stay_under_the_limit(match: Make, title: str) -> None:
    items = [match(f"rule-{n % 100}", title=title, text=title, outlet=title[:60], hits=("a",)) for n in range(5000)]
    letter = render_digest(issue_of(items, rules_of(100), troubles=[FAILING] * 40))
    assert len(letter.html.encode()) <= 90_000
    names = texts(parsed(letter).xpath("//div[@class='r']/h2"))
    assert names == [f"Watched subject {n}" for n in range(100)]
    assert all(
        line.startswith("50 articles · 50 stories") for line in texts(parsed(letter).xpath("//div[@class='r']/p[@class='t']"))
    )
    assert len(re.findall("^Watched subject", letter.text, re.MULTILINE)) == 100
    assert "+20 more sources" in letter.text


def test_a_thousand_rules_with_absurd_names_stay_under_the_limit_too(match: Make) -> None:
    items = [match(f"rule-{n}", outlet=f"{n}" + "<&" * 90, group="<&" * 90) for n in range(1000)]
    troubles = [SourceTrouble("s", "<&" * 900, FailureKind.HTTP, "&" * 900, WINDOW[0], WINDOW[1])] * 500
    rules = [*rules_of(1000, '"<&>"' * 300 + "{}"), *(RuleDigest(f"quiet-{n}", "<'>" * 500, "") for n in range(500))]
    told = (items, rules, troubles, [SourceGap("s", "<&" * 900, 3, *WINDOW)] * 500)
    edits = [WatchedEdit(n, "rule-1", item.article, "'" * 900, WINDOW[0]) for n, item in enumerate(items)]
    new = {(item.rule, item.article.source_name) for item in items}
    unusual = [silence("<&" * 900)] * 50
    issue = compose(READER, DAY, WINDOW, *told, edits, unusual, instance="<'>" * 500, missed_days=0, new_outlets=new)
    letter = render_digest(issue, LINKS)
    assert len(letter.html.encode()) <= 90_000
    for part in (one_line(letter.text), one_line(parsed(letter).text_content())):
        assert "+975 more rules with matches" in part
        assert part.count("+495 more sources") == 2
        assert "and 490 more" in part


def test_changes_after_publication_stand_in_both_parts(match: Make) -> None:
    persian = match(title="تونل باز شد", language="fa", outlet="پژواک", group="state").article
    told = "the headline was “تونل بسته شد”; Oban Lind was added"
    edits = [
        WatchedEdit(1, "tunnel", persian, told, WINDOW[1] - timedelta(hours=1)),
        WatchedEdit(2, "port", persian, told, WINDOW[1] - timedelta(hours=1)),
    ]
    letter = render_digest(issue_of([], edits=edits))
    assert letter.subject == "[Newsdesk] 1 article changed after publication — Tue 24 Nov"
    page = parsed(letter)
    assert texts(page.xpath("//h2")) == ["Changed after publication"]
    (block,) = page.xpath("//div[@class='s']")
    assert (block.get("lang"), block.get("dir")) == ("fa", "rtl")
    assert block.xpath("h3/a/@href") == [persian.url]
    said = [f"06:00 · {told}", "Watched by Harbour tunnel, Port authority"]
    assert texts(block.xpath("p"))[1:] == said
    flat = one_line(letter.text)
    assert f"Changed after publication - تونل باز شد پژواک · state {persian.url} {' '.join(said)}" in flat
    assert flat.count("Changed after publication") == 1


def test_a_digest_with_matches_and_changes_is_named_by_its_matches(match: Make) -> None:
    item = match(title="Tunnel open")
    letter = render_digest(issue_of([item], edits=[WatchedEdit(1, "tunnel", item.article, "Oban Lind was added", WINDOW[0])]))
    assert letter.subject == "[Newsdesk] Harbour tunnel: 1 story, −88% — Tue 24 Nov"
    assert texts(parsed(letter).xpath("//h2")) == ["Harbour tunnel", "Changed after publication"]
    assert letter.text.index("Changed after publication") < letter.text.index("No matches for: Port authority")


def test_many_changes_are_counted_and_stay_within_the_size(match: Make) -> None:
    long = "https://outlet.example/" + "x" * 1900
    articles = [match(title=f"{number} " + "W" * 300, url=long).article for number in range(200)]
    edits = [
        WatchedEdit(number, f"rule-{number % 7}", article, f"{change} " + "w" * 500, WINDOW[0] + timedelta(minutes=change))
        for number, (article, change) in enumerate((article, change) for article in articles for change in range(8))
    ]
    items = [match("rule-0", title=f"Story {number} " + "W" * 180, url=long) for number in range(100)]
    rules = [RuleDigest(f"rule-{number}", f"Rule {number}", "q") for number in range(7)]
    letter = render_digest(issue_of(items, rules, edits=edits))
    assert len(letter.html.encode()) <= 90_000
    shown = len(parsed(letter).xpath("//h2[.='Changed after publication']/../div"))
    assert shown in (20, 10, 5, 3)
    for part in (one_line(letter.text), one_line(parsed(letter).text_content())):
        assert f"+{200 - shown} more changed articles" in part
        assert part.count("+3 earlier changes") == shown


def test_many_rules_that_watch_one_change_are_counted(match: Make) -> None:
    article = match().article
    edits = [WatchedEdit(number, f"rule-{number}", article, "Oban Lind was added", WINDOW[0]) for number in range(9)]
    letter = render_digest(issue_of([], [], edits=edits))
    assert "Watched by rule-0, rule-1, rule-2 and 6 more" in letter.text


def test_the_lead_stands_in_both_parts_before_the_rules(match: Make) -> None:
    wide = [match("port", title="Port sold (Docks)", story=1, outlet=name) for name in "ABCD"]
    pairs = [match(title=f"پل {n}", story=10 + n, outlet=name, language="fa") for n in range(6) for name in "AB"]
    issue = issue_of([*wide, *pairs])
    letter = render_digest(issue)
    (lead,) = parsed(letter).xpath("//div[@class='l']")
    assert texts(lead.xpath("h2|p")) == [
        "Top stories",
        "Port sold (Docks)Port authority · 4 outlets",
        "پل 0Harbour tunnel · 2 outlets",
        "پل 1Harbour tunnel · 2 outlets",
    ]
    assert [(node.get("dir"), node.get("lang")) for node in lead.xpath("p")] == [("ltr", "en"), ("rtl", "fa"), ("rtl", "fa")]
    text = one_line(letter.text)
    assert "Top stories - Port sold (Docks) Port authority · 4 outlets https://outlet.example/1 - پل 0 Harbour" in text
    assert text.index("Top stories") < text.index("Harbour tunnel 12 articles")


def test_new_and_continuing_are_told_in_both_parts(match: Make) -> None:
    items = [match(title="Old", story=70), match(title="New", story=80)]
    issue = compose(READER, DAY, WINDOW, items, [TUNNEL], [], instance="Newsdesk", missed_days=0, previous={70})
    letter = render_digest(issue)
    assert "2 articles · 2 stories (1 new) · 1 outlet" in texts(parsed(letter).xpath("//p[@class='k']"))[0]
    assert texts(parsed(letter).xpath("//p[@class='m']/span")) == ["continuing", "new"]
    for part in (one_line(letter.text), one_line(parsed(letter).xpath("//body")[0].text_content())):
        assert "2 stories (1 new)" in part
    assert "Northport Courier · continuing · Mon 23 Nov 13:00" in letter.text


def test_new_outlets_stand_in_both_parts(match: Make) -> None:
    items = [match(outlet=f"Outlet {n:02}", group="daily") for n in range(15)]
    pairs = {("tunnel", f"Outlet {n:02}") for n in range(15)}
    issue = compose(READER, DAY, WINDOW, items, [TUNNEL], [], instance="Newsdesk", missed_days=0, new_outlets=pairs)
    letter = render_digest(issue)
    (part,) = parsed(letter).xpath("//h2[.='New outlets']/..")
    assert texts(part.xpath("p"))[0] == "Outlet 00 · daily · for the first time under Harbour tunnel"
    assert (len(part.xpath("p")), texts(part.xpath("p"))[-1]) == (13, "+3 more outlets")
    assert "- Outlet 11 · daily · for the first time under Harbour tunnel" in letter.text
    assert "+3 more outlets" in letter.text


def silence(name: str = "Jamaran", subject: Subject = Subject.SOURCE, kind: AnomalyKind = AnomalyKind.SILENCE) -> Anomaly:
    return Anomaly(subject, "tunnel", name, kind, 0, 14.0, (14, 10, 18, 15, 11), WINDOW[1])


def test_a_silence_alone_is_named_in_the_subject_and_apart_from_what_fails() -> None:
    issue = compose(READER, DAY, WINDOW, [], [], [], (), (), [silence()], instance="Newsdesk", missed_days=0)
    letter = render_digest(issue)
    assert letter.subject == "[Newsdesk] SILENCE Jamaran: 0 articles, expected 14 — Tue 24 Nov"
    both = [silence(), silence("Harbour tunnel", Subject.RULE), silence("Port", Subject.RULE, AnomalyKind.SPIKE)]
    issue = compose(READER, DAY, WINDOW, [], [], [FAILING], (), (), both, instance="Newsdesk", missed_days=0)
    letter = render_digest(issue)
    assert letter.subject.startswith("[Newsdesk] SILENCE Jamaran: 0 articles, expected 14 … and 2 more, 1 source cannot be read")
    parts = {one_line(part[0].text_content()): texts(part[1:]) for part in parsed(letter).xpath("//div[@class='h']")}
    assert list(parts) == ["Unusual volumes", "Sources that have fallen silent", "Sources that cannot be read"]
    assert parts["Sources that have fallen silent"] == ["Jamaran · source · 0 articles in the 24 hours to 07:00, expected 14 ± 4"]
    for heading, lines in parts.items():
        assert f"{heading} - {' - '.join(lines)}" in one_line(letter.text)


LINKS = Links(*(f"https://desk.example/{letter}/{'x' * 40}" for letter in "vupr"))


def test_own_links_stand_at_the_top_and_in_the_footer_of_both_parts(match: Make) -> None:
    items = [match() for _ in range(45)]
    letter = render_digest(issue_of(items), LINKS)
    page = parsed(letter)
    (top,) = page.xpath("//p[@class='a']")
    assert top.getparent()[0] is top, "nothing stands above it"
    assert texts(top.xpath("a")) == ["View in browser", "Unsubscribe"]
    assert top.xpath("a/@href") == [LINKS.view, LINKS.unsubscribe]
    footer = page.xpath("//div[@class='f']//a")
    assert texts(footer) == ["View in browser", "Edit rules", "Pause for a week", "Unsubscribe"]
    assert [link.get("href") for link in footer] == [LINKS.view, LINKS.rules, LINKS.pause, LINKS.unsubscribe]
    assert "ask whoever runs" not in letter.html + letter.text
    assert page.xpath("//p[@class='o']/a/@href") == [LINKS.view], "+5 more stories"
    lines = letter.text.splitlines()
    assert lines[:4] == ["View in browser", f"  {LINKS.view}", "Unsubscribe", f"  {LINKS.unsubscribe}"]
    assert lines[-2:] == ["Unsubscribe", f"  {LINKS.unsubscribe}"]
    bare = render_digest(issue_of(items), Links(view="javascript:alert(1)"))
    assert "javascript" not in bare.html + bare.text


def test_a_clipping_is_named_by_its_rule(match: Make) -> None:
    issue = compose(READER, DAY, WINDOW, [match()], [TUNNEL], [], instance="Newsdesk", missed_days=0, clipping=True)
    letter = render_digest(issue)
    assert texts(parsed(letter).xpath("//h1|//h2")) == ["Newsdesk: Harbour tunnel, Tue 24 Nov 2026", "Stories"]
    assert letter.text.startswith("Newsdesk: Harbour tunnel, Tue 24 Nov 2026\n")
    assert "\nStories\n1 article" in letter.text
