"""Floors: stories and copies among made-up texts. They only rise."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from tests.quality.groups import Told, assign, average_precision, bcubed, best_f1, copies, tfidf

PLACES, PEOPLE, COMMON = (
    words.split()
    for words in (
        "Oxmoor Talvia Halcyon Brenvik Castory Dunmere Elspeth Farrow Gildern Harvale Istwick Jorvald",
        "Odell Marwick Sandoval Teague Ulrich Vance Whitlow Yarrow Zeller Abbas Corvin Delgado",
        (
            "the of and to in a for on that was with said by as at from it had be were an after who which more than two new"
            " people year government officials week city reported several also"
            " would could many over first last country still later"
        ),
    )
)
EVENTS = (
    ("fire", "flames", "brigade", "warehouse", "smoke", "evacuated"),
    ("election", "ballot", "votes", "candidate", "turnout", "recount"),
    ("strike", "union", "wages", "walkout", "talks", "drivers"),
    ("flood", "river", "dike", "rescued", "rain", "boats"),
    ("trial", "court", "verdict", "judge", "appeal", "fraud"),
    ("merger", "shares", "takeover", "bid", "board", "shareholders"),
)


def newsroom(seed: int) -> list[Told]:
    """Two look-alike stories for each kind of event (another place, person and details), eight texts each, shuffled."""
    chance = random.Random(seed)
    told = []
    for number, words in enumerate(EVENTS * 2):
        place, person = PLACES[number], PEOPLE[number]
        details = [f"{chance.choice('bdfgklmnprst')}{chance.choice('aeiou')}{word[::-1]}" for word in chance.sample(PEOPLE, 6)]
        for _ in range(8):
            title = [chance.choice(words), place, chance.choice(details), *chance.sample(COMMON, 3)]
            lead = [*chance.sample(words, 2), place, person, *chance.sample(details, 4), *chance.choices(COMMON, k=16)]
            chance.shuffle(title)
            chance.shuffle(lead)
            told.append(Told(" ".join(title), f"On Monday {' '.join(lead)}.", f"{number}", number % 2))
    chance.shuffle(told)
    return told


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_look_alike_stories_are_told_apart(seed: int) -> None:
    told = newsroom(seed)
    truth = [item.story for item in told]
    precision, recall, f = bcubed(assign(told, online=True), truth)
    assert precision >= 0.83
    assert recall >= 0.95
    assert f >= max(0.9, bcubed(tfidf(told), truth)[2] + 0.1)


def _prose(chance: random.Random, words: Sequence[str]) -> str:
    return " ".join(" ".join(chance.choices(words, k=chance.randint(8, 20))).capitalize() + "." for _ in range(16))


@pytest.mark.parametrize("seed", [1, 2])
def test_edited_copies_are_found_and_nothing_else(seed: int) -> None:
    chance = random.Random(seed)
    syllables = ["har", "bo", "lin", "ka", "ter", "mi", "sul", "ven", "do", "pra"]
    words = ["".join(chance.choices(syllables, k=3)) for _ in range(900)] + COMMON * 6
    found = copies([_prose(chance, words) for _ in range(20)])
    assert found["false pairs.ours"] == 0
    assert found["pairs precision.ours"] == 1
    assert found["pairs recall.ours"] >= found["pairs recall.exact"] - 0.03
    for kind in ("shortened to 80%", "shortened to 60%", "shortened to 45%", "in another order", "between boilerplate"):
        assert found[f"{kind}.ours"] >= 0.95
    assert found["shortened to 30%.ours"] >= 0.8


@pytest.mark.parametrize(
    "script", ["中文新聞港口工人罷工談判工資船隻政府市長昨日表示將會繼續", "ไทยข่าวท่าเรือคนงานนัดหยุดงานรัฐบาลเมืองวันนี้"]
)
def test_copies_are_found_in_scripts_without_spaces(script: str) -> None:
    chance = random.Random(5)
    texts = ["。".join("".join(chance.choices(script, k=chance.randint(15, 40))) for _ in range(12)) for _ in range(8)]
    found = copies(texts)
    assert found["false pairs.ours"] == 0
    for kind in ("shortened to 80%", "shortened to 60%", "between boilerplate"):
        assert found[f"{kind}.ours"] == 1


def test_the_scores_themselves() -> None:
    assert bcubed([1, 1, 2], ["a", "a", "b"]) == (1, 1, 1)
    assert bcubed([1, 1, 1], ["a", "a", "b"]) == pytest.approx((5 / 9, 1, 5 / 7))
    assert best_f1([0.9, 0.8, 0.1], [True, True, False]) == 1
    assert average_precision([0.9, 0.8, 0.1], [True, False, True]) == pytest.approx((1 + 2 / 3) / 2)
