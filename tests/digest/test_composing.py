from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from aggregator.digest import compose
from aggregator.model.delivery import DigestIssue, MatchedArticle, Recipient, RuleDigest, SourceTrouble, WatchedEdit
from aggregator.model.page import FailureKind

Make = Callable[..., MatchedArticle]
DAY = date(2026, 11, 24)
WINDOW = (datetime(2026, 11, 23, 6, tzinfo=UTC), datetime(2026, 11, 24, 6, tzinfo=UTC))
READER = Recipient("desk", "desk@example.org", timezone="Europe/Paris")
TUNNEL = RuleDigest("tunnel", "Harbour tunnel", "tunnel")
PORT = RuleDigest("port", "Port authority", '"port authority"')


def issue_of(
    items: Sequence[MatchedArticle],
    rules: Sequence[RuleDigest] = (TUNNEL, PORT),
    *,
    reader: Recipient = READER,
    window: tuple[datetime, datetime] = WINDOW,
    troubles: Sequence[SourceTrouble] = (),
    edits: Sequence[WatchedEdit] = (),
) -> DigestIssue:
    return compose(reader, DAY, window, items, rules, troubles, (), edits, instance="Newsdesk", missed_days=0)


def headline(issue: DigestIssue, rule: int, story: int) -> str:
    return "".join(segment.text for segment in issue.rules[rule].shown[story].headline)


def test_copies_of_a_story_stand_together_under_the_earliest(match: Make) -> None:
    late = match(title="Late copy", outlet="B", story=7, at=WINDOW[0] + timedelta(hours=5), group="wire")
    first = match(title="The original", outlet="A", story=7, at=WINDOW[0] + timedelta(hours=1))
    same_outlet = match(title="Again", outlet="A", story=7, at=WINDOW[0] + timedelta(hours=2))
    more = [match(title="Copy", outlet=name, story=7, at=WINDOW[0] + timedelta(hours=6)) for name in "CDE"]
    issue = issue_of([late, first, same_outlet, *more])
    (block,) = issue.rules[0].shown
    assert headline(issue, 0, 0) == "The original"
    assert [copy.outlet for copy in block.also] == ["B", "C", "D"]
    assert (block.also[0].group, block.also[0].title, block.also[0].url) == ("wire", "Late copy", late.article.url)
    assert (block.more, block.articles) == (2, 6)
    assert (issue.rules[0].articles, issue.rules[0].stories, issue.rules[0].outlets) == (6, 1, 5)


def test_the_text_of_most_outlets_leads_its_story_and_other_texts_follow(match: Make) -> None:
    early = match(title="First word", outlet="A", story=7, copy_of=1, at=WINDOW[0])
    wide = [match(title="Wire", outlet=name, story=7, copy_of=2, at=WINDOW[0] + timedelta(hours=2)) for name in "BCD"]
    pair = [match(title="Comment", outlet=name, story=7, copy_of=3, at=WINDOW[0] + timedelta(hours=3)) for name in "EF"]
    issue = issue_of([early, *wide, *pair])
    (block,) = issue.rules[0].shown
    assert headline(issue, 0, 0) == "Wire"
    assert [copy.outlet for copy in block.also] == ["C", "D"]
    assert [(text.title, text.outlet, text.url) for text in block.texts] == [
        ("Comment", "E, F", pair[0].article.url),
        ("First word", "A", early.article.url),
    ]
    assert (block.more, block.articles, issue.stories) == (1, 6, 1)


def test_a_date_without_a_time_does_not_make_the_lead(match: Make) -> None:
    dated = match(title="Dated only", outlet="A", story=7, at=datetime(2026, 11, 23, tzinfo=UTC), has_time=False, seen=WINDOW[1])
    timed = match(title="Timed", outlet="B", story=7, at=WINDOW[0] + timedelta(hours=3))
    assert headline(issue_of([dated, timed]), 0, 0) == "Timed"


def test_stories_are_ranked_by_outlets_then_recency(match: Make) -> None:
    old = match(title="Old", at=WINDOW[0] + timedelta(hours=1))
    new = match(title="New", at=WINDOW[0] + timedelta(hours=9))
    wide = [match(title="Wide", story=99, outlet=name, at=WINDOW[0]) for name in "AB"]
    issue = issue_of([old, new, *wide])
    assert [headline(issue, 0, place) for place in range(3)] == ["Wide", "New", "Old"]


