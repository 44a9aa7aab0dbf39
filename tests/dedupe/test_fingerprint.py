from __future__ import annotations

from collections.abc import Callable

import pytest

from aggregator.dedupe import LOOKUP_SIZE, containment, fingerprint, jaccard
from aggregator.model.article import Extraction, Fingerprint, TextOrigin

Prose = Callable[[int, int], list[str]]


def mark(text: str, *urls: str, canonical: str | None = None) -> Fingerprint:
    return fingerprint(Extraction("Title", text, TextOrigin.PAGE, canonical_url=canonical), urls)


def exact(one: list[str], other: list[str]) -> float:
    first, second = (set(zip(words, words[1:], words[2:], strict=False)) for words in (one, other))
    return len(first & second) / len(first | second)


def test_url_keys_have_no_repeats_and_hold_the_canonical_address() -> None:
    found = mark(
        "x", "https://herald.example/a?utm_source=r", "http://www.herald.example/a/", "", canonical="https://herald.example/b"
    )

    assert found.url_keys == ("herald.example/a", "herald.example/b")


def test_the_hash_sees_words_only() -> None:
    assert mark("The  “Ferry” closes.").text_hash == mark("the ferry\ncloses").text_hash
    assert mark("The ferry closes").text_hash != mark("The ferry opens").text_hash


def test_a_sketch_is_the_same_on_every_machine() -> None:
    found = mark(" ".join(f"word{number}" for number in range(40)))

    assert found.words == 40
    assert len(found.sketch) == 38
    assert found.sketch[:2] == (598199562287395720, 809396482311308035)


def test_a_sketch_is_sorted_bounded_and_fits_a_database(prose: Prose) -> None:
    sketch = mark(" ".join(prose(1, 1000))).sketch

    assert len(sketch) == 128
    assert list(sketch) == sorted(set(sketch))
    assert all(value in range(2**63) for value in sketch)


def test_short_texts_have_no_sketch(prose: Prose) -> None:
    assert mark(" ".join(prose(1, 29))).sketch == ()
    assert len(mark(" ".join(prose(1, 30))).sketch) > 20


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("size", [100, 600, 2000])
def test_jaccard_is_estimated_within_its_error(prose: Prose, share: float, size: int) -> None:
    one = prose(3, size)
    other = one[: int(size * share)] + prose(4, int(size * (1 - share)))
    estimate = jaccard(mark(" ".join(one)).sketch, mark(" ".join(other)).sketch)

    assert estimate == pytest.approx(exact(one, other), abs=0.0001 if size == 100 else 0.14)


def test_jaccard_of_nothing_is_zero(prose: Prose) -> None:
    sketch = mark(" ".join(prose(1, 100))).sketch

    assert jaccard(sketch, sketch) == 1.0
    assert jaccard(sketch, ()) == jaccard((), ()) == containment((), sketch) == 0.0


def test_containment_recognises_a_shortened_copy(prose: Prose) -> None:
    words = prose(5, 1500)
    whole, part, other = (mark(" ".join(text)).sketch for text in (words, words[:600], prose(6, 600)))

    assert jaccard(whole, part) < 0.5
    assert containment(whole, part) == containment(part, whole) > 0.8
    assert containment(whole, other) < 0.2


def test_similar_texts_meet_in_the_lookup(prose: Prose) -> None:
    met = 0
    for seed in range(40):
        words = prose(seed, 400)
        one, other = (set(mark(" ".join(text)).sketch[:LOOKUP_SIZE]) for text in (words, words[:280] + prose(seed + 100, 60)))
        met += bool(one & other)

    assert met == 40
