from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.dedupe import decide
from aggregator.model.article import Access, ArticleDraft, Candidate, Discard, Duplicate, New, Revision, TextOrigin

Draft = Callable[..., ArticleDraft]
Stored = Callable[..., Candidate]
Prose = Callable[[int, int], list[str]]


def test_nothing_at_all_is_discarded(draft: Draft) -> None:
    assert isinstance(decide(draft(" ", title="", url=""), []), Discard)
    assert decide(draft("", title="", url="https://herald.example/a"), []) == New()


def test_no_candidates_is_new(draft: Draft) -> None:
    assert decide(draft("some text"), []) == New(None, 0.0)


@pytest.mark.parametrize("relation", ["same_entry", "same_url"])
def test_the_same_article_unchanged_is_a_duplicate(draft: Draft, stored: Stored, relation: str) -> None:
    assert decide(draft("The text.", title="FERRY closes!"), [stored("the “text”", **{relation: True})]) == Duplicate(100)


@pytest.mark.parametrize("relation", ["same_entry", "same_url"])
def test_another_title_or_text_is_a_revision(draft: Draft, stored: Stored, relation: str) -> None:
    known = stored("the text", **{relation: True})

    assert decide(draft("the text", title="Ferry stays"), [known]) == Revision(100)
    assert decide(draft("the corrected text"), [known]) == Revision(100)


def test_the_same_address_in_another_feed_is_a_sighting(draft: Draft, stored: Stored) -> None:
    assert decide(draft("other words", title="Other"), [stored("the text", same_url=True, source_id=2)]) == Duplicate(100)


def test_a_worse_text_does_not_replace_a_better_one(draft: Draft, stored: Stored) -> None:
    known = stored("a long text from the page itself, with many words in it", same_entry=True)

    assert decide(draft("a stub", title="Ferry stays", origin=TextOrigin.FEED), [known]) == Duplicate(100)
    assert decide(draft("", title="Ferry stays", origin=TextOrigin.NONE), [known]) == Duplicate(100)
    assert decide(draft("a stub", origin=TextOrigin.PAGE), [known]) == Revision(100)
    assert decide(draft("a stub behind a wall", access=Access.PAYWALL), [known]) == Duplicate(100)
    consent = "We value your privacy, and share what we know of you with 862 partners"
    assert decide(draft(consent, access=Access.CONSENT), [known]) == Duplicate(100)


def test_a_retitled_entry_of_a_feed_without_pages_is_a_revision(draft: Draft, stored: Stored) -> None:
    assert decide(draft("a teaser", title="New", origin=TextOrigin.FEED), [stored("a teaser", same_entry=True)]) == Revision(100)


def test_entry_goes_before_source_goes_before_id(draft: Draft, stored: Stored) -> None:
    entry = stored("the text", same_entry=True, article_id=3)
    own = stored("the text", same_url=True, article_id=2)
    foreign = stored("the text", same_url=True, source_id=2, article_id=1)

    assert decide(draft("the text"), [foreign, own, entry]) == Duplicate(3)
    assert decide(draft("the text"), [foreign, own]) == Duplicate(2)
    assert decide(draft("the text"), [foreign]) == Duplicate(1)


@pytest.mark.parametrize("source", [1, 2])
def test_a_copy_joins_the_story(draft: Draft, stored: Stored, prose: Prose, source: int) -> None:
    words = prose(1, 400)
    verdict = decide(draft(" ".join(words[:340])), [stored(" ".join(words), source_id=source)])

    assert isinstance(verdict, New)
    assert verdict.group_id == 7
    assert verdict.similarity == pytest.approx(0.85, abs=0.1)


@pytest.mark.parametrize("kept", [250, 400])
def test_a_shortened_copy_joins_the_story(draft: Draft, stored: Stored, prose: Prose, kept: int) -> None:
    words = prose(2, 900)
    verdict = decide(draft(" ".join(words[:kept])), [stored(" ".join(words))])

    assert isinstance(verdict, New)
    assert verdict.group_id == 7
    assert verdict.similarity > 0.9


