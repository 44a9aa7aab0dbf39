import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from justhtml import JustHTML
from lxml import html as lxml_html

from aggregator.alerts import plan_alerts, render_alert
from aggregator.model.delivery import AlertIntent, Letter, Links, MatchedArticle, Recipient

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


def alone(items: list[MatchedArticle]) -> AlertIntent:
    """The intent of a reader without a digest."""
    (intent,) = plan_alerts(items, [READER])
    return replace(intent, alone=frozenset(item.match_id for item in items))


def test_a_story_that_no_digest_has_is_a_line_at_least_and_the_others_are_counted(match: Make) -> None:
    items = [match("tunnel" if n < 40 else "port", title=f"Headline {n:02}", at=NOW - timedelta(minutes=n)) for n in range(62)]
    (intent,) = plan_alerts(items, [READER])
    letter = render_alert(
        replace(intent, alone={item.match_id for item in items[10:50]}), instance="Newsdesk", now=NOW, names=NAMES
    )
    assert headlines(letter) == [f"Headline {n:02}" for n in range(25)]
    lines = [" ".join(node.text_content().split()) for node in parsed(letter).xpath("//p[@class='o'][@lang]")]
    assert lines == [f"Headline {n} · Northport Courier" for n in range(25, 50)]
    assert [node.text_content() for node in parsed(letter).xpath("//h2")] == ["Harbour tunnel", "Port authority"]
    assert parsed(letter).xpath("//a/@href") == re.findall(r"https?://\S+", letter.text)
    assert all(f"- Headline {n} · Northport Courier\n" in letter.text for n in range(25, 50))
    assert JustHTML(letter.html, collect_errors=True, sanitize=False).errors == []
    assert ("\nand 12 more\n" in letter.text, "next mail" in letter.text, letter.left) == (True, False, frozenset())


def test_a_line_stands_once_and_not_for_what_is_told_above(match: Make) -> None:
    told = [match("tunnel", title=f"Headline {n}", at=NOW - timedelta(minutes=n)) for n in range(30)]
    again = [match("port", article=item.article) for item in (*told[:2], *told[28:])]
    letter = render_alert(alone([*told, *again]), instance="Newsdesk", now=NOW, names=NAMES)
    assert [letter.text.count(f"Headline {n}\n") + letter.text.count(f"Headline {n} ·") for n in range(30)] == [1] * 30
    assert (letter.left, "30 articles · 30 stories" in letter.text) == (frozenset(), True)


def test_what_has_no_room_is_left_for_another_mail_until_all_is_told(match: Make) -> None:
    text = "Un titre assez long pour que des centaines de lignes comme celle-ci débordent d’un seul courriel"
    items = [match(title=f"{text} #{n:03}", url=f"https://x.example/{n}?{'&' * 100}", outlet="Quai libre") for n in range(500)]
    rest, told, mails = alone(items), list[str](), 0
    while rest.items:
        letter = render_alert(rest, instance="Newsdesk", now=NOW, names=NAMES)
        assert len(letter.html.encode()) <= 90_000
        assert (f"and {len(letter.left)} more, in the next mail" in letter.text) == bool(letter.left)
        shown = re.findall(r"#[0-9]{3}", letter.text)
        assert len(letter.left) == len(rest.items) - len(shown)
        told, mails = told + shown, mails + 1
        items = [item for item in rest.items if item.match_id in letter.left]
        rest = replace(rest, items=tuple(items), alone=letter.left)
    assert (told, 3 <= mails <= 9) == ([f"#{n:03}" for n in range(500)], True)


def test_growth_is_not_said_of_a_story_that_is_left(match: Make) -> None:
    items = [match(title=f"T{n}", url="https://x.example/?" + "&" * 1900, story=n + 1) for n in range(60)]
    letter = render_alert(replace(alone(items), grown={n + 1: 12 for n in range(60)}), instance="Newsdesk", now=NOW, names=NAMES)
    stories = {item.article.story_id for item in items if item.match_id in letter.left}
    assert 0 < len(stories) < 60
    assert letter.text.count("Told before, now in 12 outlets") == 60 - len(stories)
