"""What is a copy and what is not, put right by hand: it stays so, and nobody is alerted twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlmodel import select

from aggregator.config.settings import Config
from aggregator.dedupe import decide, fingerprint, place_story
from aggregator.errors import Conflict, NotFound
from aggregator.model.article import ArticleDraft, Extraction, New, TextOrigin
from aggregator.model.rule import Match, Span
from aggregator.model.story import PlacedBy, StoryText
from aggregator.store import Store, articles, corrections, matches, registry, stories, storylines
from aggregator.store.matches import Watch
from aggregator.store.tables import AlertRow, ArticleRow, StoryRow, TextGroupRow

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
TABLE = (
    "The exchange of Talvia closes at five. Timber, herring, barley, copper, wool, salt and amber are dealt in at fixed hours,"
    " by brokers who hold a licence of the guild; prices are in crowns for the hundredweight, free on the quay of Oxmoor."
)
MONDAY = "Market report: timber", f"{TABLE} Timber rose by four crowns after the sawmill of Quillback burned down."
TUESDAY = "Market report: herring", f"{TABLE} Herring fell by two when forty boats came home from the Dray bank."
SALT = (
    "Salt tax",
    "The council of Oxmoor raises the salt tax by a tenth, and the fishermen of the town are against it, said Odell.",
)
SHIP = "A ship", "A ship with a cargo of amber ran aground off the lighthouse at Dray, and the crew of nine is safe on land."

Put = Callable[..., int]
Of = Callable[[int], int]


@pytest.fixture
def put(applied: Store, now: datetime) -> Put:
    """An article of source 1 or 2 comes, and is put where the machine thinks. Returns its id."""
    numbers = count(1)

    def write(told: tuple[str, str], *, source: int = 1, at: datetime = now) -> int:
        made = Extraction(*told, TextOrigin.PAGE, language="en")
        url = f"http://wire.test/{next(numbers)}"
        draft = ArticleDraft(source, 0, url, made, fingerprint(made, [url]), at, baseline=False)

        def unit(session: Any) -> int:
            verdict = decide(draft, articles._candidates(session, draft))
            assert isinstance(verdict, New)
            return articles._insert(session, draft, verdict, place_story)

        return applied.write_now(unit)

    return write


def _rows(store: Store, table: type[Any]) -> list[Any]:
    return store.read_now(lambda session: list(session.exec(select(table).order_by(table.id))))


@pytest.fixture
def text_of(applied: Store) -> Of:
    return lambda article: next(row.group_id for row in _rows(applied, ArticleRow) if row.id == article)


@pytest.fixture
def story_of(applied: Store) -> Of:
    return lambda article: next(row.story_id for row in _rows(applied, ArticleRow) if row.id == article)


@pytest.fixture
def match(applied: Store, config: Config, now: datetime) -> Callable[[], int]:
    """The urgent rule finds whatever waits for matching. Returns how many alerts there are to send."""
    rules = {rule.slug: rule for rule in config.rules}

    def find() -> int:
        watch = Watch(rules, config.recipients, applied.read_now(registry.registered), timedelta(seconds=20))
        due = applied.read_now(articles.articles_due, 100)
        hits = [(article, [Match("strike", (Span("title", 0, 7, "strike"),), ("strike",))]) for article in due]
        return applied.write_now(matches.store_matches, hits, watch, now).alerts

    return find


def _texts(store: Store, story: int) -> dict[int, StoryText]:
    return {text.group_id: text for text in store.read_now(storylines.dossier, story).texts}


def test_a_false_copy_becomes_a_text_of_its_own_in_its_story_and_its_copies_join_it(
    applied: Store, put: Put, text_of: Of, story_of: Of, now: datetime
) -> None:
    monday, tuesday = put(MONDAY), put(TUESDAY, source=2, at=now + HOUR)
    old = text_of(monday)
    assert text_of(tuesday) == old
    story = applied.write_now(corrections.take_out, [tuesday], now + 2 * HOUR)
    new = text_of(tuesday)
    assert text_of(monday) == old != new
    assert story_of(monday) == story_of(tuesday) == story
    assert text_of(put(TUESDAY, at=now + 3 * HOUR)) == new
    assert text_of(put(MONDAY, source=2, at=now + 3 * HOUR)) == old
    texts = _texts(applied, story)
    assert [member.similarity for member in texts[new].members] == [0.0, 1.0]
    assert texts[new].placed_by is PlacedBy.HAND
    (edit,) = texts[new].edits
    assert (edit.at, edit.verb, edit.group_id, edit.other_id, edit.article_ids) == (now + 2 * HOUR, "split", new, old, (tuesday,))
    assert texts[old].edits == (edit,)


def test_what_is_taken_out_may_have_a_story_of_its_own_that_draws_what_resembles_it(
    applied: Store, put: Put, story_of: Of, now: datetime
) -> None:
    monday, tuesday = put(MONDAY), put(TUESDAY, source=2)
    story = applied.write_now(corrections.take_out, [tuesday], now, own_story=True)
    assert story_of(tuesday) == story != story_of(monday)
    boats = "Forty boats came home", "Herring fell when forty boats came home from the Dray bank."
    assert story_of(put(boats, at=now + HOUR)) == story
    mill = "Sawmill burned down", "Timber rose after the sawmill of Quillback burned down."
    assert story_of(put(mill, at=now + HOUR)) == story_of(monday)


def test_when_the_first_of_a_text_is_taken_out_the_next_one_lends_its_words(
    applied: Store, put: Put, text_of: Of, story_of: Of, now: datetime
) -> None:
    monday, tuesday = put(MONDAY), put(TUESDAY, source=2)
    story = applied.write_now(corrections.take_out, [monday], now, own_story=True)
    assert story_of(monday) == story
    boats = "Forty boats came home", "Herring fell when forty boats came home from the Dray bank."
    assert story_of(put(boats, at=now + HOUR)) == story_of(tuesday)
    (left,) = _texts(applied, story_of(tuesday))[text_of(tuesday)].members
    assert left.similarity == 0.0, "nobody is left whom it copies"


def test_a_summary_that_was_taken_out_stays_out_when_its_page_comes(applied: Store, put: Put, text_of: Of, now: datetime) -> None:
    monday, tuesday = put(MONDAY), put(TUESDAY, source=2)
    applied.write_now(corrections.take_out, [tuesday], now)
    new = text_of(tuesday)
    made = Extraction(*MONDAY, TextOrigin.PAGE, language="en")
    draft = ArticleDraft(2, 0, "http://wire.test/late", made, fingerprint(made, []), now + HOUR, baseline=False)
    applied.write_now(stories.regroup, tuesday, draft, New(text_of(monday), 1.0), place_story)
    assert text_of(tuesday) == new


def test_two_texts_become_one_and_copies_of_either_join_it(
    applied: Store, put: Put, text_of: Of, story_of: Of, now: datetime
) -> None:
    salt, ship, other = put(SALT), put(SHIP), put(MONDAY)
    copy = put(SHIP, source=2)
    assert len({story_of(salt), story_of(ship), story_of(other)}) == 3
    was_text, was_story = text_of(ship), story_of(ship)
    story = applied.write_now(corrections.join, [salt, ship], now)
    text = text_of(salt)
    assert [text_of(one) for one in (ship, copy)] == [text, text]
    assert [story_of(one) for one in (salt, ship, copy)] == [story] * 3
    assert text_of(put(SALT, source=2)) == text
    assert applied.read_now(storylines.dossier, was_story).line.story_id == story, "nothing is left there: its number leads on"
    (told,) = _texts(applied, story).values()
    (edit,) = told.edits
    assert (edit.verb, edit.group_id, edit.other_id, edit.article_ids) == ("join", text, was_text, (ship, copy))
    made = Extraction(*SHIP, TextOrigin.PAGE, language="en")
    draft = ArticleDraft(1, 0, "http://wire.test/late", made, fingerprint(made, []), now + HOUR, baseline=False)
    applied.write_now(stories.regroup, ship, draft, New(), place_story)
    assert text_of(ship) == text, "no page takes apart what a hand put together"


def test_a_story_with_other_texts_keeps_them_when_one_goes_to_another_story(
    applied: Store, put: Put, text_of: Of, story_of: Of, now: datetime
) -> None:
    salt, ship, monday = put(SALT), put(SHIP), put(MONDAY)
    two = applied.write_now(corrections.merge, [story_of(ship), story_of(monday)], now)
    applied.write_now(corrections.join, [salt, ship], now)
    assert (story_of(ship), story_of(monday)) == (story_of(salt), two)
    assert list(_texts(applied, two)) == [text_of(monday)]
    with pytest.raises(Conflict, match="nothing would be left"):
        applied.write_now(corrections.split, [monday], now)


def test_joined_and_taken_out_undo_each_other(applied: Store, put: Put, text_of: Of, story_of: Of, now: datetime) -> None:
    monday, tuesday = put(MONDAY), put(TUESDAY, source=2)
    text = text_of(monday)
    applied.write_now(corrections.take_out, [tuesday], now, own_story=True)
    applied.write_now(corrections.join, [monday, tuesday], now + HOUR)
    assert text_of(tuesday) == text
    assert story_of(tuesday) == story_of(monday)
    applied.write_now(corrections.take_out, [tuesday], now + 2 * HOUR)
    assert text_of(put(TUESDAY, at=now + 3 * HOUR)) == text_of(tuesday) != text
    edits = _texts(applied, story_of(monday))[text].edits
    assert [edit.verb for edit in edits] == ["split", "join", "split"]


def test_a_text_that_was_put_into_another_that_was_put_into_a_third_tells_of_both(
    applied: Store, put: Put, story_of: Of, now: datetime
) -> None:
    salt, ship, monday = put(SALT), put(SHIP), put(MONDAY)
    applied.write_now(corrections.join, [ship, monday], now)
    applied.write_now(corrections.join, [salt, ship], now)
    (text,) = _texts(applied, story_of(salt)).values()
    assert [edit.article_ids for edit in text.edits] == [(monday,), (ship, monday)]


def test_what_was_taken_out_of_what_was_taken_out_is_apart_from_all_of_it(
    applied: Store, put: Put, text_of: Of, now: datetime
) -> None:
    first, second, third = put(MONDAY), put(TUESDAY, source=2), put(MONDAY, source=2, at=now + HOUR)
    applied.write_now(corrections.take_out, [second, third], now)
    applied.write_now(corrections.take_out, [third], now)
    assert len({text_of(one) for one in (first, second, third)}) == 3
    made = Extraction(*MONDAY, TextOrigin.PAGE, language="en")
    draft = ArticleDraft(2, 0, "http://wire.test/new", made, fingerprint(made, []), now + HOUR, baseline=False)
    by_text = {one.group_id: one.taken_from for one in applied.read_now(articles._candidates, draft)}
    assert by_text[text_of(third)] == {text_of(first), text_of(second)}


Tell = Callable[[datetime], list[set[int]]]


@pytest.mark.parametrize("own_story", [False, True])
def test_what_was_sent_for_a_false_copy_stays_sent_and_its_copies_stay_quiet(
    applied: Store, put: Put, match: Callable[[], int], tell: Tell, now: datetime, own_story: bool
) -> None:
    monday = put(MONDAY)
    match()
    assert tell(now + MINUTE) == [{monday}]
    put(TUESDAY, source=2)
    match()
    applied.write_now(corrections.take_out, [monday], now, own_story=own_story)
    assert tell(now + HOUR) == [], "what it was told with is told, wherever its first article is now"
    put(MONDAY, source=2)
    match()
    assert tell(now + HOUR) == [], "its text was told"
    assert [(row.state, row.why) for row in _rows(applied, AlertRow)] == [("sent", "")] + 2 * [("suppressed", "told")]


def test_the_copies_of_what_a_false_copy_kept_quiet_are_news_where_they_are_another_story(
    applied: Store, put: Put, match: Callable[[], int], tell: Tell, now: datetime
) -> None:
    put(MONDAY)
    match()
    tell(now + MINUTE)
    tuesday = put(TUESDAY, source=2)
    match()
    assert tell(now + HOUR) == []
    applied.write_now(corrections.take_out, [tuesday], now, own_story=True)
    third = put(TUESDAY)
    match()
    assert tell(now + HOUR) == [{third}], "this story was never told"


def test_an_article_that_was_matched_where_it_was_alerts_where_it_is(
    applied: Store, put: Put, config: Config, match: Callable[[], int], tell: Tell, now: datetime
) -> None:
    put(MONDAY)
    match()
    tell(now + MINUTE)
    tuesday = put(TUESDAY, source=2)
    before = applied.read_now(lambda session: articles.articles_by_id(session, [tuesday]))[tuesday]
    applied.write_now(corrections.take_out, [tuesday], now, own_story=True)
    watch = Watch(
        {rule.slug: rule for rule in config.rules}, config.recipients, applied.read_now(registry.registered), timedelta()
    )
    hit = Match("strike", (Span("title", 0, 7, "strike"),), ("strike",))
    applied.write_now(matches.store_matches, [(before, [hit])], watch, now)
    assert tell(now + HOUR) == [{tuesday}]


@pytest.mark.parametrize("sent", ["both", "first", "none"])
def test_of_two_texts_that_become_one_the_alerts_that_went_out_stay_and_one_goes_out_at_most(
    applied: Store, put: Put, match: Callable[[], int], tell: Tell, now: datetime, sent: str
) -> None:
    salt = put(SALT)
    match()
    mails = tell(now + MINUTE) if sent != "none" else []
    ship = put(SHIP)
    match()
    mails += tell(now + MINUTE) if sent == "both" else []
    applied.write_now(corrections.join, [salt, ship], now)
    mails += tell(now + HOUR)
    assert mails == {"both": [{salt}, {ship}], "first": [{salt}], "none": [{salt, ship}]}[sent]
    put(SHIP, source=2)
    match()
    assert tell(now + HOUR) == []


def test_an_alert_of_one_text_only_goes_on_as_that_of_the_other(
    applied: Store, put: Put, match: Callable[[], int], tell: Tell, now: datetime
) -> None:
    ship = put(SHIP)
    match()
    assert tell(now + MINUTE) == [{ship}]
    salt = put(SALT)
    applied.write_now(corrections.join, [salt, ship], now)
    match()
    assert tell(now + HOUR) == [], "what waits for matching is a copy now"
    applied.write_now(corrections.take_out, [ship], now, own_story=True)
    put(SHIP, source=2)
    match()
    assert tell(now + HOUR) == [], "it was told of before they were one"


def test_corrections_that_make_no_sense_are_refused(applied: Store, put: Put, text_of: Of, now: datetime) -> None:
    monday, tuesday, ship = put(MONDAY), put(TUESDAY, source=2), put(SHIP)
    before = [row.model_dump() for row in _rows(applied, ArticleRow) + _rows(applied, TextGroupRow) + _rows(applied, StoryRow)]
    for unit, ids, error, words in (
        (corrections.take_out, [99], NotFound, "there is no article 99"),
        (corrections.take_out, [ship], Conflict, f"article {ship} is the only one of text {text_of(ship)}"),
        (corrections.take_out, [monday, tuesday], Conflict, "these are all articles of text"),
        (corrections.take_out, [monday, ship], Conflict, "different texts: "),
        (corrections.join, [monday, 99], NotFound, "there is no article 99"),
        (corrections.join, [monday, tuesday], Conflict, "one text already"),
        (corrections.join, [monday], Conflict, "one text already"),
    ):
        with pytest.raises(error, match=words):
            applied.write_now(unit, ids, now)
    after = [row.model_dump() for row in _rows(applied, ArticleRow) + _rows(applied, TextGroupRow) + _rows(applied, StoryRow)]
    assert after == before