def test_what_a_round_up_holds_is_no_shortened_copy_of_it(draft: Draft, stored: Stored, prose: Prose) -> None:
    parts = [prose(seed, 300) for seed in range(3)]
    whole = " ".join(word for part in parts for word in part)

    assert decide(draft(" ".join(parts[1])), [stored(whole, title="Morning briefing: three things to know")]) == New()
    assert decide(draft(whole, title="News in brief"), [stored(" ".join(parts[1]))]) == New()
    assert decide(draft(whole, title="News in brief"), [stored(whole)]) == New(7, 1.0)


def test_of_two_alike_the_one_that_was_taken_out_by_hand_is_copied(draft: Draft, stored: Stored, prose: Prose) -> None:
    words = " ".join(prose(6, 400))
    old, new = stored(words, article_id=1), stored(words, article_id=2, group_id=8, taken_from=frozenset({7}))

    assert decide(draft(words), [old, new]) == New(8, 1.0)
    assert decide(draft(words), [old, replace(new, taken_from=frozenset())]) == New(7, 1.0)
    assert decide(draft(words), [replace(old, article_id=3), new]) == New(8, 1.0)


def test_a_shortened_copy_of_what_was_taken_out_is_none_of_what_it_was_taken_from(
    draft: Draft, stored: Stored, prose: Prose
) -> None:
    words = prose(6, 900)
    long = stored(" ".join(words), article_id=1)
    short = stored(" ".join(words[:400]), article_id=2, group_id=8, taken_from=frozenset({7}))
    copy = draft(" ".join(words[:300]))

    verdict = decide(copy, [long, short])
    assert isinstance(verdict, New)
    assert verdict.group_id == 8
    assert decide(copy, [long, replace(short, taken_from=frozenset())]) != verdict, "it stands in both, and whole in the long one"
    assert decide(draft(" ".join(words[:850])), [long, short]) == decide(draft(" ".join(words[:850])), [long])


def test_other_texts_start_their_own_story(draft: Draft, stored: Stored, prose: Prose) -> None:
    assert decide(draft(" ".join(prose(3, 400))), [stored(" ".join(prose(4, 400)))]) == New()


def test_a_common_paragraph_is_no_story(draft: Draft, stored: Stored, prose: Prose) -> None:
    shared = prose(9, 60)
    assert decide(draft(" ".join(shared + prose(5, 400))), [stored(" ".join(shared + prose(6, 400)))]) == New()
    assert decide(draft(" ".join(shared)), [stored(" ".join(shared + prose(6, 40)))]) != New(7, 1.0)


def test_the_window_is_seven_days(draft: Draft, stored: Stored, prose: Prose) -> None:
    text = " ".join(prose(1, 200))
    known = stored(text)

    assert decide(draft(text), [replace(known, seen_at=known.seen_at - timedelta(days=7))]) == New(7, 1.0)
    assert decide(draft(text), [replace(known, seen_at=known.seen_at - timedelta(days=7, seconds=1))]) == New()


def test_the_most_similar_candidate_wins_then_the_oldest(draft: Draft, stored: Stored, prose: Prose) -> None:
    words = prose(1, 400)
    near, far = stored(" ".join(words[:390]), group_id=1), stored(" ".join(words[:300]), group_id=2)
    twin = replace(near, group_id=3, article_id=50, seen_at=near.seen_at - timedelta(hours=1))
    new = draft(" ".join(words))

    for candidates in ([near, far], [far, near]):
        assert getattr(decide(new, candidates), "group_id", None) == 1
    for candidates in ([near, twin, far], [twin, far, near]):
        assert getattr(decide(new, candidates), "group_id", None) == 3


def test_short_texts_join_only_word_for_word(draft: Draft, stored: Stored, prose: Prose) -> None:
    text = " ".join(prose(1, 20))

    assert decide(draft(text), [stored(text)]) == New(7, 1.0)
    assert decide(draft(text + " more"), [stored(text)]) == New()
    assert decide(draft("two words"), [stored("two words")]) == New()


def test_a_feed_that_links_everything_alike_still_has_many_articles(draft: Draft, stored: Stored, prose: Prose) -> None:
    first, second = " ".join(prose(1, 60)), " ".join(prose(2, 60))
    known = stored(first, same_url=True)

    assert decide(draft(second, title="Another matter"), [known]) == New(None, 0.0)
    assert decide(draft(second, title="FERRY closes"), [known]) == Revision(100)
    assert decide(draft(first, title="Another matter"), [known]) == Revision(100)