def test_an_article_of_two_rules_stands_in_full_under_the_first_only(match: Make) -> None:
    both = match(title="Tunnel and port", hits=("tunnel",), outlet="A")
    again = match("port", article=both.article)
    only = match("port", title="Port alone", at=WINDOW[0])
    issue = issue_of([again, only, both])
    assert issue.rules[0].shown[0].snippets
    assert [headline(issue, 1, place) for place in range(2)] == ["Port alone", "Tunnel and port"]
    reference = issue.rules[1].shown[1]
    assert (reference.snippets, reference.also) == ((), ())
    assert "Harbour tunnel" in reference.note
    assert (issue.rules[1].articles, issue.articles, issue.stories) == (2, 2, 2)
    assert issue.match_ids == (again.match_id, only.match_id, both.match_id)


def test_only_what_the_reader_follows_and_nothing_followed_is_lost(match: Make) -> None:
    reader = Recipient("desk", "desk@example.org", rules=("tun*", "gone"))
    kept, lost, foreign = match("tunnel"), match("gone", title="Rule was deleted"), match("port")
    issue = issue_of([kept, lost, foreign], reader=reader)
    assert [(block.slug, block.name, block.articles) for block in issue.rules] == [
        ("tunnel", "Harbour tunnel", 1),
        ("gone", "gone", 1),
    ]
    assert issue.match_ids == (kept.match_id, lost.match_id)


def test_quiet_rules_are_named(match: Make) -> None:
    issue = issue_of([match()])
    assert issue.quiet == ("Port authority",)
    assert [block.articles for block in issue.rules] == [1, 0]


@pytest.mark.parametrize(
    ("daily", "expected"),
    [((5, 5, 5, 5, 5, 5, 5), -40), ((0, 9, 1, 2, 3, 4, 6), None), ((), None), ((1, 2, 2, 2, 9, 9, 9), None), ((3,) * 7, None)],
)
def test_the_trend_needs_a_baseline_of_five(match: Make, daily: tuple[int, ...], expected: int | None) -> None:
    rule = RuleDigest("tunnel", "Harbour tunnel", "tunnel", daily=daily)
    assert issue_of([match(), match(), match()], [rule]).rules[0].trend == expected


def test_a_window_of_several_days_has_no_trend(match: Make) -> None:
    rule = RuleDigest("tunnel", "Harbour tunnel", "tunnel", daily=(10,) * 7)
    long = (WINDOW[0] - timedelta(days=2), WINDOW[1])
    assert issue_of([match()], [rule]).rules[0].trend == -90
    assert issue_of([match()], [rule], window=long).rules[0].trend is None


@pytest.mark.parametrize(
    ("at", "has_time", "late"),
    [
        (WINDOW[0] + timedelta(hours=1), True, 0),
        (WINDOW[0] - timedelta(minutes=1), True, 1),
        (WINDOW[0] - timedelta(days=2), True, 3),
        (datetime(2026, 11, 23, tzinfo=UTC), False, 0),
        (datetime(2026, 11, 21, tzinfo=UTC), False, 3),
        (None, False, 0),
    ],
)
def test_late_articles_say_how_late(match: Make, at: datetime | None, has_time: bool, late: int) -> None:
    item = match(at=at, has_time=has_time, seen=WINDOW[1] - timedelta(hours=1))
    assert issue_of([item]).rules[0].shown[0].late_days == late


def test_times_are_the_readers_and_a_bare_date_stays_that_date(match: Make) -> None:
    reader = Recipient("desk", "desk@example.org", timezone="America/New_York")
    timed = match(title="Timed", at=datetime(2026, 11, 24, 1, 30, tzinfo=UTC))
    dated = match(title="Dated", at=datetime(2026, 11, 23, tzinfo=UTC), has_time=False, seen=WINDOW[0])
    trouble = SourceTrouble("s", "Lagging Times", FailureKind.DNS, "", WINDOW[0], WINDOW[1])
    issue = issue_of([timed, dated], reader=reader, troubles=[trouble])
    first, second = (block.published for block in issue.rules[0].shown)
    assert first is not None
    assert second is not None
    assert (first.isoformat(), second.date()) == ("2026-11-23T20:30:00-05:00", date(2026, 11, 23))
    assert not issue.rules[0].shown[1].has_time
    assert issue.window_start.isoformat() == "2026-11-23T01:00:00-05:00"
    assert issue.troubles[0].since.isoformat() == "2026-11-23T01:00:00-05:00"


