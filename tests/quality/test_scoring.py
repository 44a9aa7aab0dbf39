from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.quality.scoring import Tally, half_of, same_authors, same_title, text_score


def test_the_same_words_score_one_whatever_stands_between_them() -> None:
    assert text_score("One two, three four five.", "One two\nthree — four five") == (1, 1, 1)


def test_what_is_too_much_costs_precision_and_what_is_missing_recall() -> None:
    gold = "a b c d e f g"  # four 4-grams

    assert text_score(gold, f"{gold} h i j k") == pytest.approx((2 / 3, 0.5, 1))
    assert text_score(gold, "a b c d e") == pytest.approx((2 / 3, 1, 0.5))
    assert text_score(gold, f"{gold} {gold}")[1] < 0.5, "a repeated text is not twice right"
    assert text_score(gold, "") == (0, 0, 0)
    assert text_score("", "") == (1, 1, 1)


def test_scripts_without_blanks_are_compared_by_characters() -> None:
    assert text_score("港は閉じた。船は出ない", "港は閉じた 船は出ない", characters=True) == (1, 1, 1)
    assert text_score("港は閉じた", "港は", characters=True)[2] == 0


def test_titles_and_authors() -> None:
    assert same_title("“Ferry” closes", "ferry closes!")
    assert not same_title("Ferry closes", "Ferry closes | Herald")
    assert same_authors(["Ines Talvik", "Omar Reyes"], ["by ines talvik"])
    assert not same_authors(["Ines Talvik", "Omar Reyes", "Jo Lind"], ["Ines Talvik"])


def test_halves_depend_on_the_key_alone_and_are_about_equal() -> None:
    halves = [half_of(f"page {number}") for number in range(400)]

    assert halves == [half_of(f"page {number}") for number in range(400)]
    assert 160 < halves.count("a") < 240


def test_means() -> None:
    tally = Tally()
    for value in (1.0, 0.0, 0.5):
        tally.add("f1.ours", value)

    assert tally.means() == {"f1.ours": 0.5}


def test_a_folder_is_scored_and_the_last_line_is_one_json_object(tmp_path: Path) -> None:
    text = "The harbour council voted on Tuesday evening to close the old ferry terminal, after a long debate among all members."
    page = f"<html><title>Ferry closes</title><body><article><h1>Ferry closes</h1><p>{text}</p></article></body></html>"
    folder = tmp_path / "pages" / "aeb"
    folder.mkdir(parents=True)
    (folder / "k1.html.gz").write_bytes(gzip.compress(page.encode()))
    gold = {"k1": {"articleBody": text, "url": "https://herald.example/ferry"}}
    (folder / "gold.json").write_text(json.dumps(gold), encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "tests.quality", str(tmp_path), "--part", "text"],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True,
    )  # fmt: skip

    found = json.loads(done.stdout.splitlines()[-1])["quality"]["text"]
    assert found["aeb.f1.ours"] == 1
    assert "aeb.f1.trafilatura" in found
    assert not any(name.startswith("fundus") for name in found), "what is not there is left out"
