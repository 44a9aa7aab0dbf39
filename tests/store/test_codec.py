"""Values that are kept in columns come back as they were, or not at all."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime

import pytest

from aggregator.model.article import DateCandidate, DateOrigin
from aggregator.model.feed import SeenEntry, Window
from aggregator.store.codec import DATE_CANDIDATE, dump_vector, dump_window, load_vector, load_window

WINDOW = Window(
    "e" * 32,
    (
        SeenEntry("0" * 32, "urn:1", "https://n.example/1", "قایق\u200cها \u202e <b>"),
        SeenEntry("", "sha256:" + "f" * 64, None, ""),
    ),
)


def test_a_window_comes_back() -> None:
    assert load_window(dump_window(WINDOW)) == WINDOW
    assert load_window(dump_window(Window("e", ()))) == Window("e", ())


def test_a_window_is_small() -> None:
    entries = tuple(SeenEntry(f"{n:032x}", f"https://n.example/{n}", f"https://n.example/{n}", f"News {n}") for n in range(1000))
    assert len(dump_window(Window("e", entries))) < 40_000


def test_a_damaged_window_is_none() -> None:
    data = dump_window(WINDOW)
    assert [load_window(data[:end]) for end in range(len(data))] == [None] * len(data)
    torn = [bytes((*data[:place], data[place] ^ 1, *data[place + 1 :])) for place in range(len(data))]
    # Zlib's header has a bit that says nothing of the contents.
    assert {load_window(one) for one in torn} <= {None, WINDOW}
    assert [load_window(one) for one in torn].count(None) >= len(torn) - 4


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1[]",
        "1null",
        '1{"envelope": "e"}',
        '1{"envelope": "e", "entries": [{"digest": 1}]}',
        '2{"envelope": "e", "entries": []}',
    ],
)
def test_a_window_of_another_form_is_none(text: str) -> None:
    assert load_window(zlib.compress(text.encode())) is None
    assert load_window(zlib.compress(b'1{"envelope": "\xff", "entries": []}')) is None


def test_evidence_for_a_date_comes_back() -> None:
    at = datetime(2024, 3, 10, 7, tzinfo=UTC)
    candidate = DateCandidate(DateOrigin.JSONLD, "2024-03-10T10:30+03:30", at, has_time=True, weight=0.92, zone="+03:30")

    assert DATE_CANDIDATE.load(DATE_CANDIDATE.dump(candidate)) == candidate


def test_evidence_stored_before_it_had_weights_is_read() -> None:
    stored = {"origin": "meta", "raw": "2024-03-10", "at": "2024-03-10T00:00:00Z", "has_time": False, "rejected": "masthead"}
    candidate = DATE_CANDIDATE.load(stored)

    assert (candidate.rejected, candidate.weight, candidate.zone) == ("masthead", 0.0, "")


@pytest.mark.parametrize(
    "vector",
    [
        {},
        {"a": 1.0},
        {"مجاهد": 0.5, "中国": 0.25, "1402": 120.0, "\ud800": 0.125},
        {f"t{n}": 1 / (n + 1) for n in range(120)},
    ],
)
def test_vectors_keep_their_order_and_seven_digits(vector: dict[str, float]) -> None:
    loaded = load_vector(dump_vector(vector))
    assert list(loaded) == list(vector)
    assert list(loaded.values()) == pytest.approx(list(vector.values()), rel=1e-7)


def test_a_damaged_vector_is_no_other_vector() -> None:
    with pytest.raises(ValueError, match="argument"):
        load_vector(dump_vector({"a": 1.0, "b": 0.5})[:-4])