def test_direction_follows_the_article_and_the_reader(match: Make) -> None:
    reader = Recipient("desk", "desk@example.org", language="ar")
    persian = match(title="تونل بسته شد", language="fa")
    unknown = match(title="تونل بسته شد", language=None, at=WINDOW[0])
    issue = issue_of([persian, match(title="Tunnel", at=WINDOW[0] - timedelta(hours=1)), unknown], reader=reader)
    assert issue.direction == "rtl"
    assert [block.direction for block in issue.rules[0].shown] == ["rtl", "rtl", "ltr"]


def test_long_titles_are_cut_with_their_marks(match: Make) -> None:
    item = match(title="tunnel " + "word " * 400 + "tunnel", hits=("tunnel",))
    segments = issue_of([item]).rules[0].shown[0].headline
    assert sum(len(segment.text) for segment in segments) <= 200
    assert segments[0].hit
    assert segments[-1].text == "…"


def test_an_article_without_a_headline_still_has_something_to_click(match: Make) -> None:
    assert headline(issue_of([match(title="")]), 0, 0) == "(no headline)"


def test_more_than_forty_stories_are_counted(match: Make) -> None:
    block = issue_of([match() for _ in range(45)]).rules[0]
    assert (len(block.shown), block.hidden, block.stories) == (40, 5, 45)


def test_a_reader_may_have_fewer_stories_of_each_rule(match: Make) -> None:
    items = [*(match() for _ in range(6)), *(match("port") for _ in range(2))]
    issue = compose(READER, DAY, WINDOW, items, (TUNNEL, PORT), [], instance="Newsdesk", missed_days=0, cap=4)
    assert [(len(block.shown), block.hidden) for block in issue.rules] == [(4, 2), (2, 0)]


def test_changes_stand_by_article_and_what_two_rules_say_is_told_once(match: Make) -> None:
    early, late = WINDOW[0] + timedelta(hours=1), WINDOW[0] + timedelta(hours=2)
    tunnel, port = match(title="Tunnel open", language="fa").article, match(title="Port shut").article
    edits = [
        WatchedEdit(1, "tunnel", tunnel, "the headline was “Tunnel closed”", early),
        WatchedEdit(2, "port", tunnel, "the headline was “Tunnel closed”", early),
        WatchedEdit(3, "port", port, "Oban Lind was added", early),
        WatchedEdit(4, "tunnel", tunnel, "the rule finds it no more", late),
        WatchedEdit(5, "other", port, "of a rule that this reader does not follow", late),
    ]
    issue = issue_of(
        [], reader=Recipient("desk", "desk@example.org", timezone="Europe/Paris", rules=("tunnel", "port")), edits=edits
    )
    first, second = issue.edits
    assert (first.headline, first.direction, second.headline, second.direction) == ("Tunnel open", "rtl", "Port shut", "ltr")
    assert [(change.at.hour, change.what, change.rules) for change in first.changes] == [
        (8, "the headline was “Tunnel closed”", ("Harbour tunnel", "Port authority")),
        (9, "the rule finds it no more", ("Harbour tunnel",)),
    ]
    assert [change.rules for change in second.changes] == [("Port authority",)]
    assert (issue.edit_ids, issue.match_ids, issue.articles) == ((1, 2, 3, 4), (), 0)


def test_five_who_write_themselves_weigh_more_than_five_who_copy(match: Make) -> None:
    copied = [match(title="Copied", story=1, copy_of=1, outlet=name, at=WINDOW[1]) for name in "ABCDE"]
    written = [match(title="Written", story=2, copy_of=10 + n, outlet=name, at=WINDOW[0]) for n, name in enumerate("ABCDE")]
    alone = [match(title="Series", story=3, copy_of=20 + n, outlet="A", at=WINDOW[1]) for n in range(9)]
    issue = issue_of([*copied, *alone, *written])
    assert [headline(issue, 0, place) for place in range(3)] == ["Written", "Copied", "Series"]


