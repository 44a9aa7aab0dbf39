import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from lxml import html as lxml_html

from aggregator.alerts import plan_alerts, render_alert
from aggregator.model.delivery import Letter, Links, MatchedArticle, Recipient

Make = Callable[..., MatchedArticle]
NOW = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
READER = Recipient("desk", "desk@example.org", timezone="Asia/Tehran")
NAMES = {"tunnel": "Harbour tunnel", "port": "Port authority"}


def alert(*items: MatchedArticle, reader: Recipient = READER, instance: str = "Newsdesk") -> Letter:
    (intent,) = plan_alerts(items, [reader])
    return render_alert(intent, instance=instance, now=NOW, names=NAMES)


def parsed(letter: Letter) -> Any:
    return lxml_html.document_fromstring(letter.html)


def headlines(letter: Letter) -> list[str]:
    return [node.text_content() for node in parsed(letter).xpath("//h3")]


def test_one_match_is_named_in_the_subject(match: Make) -> None:
    letter = alert(match(title="Tunnel closed", hits=("Tunnel",), outlet="Northport Courier", group="daily"))
    assert letter.subject == "[Newsdesk] ALERT Harbour tunnel: Tunnel closed"
    (story,) = parsed(letter).xpath("//div[@class='s']")
    assert [" ".join(line.text_content().split()) for line in story] == [
        "Tunnel closed",
        "Northport Courier daily · 15:30",
        "The harbour tunnel is closed until further notice.",
    ]
    assert [mark.text for mark in story.xpath(".//mark")] == ["Tunnel"]
    assert letter.text.splitlines()[0] == "Newsdesk: alert of Mon 23 Nov 2026"
    assert "  Northport Courier · daily · 15:30" in letter.text


def test_a_rule_without_a_name_goes_by_its_slug(match: Make) -> None:
    (intent,) = plan_alerts([match("tunnel", title="Tunnel closed")], [READER])
    assert render_alert(intent, instance="Newsdesk", now=NOW).subject == "[Newsdesk] ALERT tunnel: Tunnel closed"


def test_copies_are_one_story_and_two_rules_tell_it_once(match: Make) -> None:
    first = match(title="Tunnel closed", story=9, outlet="A")
    copy = match(title="A copy", story=9, outlet="B", at=NOW)
    other = match("port", article=first.article)
    alone = match("port", title="Chair named")
    letter = alert(first, copy, other, alone)
    assert letter.subject == "[Newsdesk] ALERT Harbour tunnel: Tunnel closed … and 1 more"
    assert headlines(letter) == ["Tunnel closed", "Chair named", "Tunnel closed"]
    assert len(parsed(letter).xpath("//p[@class='q']")) == 2
    assert "3 articles · 2 stories" in letter.text
    assert "Also matches Harbour tunnel, above." in letter.text
    assert [node.text_content() for node in parsed(letter).xpath("//h2")] == ["Harbour tunnel", "Port authority"]


def test_twenty_five_stories_are_shown_and_the_rest_counted(match: Make) -> None:
    items = [match("tunnel" if n < 20 else "port", title=f"Headline {n}") for n in range(62)]
    letter = alert(*items)
    assert len(headlines(letter)) == 25
    assert letter.subject.endswith("… and 61 more")
    assert "\nand 37 more\n" in letter.text
    assert parsed(letter).xpath("//p[@class='o']/text()") == ["and 37 more"]


def test_both_parts_show_the_same(match: Make) -> None:
    letter = alert(
        *(
            match(title=f"Headline {n} is long enough to be wrapped in the text part", story=n // 2 + 1, outlet=f"O{n}")
            for n in range(12)
        )
    )
    assert parsed(letter).xpath("//a/@href") == re.findall(r"https?://\S+", letter.text)
    text = " ".join(letter.text.split())
    place = 0
    for headline in headlines(letter):
        place = text.index(headline, place)


def test_hostile_words_are_inert(match: Make) -> None:
    bad = '"><script>alert(1)</script>\r\nBcc: x@example.org'
    item = match(bad, title=bad, text=bad, outlet=bad, group=bad, note=bad, aliases=(bad,), url="javascript:alert(1)")
    letter = alert(item, reader=Recipient(bad, "x@example.org", language="fa"), instance=bad)
    page = parsed(letter)
    assert page.xpath("//script | //a | //@onerror") == []
    assert page.get("dir") == "rtl"
    assert not re.search(r"[\r\n]", letter.subject)
    assert not [line for line in letter.text.splitlines() if line.startswith("Bcc:")]


def test_absurd_items_stay_under_the_limit(match: Make) -> None:
    text = '"<&>" tunnel ' * 300
    items = [
        match(title=text, text=text, outlet=text, story=n // 5 + 1, hits=("tunnel",), url="https://x.example/?" + "&" * 1900)
        for n in range(400)
    ]
    letter = alert(*items)
    assert len(letter.html.encode()) < 100_000
    assert len(headlines(letter)) == 3
    assert "and 77 more" in letter.text


def test_the_same_intent_gives_the_same_bytes(match: Make) -> None:
    items = [match(title=f"T{n}", at=NOW - timedelta(hours=n % 3)) for n in range(9)]
    assert alert(*items) == alert(*items)


def test_the_mails_own_links_stand_above_and_below_in_both_parts(match: Make) -> None:
    (intent,) = plan_alerts([match(title="Tunnel closed")], [READER])
    links = Links(view="https://news.test/v/1", unsubscribe="https://news.test/n/2")
    letter = render_alert(replace(intent, links=links), instance="Newsdesk", now=NOW)
    shown = [node.get("href") for node in parsed(letter).xpath("//p[@class='a']//a | //div[@class='f']//a")]
    assert shown == [links.view, links.unsubscribe] * 2
    assert [line.strip(" <>") for line in letter.text.splitlines() if "news.test" in line] == shown
