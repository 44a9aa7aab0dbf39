"""Each command on the demo's folder: what it prints, what it changes, how it ends."""

from __future__ import annotations

import json
import re
import signal
import socketserver
import sqlite3
import threading
import unicodedata
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from email import message_from_string, policy
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from aggregator.cli.demo import _clear
from aggregator.cli.printing import json_line

Desk = Any
Program = Callable[..., Any]

BROKEN_RULE = """
[[rule]]
slug = "crane"
query = 'crane (lift OR hoist'
"""
CRANES = """
[[rule]]
slug = "crane"
query = 'crane* NEAR/5 (lift* OR hoist*)'
"""
OPML = """<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0"><head><title>Feeds</title></head><body>
<outline text="Agencies"><outline type="rss" text="Lantern Agency" xmlUrl="https://lantern.example/rss" htmlUrl="https://lantern.example/"/></outline>
<outline type="rss" text="Local file" xmlUrl="file:///etc/feed.xml"/>
<outline type="rss" text="Inside" xmlUrl="http://[::1/feed"/>
<outline type="rss" text="Wächter" xmlUrl="https://waechter.example/feed"/>
</body></opml>
"""


def ids(text: str) -> list[int]:
    """The articles in the output of ``search``."""
    return [int(number) for number in re.findall(r"^\d{4}-\d\d-\d\d.* #(\d+)$", text, re.MULTILINE)]


