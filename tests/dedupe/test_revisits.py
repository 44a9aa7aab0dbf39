from __future__ import annotations

from collections.abc import Callable

import pytest

from aggregator.dedupe import fingerprint, judge
from aggregator.model.article import Access, Extraction, TextOrigin
from aggregator.model.record import Outcome

Prose = Callable[[int, int], list[str]]


@pytest.mark.parametrize(
    ("title", "words", "fields", "outcome"),
    [
        ("Ferry closes", 400, {}, Outcome.SAME),
        ("Ferry closes for good", 400, {}, Outcome.REVISED),
        ("Ferry closes", 390, {}, Outcome.REVISED),
        ("Ferry closes", 600, {}, Outcome.REVISED),
        ("Ferry closes", 199, {}, Outcome.SHORTER),
        ("Ferry closes", 120, {"access": Access.PAYWALL}, Outcome.PAYWALL),
        ("Ferry closes", 400, {"access": Access.CONSENT}, Outcome.CONSENT),
        ("Ferry closes", 400, {"text_origin": TextOrigin.FEED}, Outcome.NO_TEXT),
        ("Ferry closes", 0, {}, Outcome.NO_TEXT),
    ],
)
def test_what_is_stored_goes_only_for_something_no_worse(
    prose: Prose, title: str, words: int, fields: dict[str, object], outcome: Outcome
) -> None:
    known = fingerprint(Extraction("", " ".join(prose(1, 400)), TextOrigin.PAGE), [])
    text = " ".join([*prose(1, 400), *prose(2, 200)][:words])
    base: dict[str, object] = {"text_origin": TextOrigin.PAGE}
    made = Extraction(title, text, **(base | fields))  # type: ignore[arg-type]
    assert judge("Ferry closes", known, Access.OPEN, made, fingerprint(made, [])) is outcome


def test_another_article_in_its_place(prose: Prose) -> None:
    known = fingerprint(Extraction("", " ".join(prose(1, 400)), TextOrigin.PAGE), [])
    other = Extraction("Weather for tomorrow", " ".join(prose(5, 400)), TextOrigin.PAGE)
    assert judge("Ferry closes", known, Access.OPEN, other, fingerprint(other, [])) is Outcome.ELSEWHERE
    rewritten = Extraction("Ferry closes for good", other.text, TextOrigin.PAGE)
    assert judge("Ferry closes", known, Access.OPEN, rewritten, fingerprint(rewritten, [])) is Outcome.REVISED


def test_a_teaser_that_was_one_from_the_beginning_may_change(prose: Prose) -> None:
    known = fingerprint(Extraction("", " ".join(prose(1, 60)), TextOrigin.PAGE), [])
    made = Extraction("Ferry closes", " ".join(prose(1, 62)), TextOrigin.PAGE, access=Access.PAYWALL)
    assert judge("Ferry closes", known, Access.PAYWALL, made, fingerprint(made, [])) is Outcome.REVISED
