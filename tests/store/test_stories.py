"""Texts find their story in the transaction that stores them; what an analyst changes stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, select

from aggregator.dedupe import STORY_WINDOW, fingerprint, place_story, term_id
from aggregator.errors import Conflict, NotFound
from aggregator.model.article import ArticleDraft, Extraction, New, TextOrigin
from aggregator.model.story import PlacedBy
from aggregator.store import Store, articles, corrections, stories, storylines
from aggregator.store.codec import load_vector
from aggregator.store.dialect import driver
from aggregator.store.tables import ArticleRow, StoryRow, StoryTermRow, TextGroupRow

HOUR = timedelta(hours=1)
Put = Callable[..., int]

FIRE = (
    "Fire destroys the timber yard at Oxmoor",
    "Flames destroyed the Oxmoor timber yard on Tuesday night, the fire brigade of Oxmoor said.",
)
ARSON = (
    "Oxmoor timber yard: fire brigade suspects arson",
    "The fire brigade suspects arson at the Oxmoor timber yard, which flames destroyed.",
)
VAN = (
    "Arson suspected after Oxmoor timber yard fire",
    "Police in Oxmoor look for a van that left the timber yard before the fire.",
)
VOTE = (
    "Parliament of Talvia votes on pensions",
    "Members of the Talvian parliament vote on the pension reform of minister Odell on Thursday.",
)
PASSED = ("Odell's pension reform passes in Talvia", "The parliament of Talvia passed the pension reform of minister Odell.")


@pytest.fixture
def put(applied: Store, now: datetime) -> Put:
    """Store an article of source 1 or 2; ``copies`` is the group that it joins. Returns its id."""
    numbers = count(1)

    def write(
        told: tuple[str, str], *, source: int = 1, at: datetime = now, language: str = "en", copies: int | None = None
    ) -> int:
        made = Extraction(*told, TextOrigin.PAGE, language=language)
        url = f"http://wire.test/{next(numbers)}"
        draft = ArticleDraft(source, 0, url, made, fingerprint(made, [url]), at, baseline=False)
        return applied.write_now(articles._insert, draft, New(copies, 0.9 if copies else 0.0), place_story)

    return write


@pytest.fixture
def story_of(applied: Store) -> Callable[[int], int]:
    def find(article_id: int) -> int:
        return applied.read_now(
            lambda session: session.exec(select(ArticleRow.story_id).where(ArticleRow.id == article_id)).one()
        )

    return find


Of = Callable[[int], int]


def test_texts_of_one_event_are_one_story_and_those_of_another_are_not(put: Put, story_of: Of, now: datetime) -> None:
    fire, vote = put(FIRE), put(VOTE, at=now + HOUR)
    arson, passed = put(ARSON, at=now + 2 * HOUR), put(PASSED, source=2, at=now + 3 * HOUR)
    assert story_of(fire) == story_of(arson)
    assert story_of(vote) == story_of(passed) != story_of(fire)


def test_a_story_is_of_one_language(put: Put, story_of: Of) -> None:
    assert story_of(put(FIRE)) != story_of(put(FIRE, language="nl"))


def test_a_copy_is_in_the_story_of_its_text(applied: Store, put: Put, story_of: Of, now: datetime) -> None:
    fire = put(FIRE)
    copy = put(VOTE, source=2, copies=1, at=now + HOUR)  # whatever its words: the fingerprints decided
    assert story_of(copy) == story_of(fire)
    (told,) = applied.read_now(storylines.dossier, story_of(fire)).texts
    assert [member.article_id for member in told.members] == [fire, copy]
    assert [member.similarity for member in told.members] == [0.0, 0.9]
    assert applied.read_now(storylines.dossier, story_of(fire)).line.newest_at == now + HOUR


def test_the_dossier_says_which_words_and_they_add_up(applied: Store, put: Put, story_of: Of) -> None:
    put(FIRE)
    first, second = applied.read_now(storylines.dossier, story_of(put(ARSON))).texts
    assert (first.placed_by, first.words) == (PlacedBy.FIRST, ())
    assert second.placed_by is PlacedBy.MACHINE
    assert {"Oxmoor", "timber"} <= {word for word, _ in second.words}
    assert 0 < sum(score for _, score in second.words) <= second.score + 0.001


def test_a_live_blog_joins_and_lends_no_words(applied: Store, put: Put, story_of: Of) -> None:
    fire = put(FIRE)
    live = put(("Live: Oxmoor timber yard fire", f"{ARSON[1]} {VOTE[1]} {PASSED[1]}"))
    assert story_of(live) == story_of(fire)
    assert story_of(put(VOTE)) != story_of(fire)
    (story,) = applied.read_now(lambda session: session.exec(select(StoryRow).where(StoryRow.id == story_of(fire))).all())
    assert story.texts == 1
    assert "talvia" not in load_vector(story.vector)


def test_a_split_story_stays_apart_and_draws_what_resembles_it(applied: Store, put: Put, story_of: Of, now: datetime) -> None:
    fire, arson = put(FIRE), put(ARSON, at=now + HOUR)
    copy = put(ARSON, source=2, copies=2, at=now + HOUR)
    old = story_of(fire)
    new = applied.write_now(corrections.split, [arson], now + 2 * HOUR)
    assert (story_of(fire), story_of(arson), story_of(copy)) == (old, new, new)
    later = put(VAN, at=now + 3 * HOUR)
    assert story_of(later) == new
    assert story_of(put(FIRE, source=2, copies=1, at=now + 3 * HOUR)) == old
    assert story_of(put(ARSON, source=2, copies=2, at=now + 3 * HOUR)) == new
    told = applied.read_now(storylines.dossier, new)
    assert [text_.placed_by for text_ in told.texts] == [PlacedBy.HAND, PlacedBy.MACHINE]
    assert [(edit.verb, edit.story_id, edit.other_id) for edit in told.edits] == [("split", new, old)]


def test_merged_stories_stay_one_and_draw_what_resembles_either(applied: Store, put: Put, story_of: Of, now: datetime) -> None:
    fire, vote = put(FIRE), put(VOTE)
    into, other = story_of(fire), story_of(vote)
    assert applied.write_now(corrections.merge, [into, other], now) == into
    assert story_of(vote) == into
    assert story_of(put(PASSED, at=now + HOUR)) == into
    assert story_of(put(ARSON, at=now + HOUR)) == into
    told = applied.read_now(storylines.dossier, other)  # its old number leads to it
    assert (told.line.story_id, told.line.articles) == (into, 4)
    with pytest.raises(Conflict, match="one already"):
        applied.write_now(corrections.merge, [other, into], now)


def test_stories_of_two_languages_can_be_merged(applied: Store, put: Put, story_of: Of, now: datetime) -> None:
    english = put(FIRE)
    dutch = put(("Brand verwoest houtzagerij in Oxmoor", "De brandweer van Oxmoor spreekt van brandstichting."), language="nl")
    story = applied.write_now(corrections.merge, [story_of(english), story_of(dutch)], now)
    later = put(("Brandstichting bij houtzagerij in Oxmoor", "De brandweer van Oxmoor vermoedt brandstichting."), language="nl")
    assert story_of(later) == story_of(put(ARSON)) == story


def test_what_was_split_can_be_merged_again(applied: Store, put: Put, story_of: Of, now: datetime) -> None:
    fire, arson = put(FIRE), put(ARSON)
    old, new = story_of(fire), applied.write_now(corrections.split, [arson], now)
    applied.write_now(corrections.merge, [old, new], now)
    assert story_of(arson) == old
    assert applied.read_now(lambda session: stories.candidates(driver(session).execute, [old]))[0].split_from == frozenset()


def test_edits_that_make_no_sense_are_refused(applied: Store, put: Put, story_of: Of, now: datetime) -> None:
    fire, vote = put(FIRE), put(VOTE)
    with pytest.raises(Conflict, match="nothing would be left"):
        applied.write_now(corrections.split, [fire], now)
    with pytest.raises(Conflict, match="different stories"):
        applied.write_now(corrections.split, [fire, vote], now)
    with pytest.raises(NotFound, match="article 99"):
        applied.write_now(corrections.split, [99], now)
    with pytest.raises(NotFound, match="story 99"):
        applied.write_now(corrections.merge, [story_of(fire), 99], now)


def test_a_story_that_is_over_is_closed_and_found_no_more(applied: Store, put: Put, story_of: Of, now: datetime) -> None:
    fire = put(FIRE)
    later = now + STORY_WINDOW + HOUR
    assert story_of(put(ARSON, at=later)) != story_of(fire)
    assert applied.write_now(stories.close, later - STORY_WINDOW) == 1
    assert applied.write_now(stories.close, later - STORY_WINDOW) == 0
    left = applied.read_now(lambda session: session.exec(select(StoryTermRow.story_id).distinct()).all())
    assert story_of(fire) not in left
    emptied = select(TextGroupRow.vector).where(col(TextGroupRow.story_id) == story_of(fire))
    assert applied.read_now(lambda session: session.exec(emptied).all()) == [b""]
    assert applied.read_now(storylines.dossier, story_of(fire)).line.articles == 1


def test_stories_are_listed_by_outlets(applied: Store, put: Put, story_of: Of, now: datetime) -> None:
    fire = put(FIRE)
    vote = put(VOTE)
    put(PASSED, source=2)
    first, second = applied.read_now(storylines.listing, now - HOUR, 10)
    assert (first.story_id, first.title, first.articles, first.texts, first.outlets) == (story_of(vote), VOTE[0], 2, 2, 2)
    assert second.story_id == story_of(fire)
    assert applied.read_now(storylines.listing, now + HOUR, 10) == []


def test_counts_of_words_fade(applied: Store, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    put(FIRE)
    put(VOTE)
    assert not applied.write_now(stories.fade)
    monkeypatch.setattr(stories, "MOST_COUNTED", 1)
    assert applied.write_now(stories.fade)

    def counts(session: Session) -> list[int]:
        return [row[0] for row in session.execute(text("SELECT texts FROM term_count"))]

    assert set(applied.read_now(counts)) == {1}


def test_of_a_well_known_language_one_text_in_four_is_counted_fourfold(
    applied: Store, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stories, "SAMPLED", ((1, 4),))
    put(FIRE)  # the language is new: counted once
    texts = 400
    for number in range(texts):
        put(("Quillback", f"Quillback {number}"))

    def counted(session: Session) -> int:
        counts = session.execute(text("SELECT texts FROM term_count WHERE term = :term"), {"term": term_id("en", "quillb")})
        return int(counts.scalar_one())

    assert abs(applied.read_now(counted) - texts) < 0.3 * texts
    assert applied.read_now(counted) % 4 == 0


def test_a_text_that_leaves_its_copies_leaves_them_as_they_were(applied: Store, put: Put, story_of: Of, now: datetime) -> None:
    fire, vote = put(FIRE), put(VOTE)
    wrong = put(FIRE, source=2, copies=1)
    made = Extraction(*PASSED, TextOrigin.PAGE, language="en")
    draft = ArticleDraft(2, 0, "http://wire.test/late", made, fingerprint(made, []), now + HOUR, baseline=False)
    applied.write_now(stories.regroup, wrong, draft, New(), place_story)
    assert story_of(wrong) == story_of(vote) != story_of(fire)
    (text_,) = applied.read_now(storylines.dossier, story_of(fire)).texts
    assert [member.article_id for member in text_.members] == [fire]
    assert len(applied.read_now(storylines.dossier, story_of(vote)).texts) == 2
