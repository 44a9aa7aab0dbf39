"""The third rung: what is posted again under another id and another address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from aggregator.dedupe import decide
from aggregator.model.article import Access, ArticleDraft, Candidate, DateDecision, Duplicate, New, Revision, TextOrigin

Draft = Callable[..., ArticleDraft]
Stored = Callable[..., Candidate]
Prose = Callable[[int, int], list[str]]

DAY = timedelta(days=1)


@pytest.fixture
def own(stored: Stored) -> Stored:
    """A stored article of the draft's outlet."""
    return lambda text, **fields: stored(text, same_outlet=True, **fields)


def test_a_long_text_under_its_title_is_the_same_article(draft: Draft, own: Stored, stored: Stored, prose: Prose) -> None:
    text = " ".join(prose(1, 120))
    assert decide(draft(text), [own(text)]) == Duplicate(100)
    assert decide(draft(text), [own(text, source_id=2)]) == Duplicate(100)
    assert isinstance(decide(draft(text), [stored(text)]), New), "another outlet's copy is an article of its own"


def test_the_window_is_thirty_days(draft: Draft, own: Stored, prose: Prose) -> None:
    text = " ".join(prose(1, 120))
    known = own(text)
    assert decide(draft(text), [replace(known, seen_at=known.seen_at - 30 * DAY)]) == Duplicate(100)
    assert isinstance(decide(draft(text), [replace(known, seen_at=known.seen_at - 31 * DAY)]), New)


def test_a_briefing_of_another_day_is_another_article(draft: Draft, own: Stored, prose: Prose) -> None:
    today, yesterday = " ".join(prose(1, 300)), " ".join(prose(2, 300))
    assert isinstance(decide(draft(today, title="Morning briefing"), [own(yesterday, title="Morning briefing")]), New)


def test_a_teaser_needs_its_day_as_well(draft: Draft, own: Stored) -> None:
    text = "All that you need to know before you leave the house this morning."
    noon = datetime.fromisoformat("2024-03-20T12:00:00Z")
    dated = DateDecision(noon, has_time=True)
    assert decide(draft(text, date=dated), [own(text, published_at=noon)]) == Duplicate(100)
    assert isinstance(decide(draft(text, date=dated), [own(text, published_at=noon - 2 * DAY)]), New)
    assert isinstance(decide(draft(text), [own(text, published_at=noon)]), New), "no date says nothing"
    assert isinstance(decide(draft("See the video.", date=dated), [own("See the video.", published_at=noon)]), New)


def test_an_edited_repost_is_a_revision(draft: Draft, own: Stored, prose: Prose) -> None:
    words = prose(1, 400)
    edited = " ".join([*words[:398], "plus", "another"])
    assert decide(draft(edited), [own(" ".join(words))]) == Revision(100)
    assert decide(draft(edited), [own(" ".join(words), source_id=2)]) == Duplicate(100), "that is the other feed's to revise"
    assert isinstance(decide(draft(edited, title="Otherwise"), [own(" ".join(words))]), New)


def test_other_numbers_are_another_report(draft: Draft, own: Stored, prose: Prose) -> None:
    words = prose(1, 400)
    monday, tuesday = " ".join([*words, "1.204", "of", "1,310"]), " ".join([*words, "1.209", "of", "1,310"])
    assert isinstance(decide(draft(tuesday, title="Water levels"), [own(monday, title="Water levels")]), New)


def test_a_correction_of_numbers_is_a_revision_by_entry_or_address(draft: Draft, own: Stored) -> None:
    wrong, right = "Twelve people were hurt; 3 of them badly.", "Twelve people were hurt; 4 of them badly."
    assert isinstance(decide(draft(right), [own(wrong)]), New)
    for relation in ("same_entry", "same_url"):
        assert decide(draft(right), [own(wrong, **{relation: True})]) == Revision(100)


def test_another_headline_over_the_same_long_text(draft: Draft, own: Stored, prose: Prose) -> None:
    text = " ".join(prose(1, 200))
    assert decide(draft(text, title="Ferry closes early"), [own(text)]) == Revision(100)
    assert isinstance(decide(draft(text, title="A quite different matter"), [own(text)]), New)
    short = " ".join(prose(1, 120))
    assert isinstance(decide(draft(short, title="Ferry closes early"), [own(short)]), New)


def test_consent_pages_are_all_alike(draft: Draft, own: Stored, prose: Prose) -> None:
    terms = " ".join(prose(1, 300))
    assert isinstance(decide(draft(terms, title="Your privacy", access=Access.CONSENT), [own(terms, title="Your privacy")]), New)


def test_a_title_is_needed(draft: Draft, own: Stored, prose: Prose) -> None:
    text = " ".join(prose(1, 300))
    assert isinstance(decide(draft(text, title="…"), [own(text, title="!")]), New)


def test_a_repost_with_less_text_changes_nothing(draft: Draft, own: Stored, prose: Prose) -> None:
    text = " ".join(prose(1, 300))
    assert decide(draft(text, origin=TextOrigin.FEED), [own(text)]) == Duplicate(100)