def log(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


# ---------------------------------------------------------------- demo


def test_the_demo_says_what_it_made(demo: Any) -> None:
    first = demo.out.splitlines()[0]
    assert re.match(r"demo: 8 sources \(1 failing\), 56 entries, 56 articles, (3[5-9]|4[0-5]) stories, 51 matches, ", first)
    pages = re.findall(r"^Digest\s+(\S+)$", demo.out, re.MULTILINE)
    assert f" {len(pages)} digests, " in first
    assert pages
    assert all((demo.root / page).read_text("utf-8").startswith("<!DOCTYPE html>") for page in pages)
    mails = re.search(r"\((\d+) \.eml files", demo.out)
    assert mails is not None
    assert len(list((demo.root / "demo-output" / "mail").glob("*.eml"))) == int(mails[1])


def test_the_demo_logs_json_and_no_error(demo: Any) -> None:
    lines = log(demo.err)
    assert {"polled", "extracted", "matched", "delivery.accepted", "poll.failed"} <= {line["event"] for line in lines}
    assert [line for line in lines if line["level"] in ("error", "critical")] == []


def test_the_demo_leaves_folders_alone_that_are_not_its_own(program: Program, tmp_path: Path) -> None:
    settings = tmp_path / "config" / "aggregator.toml"
    settings.parent.mkdir()
    settings.write_text('instance = "Mine"\n')
    done = program("demo", "--once", "--output", ".", cwd=tmp_path)
    assert (done.code, settings.read_text()) == (1, 'instance = "Mine"\n')
    assert "not from an earlier demo: name another folder with --output" in done.err


def test_a_new_demo_replaces_the_old_one_and_nothing_else(desk: Desk) -> None:
    (desk.output / ".aggregator-demo").touch()
    (desk.output / "notes.txt").write_text("mine")
    _clear(desk.output)
    assert {path.name for path in desk.output.iterdir()} == {".aggregator-demo", "notes.txt"}


# ---------------------------------------------------------------- check


def test_check_counts_and_warns(desk: Desk) -> None:
    done = desk.call("check")
    assert (done.code, done.out) == (0, "demo-output/config: fine: 8 sources, 3 entities, 6 rules, 3 recipients.\n")
    assert "warning: poll.floor is 1s" in done.err


@pytest.mark.parametrize("command", [["check"], ["apply"], ["run"], ["source", "list"], ["search", "port"]], ids=" ".join)
def test_a_broken_configuration_is_told_whole_with_places(desk: Desk, command: list[str]) -> None:
    desk.edit("aggregator.toml", ('mode = "folder"', 'mode = "pigeon"'))
    desk.edit("rules.toml", more=BROKEN_RULE)
    desk.edit("recipients.toml", ("Europe/Paris", "Europe/Pariss"))
    before = desk.everything()
    done = desk.call(*command)
    assert (done.code, done.out) == (2, "")
    places = re.findall(r"^demo-output/config/(\w+\.toml):(\d+): (.*)$", done.err, re.MULTILINE)
    assert [place[0] for place in places] == ["aggregator.toml", "rules.toml", "recipients.toml"]
    for name, line, _ in places:
        shown = (desk.config / name).read_text("utf-8").splitlines()[int(line) - 1]
        assert re.search("pigeon|crane|Pariss", shown), (name, line, shown)
    assert "this parenthesis is never closed" in done.err
    assert desk.everything() == before


def test_no_folder_at_all(program: Program, tmp_path: Path) -> None:
    done = program("check", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "there is no folder config" in done.err
    assert list(tmp_path.iterdir()) == []


def test_version(program: Program, tmp_path: Path) -> None:
    done = program("--version", cwd=tmp_path)
    assert done.code == 0
    assert re.fullmatch(r"aggregator \d+\.\d+\.\d+\S*\n", done.out)


# ---------------------------------------------------------------- search, rule test


def test_search_as_json_agrees_with_the_text(desk: Desk) -> None:
    text, lines = desk.call("search", "@kelvaris"), desk.call("search", "@kelvaris", "--json")
    assert (text.code, lines.code, lines.err) == (0, 0, "")
    assert [record["id"] for record in lines.results] == ids(text.out)
    assert len(ids(text.out)) == 18
    assert text.out.endswith("\n18 articles.\n")
    for record in lines.results:
        assert record["url"] in text.out
        assert record["title"] in text.out
        for field, start, end, leaf in record["spans"]:
            if field == "title":
                assert (leaf, record["title"][start:end].strip()) == ("@kelvaris", record["title"][start:end])


def test_search_is_newest_first_and_limited(desk: Desk) -> None:
    everything = desk.call("search", "@kelvaris", "--json").results
    few = desk.call("search", "@kelvaris", "--limit", "3")
    assert ids(few.out) == [record["id"] for record in everything[:3]]
    assert re.search(r"\nmore than 3 articles, 3 shown\.\nnext page: --after \S+\n$", few.out)
    assert "\n18 articles, 3 shown.\n" in desk.call("search", "@kelvaris", "--limit", "3", "--total").out
    times = [record["published_at"] or record["first_seen_at"] for record in everything]
    assert times == sorted(times, key=datetime.fromisoformat, reverse=True)
    assert desk.call("search", "@kelvaris", "--limit", "0").code == 2


@pytest.mark.parametrize("sort", ["newest", "oldest", "relevance"])
def test_search_goes_on_where_a_page_ended(desk: Desk, sort: str) -> None:
    whole = desk.call("search", "@kelvaris", "--sort", sort, "--since", "30d", "--json").results
    pages: list[list[dict[str, Any]]] = []
    after: list[str] | None = []
    while after is not None:
        found = desk.call("search", "@kelvaris", "--sort", sort, "--since", "30d", "--limit", "7", *after, "--json").records[0]
        pages.append(found["results"])
        after = ["--after", found["next"]] if found["next"] else None
    assert [len(page) for page in pages] == [7, 7, 4]
    assert [record["id"] for page in pages for record in page] == [record["id"] for record in whole]
    scores = [record["score"] for record in whole]
    assert scores == sorted(scores, reverse=True)
    assert any(scores) == (sort == "relevance")


def test_search_without_a_word_says_how_many_articles_it_looked_at(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.store.search.MOST_READ", 5)
    found = desk.call("search", "NOT zzz", "--limit", "10", "--sort", "oldest").out
    assert "\n5 articles.\nlooked at the oldest 5 articles only, since no word of the query must occur: add a word," in found
    assert re.search(r"\nnext page: --after \S+\n$", found)
    record = desk.call("search", "NOT zzz", "--limit", "10", "--total", "--json").records[0]
    assert (record["looked_at"], record["total"], record["next"]) == (5, 5, None)
    assert desk.call("search", "@kelvaris", "--json").records[0]["looked_at"] is None


def test_search_counts_by_facets(desk: Desk) -> None:
    found = desk.call("search", "@kelvaris", "--json", "--limit", "2", "--facets", "source,language,day,group,rule").records[0]
    assert found["total"] == 18
    assert list(found["facets"]) == ["source", "language", "day", "group", "rule"]
    for facet in ("source", "language", "day", "group"):
        assert sum(found["facets"][facet].values()) == 18
    assert found["facets"]["rule"]["kelvaris"] == 18
    shown = desk.call("search", "@kelvaris", "--limit", "2", "--facets", "language,rule").out
    assert re.search(r"^by language: en \d+, .*fa \d+", shown, re.MULTILINE)
    assert "\n18 articles, 2 shown.\n" in shown


def test_search_marks_snippets_as_the_text_does(desk: Desk) -> None:
    for record in desk.call("search", "@kelvaris", "--json").results:
        hits = [text for snippet in record["snippets"] for text, hit in snippet if hit]
        assert len(hits) > 0 or all(field == "title" for field, *_ in record["spans"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--facets", "source,colour"], "'colour' is none of source, group, language, day, rule"),
        (["--after", "nonsense"], "this is no cursor"),
        (["--sort", "best"], "best"),
    ],
    ids=["facets", "after", "sort"],
)
def test_search_refuses_what_it_does_not_know(desk: Desk, options: list[str], said: str) -> None:
    done = desk.call("search", "port", *options)
    assert (done.code, done.out) == (2, "")
    assert said in " ".join(done.err.replace("│", " ").split())


def test_a_cursor_belongs_to_its_search(desk: Desk) -> None:
    cursor = desk.call("search", "@kelvaris", "--limit", "2", "--json").records[0]["next"]
    done = desk.call("search", "@fhm", "--limit", "2", "--after", cursor)
    assert (done.code, done.out) == (2, "")
    assert "another search" in " ".join(done.err.replace("│", " ").split())


def test_search_tells_which_name_was_used(desk: Desk) -> None:
    used = {alias for record in desk.call("search", "@kelvaris", "--json").results for alias in record["aliases"]}
    assert {"Irena Kelvaris", "Kelvaris", "ایرنا کلواریس"} <= used


def test_search_takes_every_keyboard(desk: Desk) -> None:
    persian, arabic = desk.call("search", "پلیس", "--json"), desk.call("search", "پليس", "--json")
    assert [record["id"] for record in persian.results] == [record["id"] for record in arabic.results]
    assert {record["language"] for record in persian.results} == {"fa"}
    assert len(persian.results) == 4


def test_search_since_and_until_part_the_archive(desk: Desk) -> None:
    everything = desk.call("search", "@fhm", "--json", "--limit", "1000").results
    middle = everything[len(everything) // 2]
    at = datetime.fromisoformat(middle["published_at"]).isoformat()
    later = desk.call("search", "@fhm", "--json", "--limit", "1000", "--since", at).results
    earlier = desk.call("search", "@fhm", "--json", "--limit", "1000", "--until", at).results
    assert later + earlier == everything
    assert later[-1]["published_at"] == middle["published_at"]
    assert desk.call("search", "@fhm", "--since", "0s").out == "0 articles.\n"


@pytest.mark.parametrize("since", ["yesterday", "12", "3 days", "2026-13-01", "-1d", "0001-01-01T00:00+14:00"])
@pytest.mark.parametrize("command", [["search", "port"], ["rule", "test", "port"]], ids=" ".join)
def test_a_bad_since_is_refused(desk: Desk, command: list[str], since: str) -> None:
    done = desk.call(*command, "--since", since)
    assert (done.code, done.out) == (2, "")
    assert repr(since) in done.err
    assert "30d" in done.err


@pytest.mark.parametrize("command", [["search"], ["rule", "test"]], ids=" ".join)
def test_a_syntax_error_points_to_its_place(desk: Desk, command: list[str]) -> None:
    done = desk.call(*command, "port NEAR/5 (strike OR walkout")
    assert (done.code, done.out) == (2, "")
    message, query, caret, hint = done.err.splitlines()
    assert message == "column 13: this parenthesis is never closed"
    assert query[caret.index("^")] == "("
    assert hint.strip() == "add )"


def test_an_unknown_entity_is_named(desk: Desk) -> None:
    done = desk.call("search", "@kelvari")
    assert (done.code, done.out) == (2, "")
    assert "@kelvaris" in done.err


def test_a_doubtful_query_is_answered_with_a_warning(desk: Desk) -> None:
    done = desk.call("search", "port AND strike OR budget", "--json")
    assert (done.code, len(done.results) > 0) == (0, True)
    assert done.err.startswith("warning: column 17: AND and OR are mixed")


def test_rule_test_counts_what_search_finds(desk: Desk) -> None:
    found = desk.call("search", "Northgate OR @kelvaris", "--json", "--since", "30d").results
    done = desk.call("rule", "test", "Northgate OR @kelvaris", "--limit", "2")
    assert (done.code, done.err) == (0, "")
    days = {day: int(count) for day, count in re.findall(r"^(\d{4}-\d\d-\d\d) +(\d+) █+$", done.out, re.MULTILINE)}
    heading = re.search(r"^by source: (.*)$", done.out, re.MULTILINE)
    assert heading is not None
    sources = {slug: int(count) for slug, count in (part.split() for part in heading[1].split(", "))}
    assert sum(days.values()) == sum(sources.values()) == len(found) > 2
    assert sources == {slug: sum(record["source"] == slug for record in found) for slug in sources}
    assert ids(done.out) == [record["id"] for record in found[:2]]
    assert done.out.endswith(f"\n{len(found)} articles since 30d.\n")


def test_rule_test_that_finds_nothing(desk: Desk) -> None:
    mails = "would have sent 0 alert mails, and stood in 0 digests.\n"
    assert desk.call("rule", "test", "zeppelin").out == f"by source: none\n\n{mails}0 articles since 30d.\n"


def test_a_reader_that_goes_away_is_no_error(desk: Desk) -> None:
    service = desk.start("search", "@fhm", "--json")
    service.process.stdout.close()
    assert service.process.stderr.read() == ""
    service.process.stderr.close()
    service.process.wait()


NASTY = "\x1b]0;owned\x07 \x9b31m \u202egnp\u202c \r\x08 crane\nFAKE"


def invisible(text: str) -> set[str]:
    """Characters that could move a cursor, ring a bell or turn the writing round."""
    return {
        char
        for char in text
        if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") and char not in "\n\u200c\u200d\u200e\u200f"
    }


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize(
    "command",
    [
        ["search", "@fhm"],
        ["search", "@fhm", "--json"],
        ["rule", "test", "@fhm"],
        ["delivery", "list"],
        ["source", "list"],
        ["source", "show", "karst-observer"],
        ["source", "show", "karst-observer", "--json"],
        ["digest", "preview", "desk", "--text"],
    ],
    ids=" ".join,
)
def test_strangers_cannot_write_on_the_terminal(desk: Desk, command: list[str], *, terminal: bool) -> None:
    desk.sql("UPDATE article SET title = title || ?", NASTY)
    desk.sql("UPDATE delivery SET subject = subject || ?, state = 'failed', sent_at = NULL, detail = ?", NASTY, NASTY)
    desk.sql("UPDATE source SET failure_detail = ? WHERE failing_since IS NOT NULL", NASTY)
    desk.sql("UPDATE digest_item SET digest_id = NULL")
    done = desk.call(*command, terminal=terminal)
    assert done.code == 0
    assert "crane" in done.out
    ours = re.sub(r"\x1b\[(?:0|1|33)m", "", done.out)  # bold, yellow, and the end of both
    if command[0] == "digest":  # a mail isolates each title by its own marks (Unicode's UAX 9), within which these end
        ours = re.sub("[\u202a-\u202e\u2066-\u2069]", "", ours)
    assert invisible(ours) == set()
    assert not any(line.startswith("FAKE") for line in ours.splitlines())


def test_what_does_not_print_is_escaped_in_json_and_not_lost() -> None:
    line = json_line({"title": NASTY + "می‌خواهد 🦩"})
    assert json.loads(line) == {"title": NASTY + "می‌خواهد 🦩"}
    assert invisible(line) == set()
    assert "می‌خواهد 🦩" in line


# ---------------------------------------------------------------- apply


def test_apply_tells_what_it_changes_and_does_it_once(desk: Desk) -> None:
    desk.edit("rules.toml", ('name = "Strike in the port"', 'name = "Strikes"'), more=CRANES)
    desk.edit("recipients.toml", more='\n[[recipient]]\nslug = "night"\naddress = "night@newsdesk.example"\n')
    before = desk.everything()
    plan = desk.call("apply", "--dry-run")
    assert plan.code == 0
    assert {"+ rule crane", "~ rule port-strike", "+ recipient night"} <= set(plan.out.splitlines())
    assert plan.out.endswith("would change: 2 added, 1 changed.\n")
    assert desk.everything() == before
    done = desk.call("apply")
    assert done.out == plan.out.replace("would change", "changed")
    again = desk.call("apply")
    assert (again.code, again.out) == (0, "Nothing to change: the store agrees with the files.\n")


def test_apply_removes_what_is_gone_from_the_files(desk: Desk) -> None:
    sources = (desk.config / "sources.toml").read_text("utf-8")
    (desk.config / "sources.toml").write_text(sources[: sources.rindex("[[source]]")], "utf-8")
    assert desk.call("apply").out == "- source harbour-log\nchanged: 1 removed.\n"
    assert desk.call("source", "list").out.endswith("\n7 sources, 1 failing.\n")


# ---------------------------------------------------------------- source


def test_source_list_puts_the_failing_outlet_first(desk: Desk) -> None:
    done = desk.call("source", "list")
    first, words, why, *rest, summary = done.out.splitlines()
    assert done.code == 0
    assert re.match(r"failing karst-observer +0 articles  http://\S+$", first)
    assert words.strip() == "it is busy (429 or 503), and we come less often"
    since = r"since \d{4}-\d\d-\d\d \d\d:\d\d UTC, \d+ in a row, next try (in \d+ (s|min|h|h \d+ min)|now)"
    assert re.match(rf" +http: 503 Service Unavailable \({since}\)$", why)
    assert [line.split()[0] for line in rest] == ["ok"] * 7
    assert sum(int(line.split()[2]) for line in rest) == 56
    assert summary == "8 sources, 1 failing."


def test_source_import(desk: Desk) -> None:
    (desk.root / "feeds.opml").write_text(OPML, "utf-8")
    before = (desk.config / "sources.toml").read_bytes()
    dry = desk.call("source", "import", "feeds.opml", "--dry-run")
    assert (dry.code, (desk.config / "sources.toml").read_bytes()) == (0, before)
    assert dry.out.endswith("2 would be added, 0 known already, 2 refused.\n")
    done = desk.call("source", "import", "feeds.opml")
    assert (done.code, done.err) == (0, dry.err)
    assert done.out.splitlines()[:2] == [
        "+ lantern-agency  https://lantern.example/rss",
        "+ wachter  https://waechter.example/feed",
    ]
    assert re.search(r"^! line 4: Local file: .*file:///etc/feed.xml", done.err, re.MULTILINE)
    assert re.search(r"^! .*::1", done.err, re.MULTILINE)
    assert (desk.config / "sources.toml").read_bytes().startswith(before)
    assert desk.call("check").out.startswith("demo-output/config: fine: 10 sources, ")
    assert desk.call("apply").out == "+ source lantern-agency\n+ source wachter\nchanged: 2 added.\n"
    again = desk.call("source", "import", "feeds.opml")
    assert again.out.endswith("\n0 added to demo-output/config/sources.toml, 2 known already, 2 refused.\n")
    assert desk.call("apply").out.startswith("Nothing to change")


def test_source_import_of_something_else(desk: Desk) -> None:
    done = desk.call("source", "import", desk.config / "rules.toml")
    assert done.code == 1
    assert "! this is not an OPML document" in done.err
    assert desk.call("source", "import", "absent.opml").code == 2


# ---------------------------------------------------------------- digest


@pytest.fixture
def owed(desk: Desk) -> Desk:
    """A desk whose readers are owed everything again, as after digests that could not be delivered."""
    desk.sql("UPDATE digest_item SET digest_id = NULL")
    return desk


def timeless(text: str) -> str:
    """Without numbers and boundaries, which go with the minute."""
    return re.sub(r"[0-9a-f]{24}|\d+", "0", text).replace("\r\n", "\n")


def test_preview_shows_the_same_in_each_form(owed: Desk) -> None:
    text, html, eml = (owed.call("digest", "preview", "desk", form) for form in ("--text", "--html", "--eml"))
    assert [done.code for done in (text, html, eml)] == [0, 0, 0]
    message = message_from_string(eml.out, EmailMessage, policy=policy.default)
    assert message["To"] == "Foreign desk <desk@newsdesk.example>"
    plain, rich = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert rich is not None
    assert timeless(plain.get_content()) == timeless(text.out)
    assert timeless(rich.get_content()) == timeless(html.out)
    titles = re.findall(r"^- (\S.*)$", text.out, re.MULTILINE)
    assert len(titles) > 20
    shown = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", html.out)))
    assert [title for title in titles if title.split("  ")[0] not in shown] == []


def test_preview_records_nothing(owed: Desk) -> None:
    before, mails = owed.everything(), sorted((owed.output / "mail").iterdir())
    first, second = (owed.call("digest", "preview", "tehran") for _ in range(2))
    assert (first.code, first.err) == (0, "")
    assert timeless(first.out) == timeless(second.out)
    assert (owed.everything(), sorted((owed.output / "mail").iterdir())) == (before, mails)


def test_preview_and_send_know_their_readers(desk: Desk) -> None:
    for command in ("preview", "send"):
        done = desk.call("digest", command, "nobody")
        assert (done.code, done.out) == (2, "")
        assert "no recipient 'nobody'" in done.err
        assert "known: desk, tehran, analyst" in done.err
    by_address = desk.call("digest", "preview", "desk@newsdesk.example")
    assert timeless(by_address.out) == timeless(desk.call("digest", "preview", "desk").out)
    assert desk.call("digest", "preview", "desk", "--html", "--text").code == 2


def test_preview_for_a_reader_who_is_not_applied_yet(desk: Desk) -> None:
    desk.edit("recipients.toml", more='\n[[recipient]]\nslug = "night"\naddress = "night@newsdesk.example"\n')
    done = desk.call("digest", "preview", "night")
    assert (done.code, done.out) == (1, "")
    assert "`aggregator apply`" in done.err


def test_a_digest_is_sent_once(owed: Desk) -> None:
    first = owed.call("digest", "send", "tehran")
    assert first.code == 0
    assert re.fullmatch(r"reader@pezhvak\.example: \d\d articles in \d\d stories\.\n", first.out)
    assert any(line["event"] == "delivery.accepted" and line["recipient"] == "tehran" for line in log(first.err))
    newest = max((owed.output / "mail").glob("*-digest-tehran.eml"))
    second = owed.call("digest", "send", "tehran")
    assert (second.code, second.out) == (0, "reader@pezhvak.example: nothing new, nothing sent.\n")
    assert max((owed.output / "mail").glob("*-digest-tehran.eml")) == newest


# ---------------------------------------------------------------- delivery


def test_delivery_list(desk: Desk) -> None:
    mails = len(list((desk.output / "mail").glob("*.eml")))
    done = desk.call("delivery", "list", "--limit", "1000")
    *rows, summary = done.out.splitlines()
    assert summary == f"{len(rows)} deliveries."
    assert len(rows) == mails
    assert [int(row.split()[0]) for row in rows] == list(range(mails, 0, -1))
    assert {tuple(row.split()[1:3]) for row in rows} == {("sent", "alert"), ("sent", "digest")}
    assert desk.call("delivery", "list", "--limit", "1").out.splitlines() == [rows[0], "1 deliveries."]


def test_delivery_retry(desk: Desk) -> None:
    (number,), (sent,) = desk.sql("SELECT id FROM delivery WHERE kind = 'alert' ORDER BY id LIMIT 2")
    desk.sql("UPDATE delivery SET state = 'failed', sent_at = NULL, attempts = 3, detail = 'no such user' WHERE id = ?", number)
    assert "3 tries; last answer: no such user" in desk.call("delivery", "list", "--limit", "1000").out
    assert desk.call("delivery", "retry", str(number)).code == 0
    listed = desk.call("delivery", "list", "--limit", "1000").out
    assert re.search(rf"^ +{number} due +alert +\S+ +next try \d{{4}}-", listed, re.MULTILINE)
    for other in (sent, 4242):
        done = desk.call("delivery", "retry", str(other))
        assert (done.code, done.out) == (1, "")
        assert f"there is no unsent delivery {other}" in done.err


def test_dead_letters_are_listed_shown_and_all_sent_again(desk: Desk) -> None:
    ((number,),) = desk.sql("SELECT id FROM delivery WHERE kind = 'alert' ORDER BY id DESC LIMIT 1")
    desk.sql("UPDATE delivery SET state = 'failed', sent_at = NULL, attempts = 3, detail = 'no such user' WHERE id = ?", number)
    (dead,) = desk.call("delivery", "list", "--state", "failed", "--json").records
    assert (dead["id"], dead["state"], dead["detail"], dead["due_at"]) == (number, "failed", "no such user", None)
    shown = desk.call("delivery", "show", str(number)).out
    assert f"{number}: alert for {dead['address']}: failed, given up" in shown
    assert "accepted" in shown
    (record,) = desk.call("delivery", "show", str(number), "--json").records
    assert [each["outcome"] for each in record["tries"]] == ["accepted"]
    assert desk.call("delivery", "show", str(number), "--eml").out.startswith("Date: ")
    assert "<html" in desk.call("delivery", "show", str(number), "--html").out
    assert desk.call("delivery", "show", "4242").code == 1
    assert desk.call("delivery", "retry").code == 2
    assert f"delivery {number}: the service tries it again now" in desk.call("delivery", "retry", "--failed").out
    assert desk.call("delivery", "list", "--state", "failed", "--json").records == []


# ---------------------------------------------------------------- db


def test_stats_as_json_agree_with_the_text(desk: Desk) -> None:
    (figures,) = desk.call("db", "stats", "--json").records
    text = dict(line.split() for line in desk.call("db", "stats").out.splitlines())
    assert text == {name: str(value) for name, value in figures.items()}
    lines = desk.call("db", "stats", "--prometheus").out.splitlines()
    assert lines[::2] == [f"# TYPE aggregator_{name} gauge" for name in figures]
    assert lines[1::2] == [f"aggregator_{name} {value}" for name, value in figures.items()]
    assert {"sources": 8, "failing": 1, "articles": 56, "pending": 0, "undelivered": 0}.items() <= figures.items()


def test_backup_is_whole_and_overwrites_nothing(desk: Desk) -> None:
    done = desk.call("db", "backup", "new/copy.db")
    assert done.code == 0
    assert re.fullmatch(r"new/copy\.db: \d\.\d MB\.\n", done.out)
    copy = desk.root / "new" / "copy.db"
    with closing(sqlite3.connect(copy)) as connection:
        assert list(connection.iterdump()) == desk.everything()
    before = copy.read_bytes()
    again = desk.call("db", "backup", "new/copy.db")
    assert (again.code, again.out, copy.read_bytes()) == (1, "", before)
    assert "exists already" in again.err


def test_backup_to_a_place_that_is_none(desk: Desk) -> None:
    (desk.root / "file").write_text("")
    done = desk.call("db", "backup", "file/copy.db")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("aggregator: ")
    assert len(done.err.splitlines()) == 1


def test_upgrade(desk: Desk) -> None:
    done = desk.call("db", "upgrade")
    assert done.code == 0
    assert re.fullmatch(r"schema \d+: up to date\.\n", done.out)
    desk.env["AGGREGATOR_STORE_URL"] = f"sqlite:///{desk.root}/new.db"
    assert re.fullmatch(r"schema none → \d+\.\n", desk.call("db", "upgrade").out)
    assert desk.call("db", "stats", "--json").records[0]["articles"] == 0


def test_the_index_can_be_made_anew_from_the_articles(desk: Desk) -> None:
    found = desk.call("search", "port", "--json").out
    desk.sql("DELETE FROM article_fts")
    assert desk.call("search", "port", "--json").out != found
    done = desk.call("db", "reindex")
    assert (done.code, done.out) == (0, "56 articles indexed anew.\n")
    assert desk.call("search", "port", "--json").out == found


def test_a_store_on_postgresql(desk: Desk, postgres_url: str) -> None:
    desk.env["AGGREGATOR_STORE_URL"] = postgres_url
    assert re.fullmatch(r"schema \d+: up to date\.\n", desk.call("db", "upgrade").out)
    assert desk.call("db", "stats", "--json").records[0]["articles"] == 0
    done = desk.call("db", "backup", "copy.dump")
    assert (done.code, done.out, (desk.root / "copy.dump").exists()) == (1, "", False)
    assert "pg_dump --format=custom --file=copy.dump" in done.err
    desk.env["AGGREGATOR_STORE_URL"] = "postgresql://ana:hush@127.0.0.1:9/news"
    gone = desk.call("db", "stats")
    assert (gone.code, gone.out) == (1, "")
    assert "postgresql+psycopg://ana:***@127.0.0.1:9/news cannot be opened as a store" in gone.err
    assert "hush" not in gone.err


# ---------------------------------------------------------------- run


@pytest.mark.usefixtures("outlets")
def test_a_second_service_is_refused_and_readers_work_beside_the_first(desk: Desk) -> None:
    service = desk.start("-v", "run")
    assert service.until("ready")["sources"] == 8
    for command in (["run"], ["digest", "send", "desk"]):
        second = desk.call(*command)
        assert (second.code, second.out) == (1, "")
        assert second.err.splitlines()[-1].endswith(
            "aggregator.db is in use: another aggregator service runs on it. Stop that one first."
        )
    service.until("job.done", job="fetch_sources")
    assert len(ids(desk.call("search", "@kelvaris").out)) == 18
    assert desk.call("digest", "preview", "desk").code == 0
    assert desk.call("db", "backup", "copy.db").code == 0
    ended = service.end()
    assert ended.code == 0
    times = {line["event"]: datetime.fromisoformat(line["timestamp"]) for line in log(ended.err)}
    assert times["stopped"] - times["stopping"] < timedelta(seconds=10)
    assert desk.call("db", "stats", "--json").records[0]["articles"] == 56


@pytest.mark.usefixtures("outlets")
def test_a_reload_takes_good_files_and_keeps_the_old_for_bad_ones(desk: Desk) -> None:
    rules = (desk.config / "rules.toml").read_text("utf-8")
    service = desk.start("-v", "run")
    service.until("ready")
    desk.edit("rules.toml", more=CRANES)
    service.send(signal.SIGHUP)
    assert service.until("config.change", noun="rule", slug="crane")["verb"] == "added"
    assert service.until("config.reloaded")["changes"] == 1
    (desk.config / "rules.toml").write_text(rules + BROKEN_RULE, "utf-8")
    service.send(signal.SIGHUP)
    kept = service.until("config.kept")
    assert kept["level"] == "error"
    line = (rules + BROKEN_RULE).splitlines().index("query = 'crane (lift OR hoist'") + 1
    assert f"rules.toml:{line}: " in kept["error"]
    assert desk.sql("SELECT count(*) FROM rule WHERE slug = 'crane' AND removed_at IS NULL") == [(1,)]
    (desk.config / "rules.toml").write_text(rules, "utf-8")
    desk.edit("aggregator.toml", ("[mail]\n", '[mail]\nsender_name = "Another desk"\n'), more="\n[workers]\nprocesses = 1\n")
    service.send(signal.SIGHUP)
    assert service.until("config.change", noun="rule", slug="crane")["verb"] == "removed"
    assert service.until("config.restart_needed")["detail"].startswith("[workers] of aggregator.toml changed: ")
    service.until("config.reloaded")
    assert any(json.loads(line)["event"] == "mail.changed" for line in service.lines if line.startswith("{"))
    ended = service.end(signal.SIGINT)
    assert (ended.code, log(ended.err)[-1]["event"]) == (0, "stopped")


# ---------------------------------------------------------------- secrets

SECRET = "correct-horse-battery"


class RefusingRelay(socketserver.ThreadingTCPServer):
    """A mail relay that refuses every password. ``asked`` is what it was told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.asked: list[str] = []


class _Conversation(socketserver.StreamRequestHandler):
    server: RefusingRelay

    def handle(self) -> None:
        answers = {"EHLO": "250-relay.example\r\n250 AUTH PLAIN", "AUTH": "535 5.7.8 refused", "QUIT": "221 bye"}
        self.wfile.write(b"220 relay.example\r\n")
        for line in self.rfile:
            command = line.decode().strip()
            self.server.asked.append(command)
            self.wfile.write(answers.get(command[:4], "250 ok").encode() + b"\r\n")
            if command == "QUIT":
                return


@pytest.fixture
def relay() -> Iterator[RefusingRelay]:
    with RefusingRelay() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_password_is_never_shown(owed: Desk, relay: RefusingRelay) -> None:
    smtp = f'mode = "smtp"\nhost = "127.0.0.1"\nport = {relay.server_address[1]}\nsecurity = "none"'
    smtp += '\nusername = "monitor"\npassword_env = "AGGREGATOR_MAIL_PASSWORD"'
    owed.edit("aggregator.toml", ('mode = "folder"', smtp))
    owed.env["AGGREGATOR_MAIL_PASSWORD"] = SECRET
    commands = (["check"], ["apply"], ["source", "list"], ["digest", "preview", "desk", "--eml"], ["delivery", "list"])
    done = [owed.call("-v", *command) for command in commands]
    sent = owed.call("-v", "digest", "send", "desk")
    assert [outcome.code for outcome in (*done, sent)] == [0, 0, 0, 0, 0, 1]
    assert sent.out == ""
    *events, message = sent.err.splitlines()
    assert re.match(r"aggregator: the digest is in the outbox as \d+, but not sent: ", message)
    assert any(line["event"] == "delivery.broken" for line in map(json.loads, events))
    offered = [b64decode(command.split()[2]).decode() for command in relay.asked if command.startswith("AUTH PLAIN ")]
    assert set(offered) == {f"\0monitor\0{SECRET}"}
    service = owed.start("-v", "run")
    service.until("ready")
    owed.edit("aggregator.toml", ('username = "monitor"', 'username = "somebody"\ntimeout = "soon"'))
    service.send(signal.SIGHUP)
    service.until("config.kept")
    ended = service.end()
    broken = owed.call("check")
    assert (ended.code, broken.code) == (0, 2)
    shown = "".join(outcome.out + outcome.err for outcome in (*done, sent, ended, broken))
    assert SECRET not in shown
    assert SECRET not in "\n".join(owed.everything())
