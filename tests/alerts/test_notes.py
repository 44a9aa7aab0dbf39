"""What an alert says besides its stories: growth, what is over a cap, who did not answer, and what the reader can do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from lxml import html as lxml_html

from aggregator.alerts import render_alert, render_volumes
from aggregator.model.anomaly import Anomaly, AnomalyKind, Subject
from aggregator.model.delivery import AlertIntent, Letter, MatchedArticle, Recipient

Make = Callable[..., MatchedArticle]
NOW = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
READER = Recipient("desk", "desk@example.org")
NAMES = {"tunnel": "Harbour tunnel", "port": "Port authority"}


def alert(*items: MatchedArticle, **values: Any) -> Letter:
    return render_alert(AlertIntent(READER, items, **values), instance="Newsdesk", now=NOW, names=NAMES)


def words(letter: Letter) -> tuple[str, str]:
    """Both parts, on one line each."""
    return " ".join(letter.text.split()), " ".join(lxml_html.document_fromstring(letter.html).text_content().split())


def test_growth_and_what_is_over_a_cap_stand_above_the_stories_in_both_parts(match: Make) -> None:
    item = match("tunnel")
    letter = alert(item, grown={item.article.story_id: 12}, more=(("tunnel", 37), ("port", 1)))
    for part in words(letter):
        assert f"Told before, now in 12 outlets: {item.article.title}" in part
        assert "Harbour tunnel: and 37 stories more, in your next digest" in part
        assert "Port authority: and 1 story more, in your next digest" in part
        assert part.index("37 stories") < part.index(item.article.title, part.index("37 stories"))


def test_an_urgent_alert_says_so_and_whom_it_did_not_reach(match: Make) -> None:
    letter = alert(match("tunnel"), urgent=True, unanswered="night-desk")
    assert letter.subject.startswith("[Newsdesk] URGENT Harbour tunnel: ")
    assert all("“night-desk” has not acknowledged this." in part for part in words(letter))
    assert "URGENT" not in alert(match("tunnel")).subject


def test_links_are_there_when_there_is_where_to_lead(match: Make) -> None:
    urls = {"acknowledge_url": "https://me.test/a/x?<b>&c", "snooze_url": "https://me.test/s/y"}
    letter = alert(match("tunnel"), **urls)
    document = lxml_html.document_fromstring(letter.html)
    for words_, url in (("Acknowledge", urls["acknowledge_url"]), ("No more alerts on this for a day", urls["snooze_url"])):
        assert f"{words_}:\n<{url}>" in letter.text
        assert [link.text_content() for link in document.iter("a") if link.get("href") == url] == [words_]
    assert "Acknowledge" not in alert(match("tunnel")).html


def test_a_storm_says_where_its_stories_are() -> None:
    spike = Anomaly(Subject.RULE, "tunnel", "Harbour tunnel", AnomalyKind.SPIKE, 120, 3, (), NOW)
    storm = render_volumes([spike], READER, instance="Newsdesk", now=NOW, in_digest=True)
    assert storm.subject.startswith("[Newsdesk] SPIKE Harbour tunnel: 120 articles, usually 3")
    assert all("What came with it stands in your next digest." in part for part in words(storm))
    assert "stands in your next digest" not in render_volumes([spike], READER, instance="Newsdesk", now=NOW).text
