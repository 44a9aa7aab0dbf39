"""``story``: what belongs together and why, and an analyst's corrections, on the demo's archive."""

from __future__ import annotations

from typing import Any

import pytest

Desk = Any


def _listed(desk: Desk) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = desk.call("story", "list", "--since", "3650d", "--json").records
    return records


def test_list_agrees_with_its_json(desk: Desk) -> None:
    done = desk.call("story", "list", "--since", "3650d", "--limit", "3")
    lines = done.out.splitlines()
    first = _listed(desk)[0]
    assert (done.code, lines[-1]) == (0, "3 stories.")
    assert lines[0].split()[0] == str(first["id"])
    assert first["title"] in lines[0]
    assert f"{first['outlets']} outlets" in lines[1]
    assert desk.call("story", "list", "--since", "2100-01-01").out == "0 stories.\n"


def test_show_gives_reasons(desk: Desk) -> None:
    # Which stories the first poll makes depends on which source answers first; that one has copies does not.
    story = next(record["id"] for record in _listed(desk) if record["articles"] > record["texts"])
    shown = desk.call("story", "show", story)
    (record,) = desk.call("story", "show", story, "--json").records
    assert shown.code == 0
    assert "it began a story" in shown.out
    assert "the original: " in shown.out
    assert f"{len(record['texts'])} text" in shown.out
    for text in record["texts"]:
        for word, score in text["words"]:
            assert f"{word} {score:.3f}" in shown.out
        for article in text["articles"]:
            assert f"#{article['id']} " in shown.out


def test_merge_and_split_are_shown_and_numbers_go_on_leading(desk: Desk) -> None:
    one, two = (record["id"] for record in _listed(desk)[:2])
    (before,) = desk.call("story", "show", two, "--json").records
    merged = desk.call("story", "merge", one, two)
    assert merged.code == 0
    assert f"story {one}: now " in merged.out
    assert f"story {two} was merged into {one}." in desk.call("story", "show", two).out
    article = before["texts"][0]["articles"][0]["id"]
    split = desk.call("story", "split", article)
    assert split.code == 0
    assert f"split from {one}" in split.out
    shown = desk.call("story", "show", one).out
    assert "by hand, " in shown
    assert f"#{article} " not in shown
    assert "put here by hand" in desk.call("story", "show", split.out.split()[0]).out


def test_a_false_copy_is_taken_out_and_put_back(desk: Desk) -> None:
    records = [desk.call("story", "show", record["id"], "--json").records[0] for record in _listed(desk)]
    record, text = next((one, text) for one in records for text in one["texts"] if len(text["articles"]) > 1)
    story, old, (first, second, *_) = record["id"], text["id"], [article["id"] for article in text["articles"]]
    done = desk.call("story", "split", "--copy", second)
    assert done.code == 0
    assert f"in story {story}: 1 article, taken out of text {old}" in done.out
    new = done.out.split()[1].rstrip(",")
    shown = desk.call("story", "show", story)
    assert f": #{second} taken out of text {old}, as text {new}" in shown.out
    (told,) = desk.call("story", "show", story, "--json").records
    assert {one["id"] for one in told["texts"]} >= {old, int(new)}
    joined = desk.call("story", "join", first, second)
    assert joined.out == f"text {old}, in story {story}: now {len(text['articles'])} articles.\n"
    assert f": text {new} (#{second}) was put into text {old}" in desk.call("story", "show", story).out
    (told,) = desk.call("story", "show", story, "--json").records
    (text,) = (one for one in told["texts"] if one["id"] == old)
    assert [(edit["verb"], edit["text"], edit["other"], edit["articles"]) for edit in text["edits"]] == [
        ("split", int(new), old, [second]),
        ("join", old, int(new), [second]),
    ]
    away = desk.call("story", "split", "--copy", "--own-story", second)
    assert f"split from {story}; what resembles it stays out of {story}" in away.out
    desk.call("story", "join", first, second)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", 99999), "there is no story 99999"),
        (("merge", 1, 99999), "there is no story 99999"),
        (("merge", 1, 1), "one already"),
        (("split", 99999), "there is no article 99999"),
        (("split", "--copy", 99999), "there is no article 99999"),
        (("join", 1, 99999), "there is no article 99999"),
        (("join", 1), "one text already"),
    ],
)
def test_what_cannot_be_done_is_said(desk: Desk, arguments: tuple[object, ...], words: str) -> None:
    done = desk.call("story", *arguments)
    assert (done.code, done.out) == (1, "")
    assert words in done.err


def test_a_story_of_its_own_is_for_copies(desk: Desk) -> None:
    done = desk.call("story", "split", "--own-story", 1)
    assert done.code == 2
    assert "--own-story goes with --copy" in done.err
