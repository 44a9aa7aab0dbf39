"""``rule mark`` and ``rule suggest``."""

from __future__ import annotations

from typing import Any

Desk = Any


def ids(desk: Desk, query: str) -> list[int]:
    return sorted(record["id"] for record in desk.call("search", query, "--json", "--limit", "1000").results)


def test_marks_are_kept_changed_and_taken_back(desk: Desk) -> None:
    assert desk.call("rule", "mark", "port-strike", "1", "good").out == "port-strike: 1 marked good, 0 bad.\n"
    assert desk.call("rule", "mark", "port-strike", "2", "bad").out == "port-strike: 1 marked good, 1 bad.\n"
    assert desk.call("rule", "mark", "port-strike", "1", "bad").out == "port-strike: 0 marked good, 2 bad.\n"
    assert desk.call("rule", "mark", "port-strike", "1", "none").out == "port-strike: 0 marked good, 1 bad.\n"
    assert desk.call("rule", "mark", "nothing", "1", "good").code == 1
    assert desk.call("rule", "mark", "port-strike", "999", "good").code == 1


def test_a_suggestion_is_printed_in_full_and_holds_what_it_says(desk: Desk) -> None:
    """The rule looks for the wrong name; the articles of the right one are marked."""
    wanted = ids(desk, "@kelvaris")
    (desk.root / "marks.txt").write_text("# by hand\n" + "".join(f"good #{id_}\n" for id_ in wanted), "utf-8")
    record = desk.call("rule", "suggest", "zeppelin", "--file", "marks.txt", "--json").records[0]
    assert record["before"] == {"hits": [], "misses": [], "others": 0}
    assert record["additions"], record["why"]
    assert record["query"].startswith("zeppelin OR ")
    assert set(record["after"]["hits"]) == set(ids(desk, record["query"])) & set(wanted)
    assert record["come"] == len(set(ids(desk, record["query"])) - set(wanted))
    text = desk.call("rule", "suggest", "zeppelin", "--file", "marks.txt")
    assert text.code == 0
    assert text.out.startswith("now it finds 0 of 18 hits and 0 of 0 misses.\nadd ")
    assert f"\n{record['query']}\n" in text.out
    assert text.out.endswith(f"; {record['come']} other article{'s' * (record['come'] != 1)} would come, 0 would go.\n")


def test_nothing_to_suggest_is_said(desk: Desk) -> None:
    first, second = ids(desk, "@kelvaris")[:2]
    done = desk.call("rule", "suggest", "@kelvaris", "--hit", str(first), "--hit", str(second))
    assert done.out == (
        "now it finds 2 of 2 hits and 0 of 0 misses.\nnothing to suggest: the rule finds every hit and no miss.\n"
    )
    desk.call("rule", "mark", "port-strike", str(first), "bad")
    marked = desk.call("rule", "suggest", "port-strike", "--json").records[0]
    assert marked["marked"] == {"hits": 0, "misses": 1}


def test_a_call_that_makes_no_sense_is_refused(desk: Desk) -> None:
    (desk.root / "marks.txt").write_text("good 1\nbetter 2\n", "utf-8")
    for arguments, told in (
        ([], "no article is marked"),
        (["--hit", "1", "--miss", "1"], "article 1 is a hit and a miss"),
        (["--file", "marks.txt"], "marks.txt:2: write"),
    ):
        done = desk.call("rule", "suggest", "zeppelin", *arguments)
        assert done.code == 2
        assert told in done.err
    missing = desk.call("rule", "suggest", "zeppelin", "--hit", "999")
    assert (missing.code, missing.err) == (1, "aggregator: there is no article 999\n")