def test_other_outlets_stand_by_group_and_each_group_is_heard_first(match: Make) -> None:
    lead = match(title="Lead", outlet="Wire", group="wire", story=7, at=WINDOW[0])
    later = WINDOW[0] + timedelta(hours=1)
    state = [match(outlet=f"State {n}", group="state", story=7, at=later + timedelta(minutes=n)) for n in range(4)]
    others = [match(outlet=name, group=name.lower(), story=7, at=later + timedelta(hours=1)) for name in ("Exile", "Daily")]
    (block,) = issue_of([lead, *state, *others]).rules[0].shown
    assert [(copy.group, copy.outlet) for copy in block.also] == [("state", "State 0"), ("exile", "Exile"), ("daily", "Daily")]
    assert (block.more, block.more_groups, block.outlets) == (3, (("state", 3),), 7)
    (block,) = issue_of([lead, *state]).rules[0].shown
    assert [copy.outlet for copy in block.also] == ["State 0", "State 1", "State 2"]


def test_a_story_is_new_or_continues_against_the_digest_before(match: Make) -> None:
    items = [match(title="Old", story=70), match(title="New", story=80), match("port", article=None, story=90)]
    again = match("port", article=items[0].article)
    issue = compose(READER, DAY, WINDOW, [*items, again], (TUNNEL, PORT), [], instance="N", missed_days=0, previous={70, 5})
    told = [[(headline(issue, rule, place), issue.rules[rule].shown[place].continuing) for place in (0, 1)] for rule in (0, 1)]
    assert told == [[("Old", True), ("New", False)], [("Tunnel closed", False), ("Old", None)]], "a reference is neither"
    assert issue.new_stories == 2
    first = issue_of(items)
    assert (first.new_stories, first.rules[0].shown[0].continuing) == (None, None)


def test_the_lead_names_the_widest_stories_over_all_rules_once(match: Make) -> None:
    wide = [match("port", title="Wide", story=1, outlet=name) for name in "ABCD"]
    same = [match("tunnel", article=wide[0].article)]
    pairs = [match("tunnel", title=f"Pair {n}", story=10 + n, outlet=name, at=WINDOW[0]) for n in range(3) for name in "AB"]
    single = [match("tunnel", title=f"Single {n}", story=20 + n) for n in range(3)]
    issue = issue_of([*wide, *same, *pairs, *single])
    tops = [("".join(segment.text for segment in top.story.headline), top.rule) for top in issue.top]
    assert tops == [("Wide", "Port authority"), ("Pair 0", "Harbour tunnel"), ("Pair 1", "Harbour tunnel")]
    assert issue_of([*wide, *single]).top == (), "a few stories are seen at a glance"
    assert issue_of([match(title=f"Single {n}") for n in range(9)]).top == (), "what one outlet has is not wide"


def test_new_outlets_are_named_with_the_rules_that_had_never_met_them(match: Make) -> None:
    items = [match(outlet="Star", group="daily"), match("port", outlet="Star"), match(outlet="Star"), match(outlet="Old")]
    items.append(match("port", outlet="Herald"))
    pairs = {("tunnel", "Star"), ("port", "Star"), ("port", "Herald"), ("port", "Nowhere")}
    issue = compose(READER, DAY, WINDOW, items, (TUNNEL, PORT), [], instance="N", missed_days=0, new_outlets=pairs)
    assert [(outlet.name, outlet.group, outlet.rules) for outlet in issue.new_outlets] == [
        ("Star", "daily", ("Harbour tunnel", "Port authority")),
        ("Herald", "", ("Port authority",)),
    ]


def test_what_is_usual_is_the_median_of_the_last_seven_days(match: Make) -> None:
    rule = RuleDigest("tunnel", "Harbour tunnel", "tunnel", daily=(90,) * 6 + (6,) * 7)
    assert issue_of([match()] * 1, [rule]).rules[0].trend == -83
