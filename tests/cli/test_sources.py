"""The commands about sources, on the demo's folder: dossiers, the account of our manners, adding, moving, lists."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer

from aggregator.cli.adding import _asked
from aggregator.newsroom.server import Request, Response, Server, bind

Desk = Any
HTML = {"Content-Type": "text/html; charset=utf-8"}
RSS = {"Content-Type": "application/rss+xml"}
FEED = "<rss version='2.0'><channel><title>{}</title><item><title>One</title><guid>1</guid></item></channel></rss>"


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"


class Press:
    """A web site with pages that a test writes."""

    def __init__(self) -> None:
        self.pages: dict[str, Response] = {}
        self.asked: list[str] = []
        listeners, self.port = bind(["127.0.0.1"], 0)
        self._server = Server(self._answer)
        self._server.start(listeners)

    def _answer(self, request: Request) -> Response:
        self.asked.append(request.path)
        return self.pages.get(request.path, Response(404))

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def feeds(self, **titles: str) -> None:
        """A front page that names feeds, by their path and title."""
        links = "".join(f'<link rel="alternate" type="application/rss+xml" title="{t}" href="/{p}">' for p, t in titles.items())
        self.pages["/"] = Response(200, HTML, f"<html><head>{links}</head></html>".encode())
        self.pages |= {f"/{path}": Response(200, RSS, FEED.format(title).encode()) for path, title in titles.items()}

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def press() -> Iterator[Press]:
    with closing(Press()) as made:
        yield made


# ---------------------------------------------------------------- source show


def test_a_dossier_fits_a_terminal_and_tells_what_an_operator_asks(desk: Desk) -> None:
    done = desk.call("source", "show", "varenia-wire")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "varenia-wire — Varenia Wire Service (wire)"
    assert max(map(len, lines)) <= 80
    labels = [label for line in lines[1:] if (label := line[2:14].strip())]
    assert labels == [
        "feed", "site", "state", "next poll", "rhythm", "asked of us", "validators", "robots.txt", "brought", "delay", "gaps",
        "last polls", "our manners",
    ]  # fmt: skip
    text = re.sub(r"\s+", " ", done.out)
    assert " state fine last answered 20" in text
    assert "the configured interval" in text
    assert "honest: it answers 304 while nothing is new" in text
    assert "12 entries, 12 articles" in text
    assert re.search(r"from publication to storage: \d+ (s|min) \(median of \d+ articles of 30 days\)", text)
    assert "gaps none" in text
    assert re.search(r"earlier than allowed 0 0 $", text)


def test_a_dossier_names_the_failure_in_plain_words(desk: Desk) -> None:
    text = re.sub(r"\s+", " ", desk.call("source", "show", "karst-observer").out)
    assert "state failing: it is busy (429 or 503), and we come less often since 20" in text
    assert "http: 503 Service Unavailable last answered never next poll 20" in text
    assert "delay from publication to storage: no data" in text
    assert "503 (unavailable)" in text


def test_a_dossier_with_everything_in_it(desk: Desk) -> None:
    now = datetime.now(UTC)
    history = {
        "rate": 0.5, "usual_rate": 0.4, "burst": 9.0, "window": 20, "trust": "lying", "probed_at": now.isoformat(),
        "cache": "PT2H", "hints": {"ttl": "PT1H", "update_every": "PT30M", "skip_hours": [0, 1, 2, 3, 9], "skip_days": [6, 7]},
        "wait": "PT9H", "moving_to": "https://new.example/rss", "moving_since": now.isoformat(), "moving_polls": 2,
        "trouble": "web_page", "sample": "<html><title>Domain for sale</title>",
    }  # fmt: skip
    desk.sql(
        "UPDATE source SET history = ?, trouble = 'web_page', failing_since = ?, failures = 3, failure_kind = 'not_a_feed', "
        "failure_detail = 'an HTML page, not a feed', proposed_url = 'https://wire.example/new', allowed_at = ?, "
        "moved_to = 'https://wire.example/moved', poll_reason = 'because' WHERE slug = 'varenia-wire'",
        json.dumps(history), _stamp(now - timedelta(hours=5)), _stamp(now + timedelta(hours=3)),
    )  # fmt: skip
    desk.sql(
        "INSERT INTO move (source_id, at, from_url, to_url, reason) VALUES (1, ?, 'http://a.example/', "
        "'https://wire.example/moved', 'moved permanently, by 3 answers over 8 days')",
        _stamp(now),
    )
    desk.sql(
        "INSERT INTO gap (source_id, found_at, published_after, published_before, estimate) VALUES (1, ?, ?, ?, 12)",
        *(_stamp(now - timedelta(hours=hours)) for hours in (1, 6, 2)),
    )
    desk.sql("INSERT INTO host (host, throttled_until, throttles) SELECT host, ?, 2 FROM source WHERE id = 1",
             _stamp(now + timedelta(days=1)))  # fmt: skip
    desk.sql(
        "INSERT INTO websub (source_id, source_url, hub, topic, token, secret, callback, state, due_at, created_at, pushes, "
        "failures, trusted, detail, lease_until) VALUES (1, '', 'https://hub.example/', 't', 'token-of-ours', 'secret-of-ours', "
        "'', 'active', ?, ?, 4, 0, 1, '', ?)",
        _stamp(now), _stamp(now), _stamp(now + timedelta(days=5)),
    )  # fmt: skip
    done = desk.call("source", "show", "varenia-wire")
    assert max(map(len, done.out.splitlines())) <= 80
    text = re.sub(r"\s+", " ", done.out)
    for said in (
        "feed https://wire.example/moved configured as http://127.0.20.1:",
        "from http://a.example/ to https://wire.example/moved (moved permanently, by 3 answers over 8 days)",
        "perhaps at https://wire.example/new Its site names this feed. To accept: aggregator source move varenia-wire",
        "state failing: a web page stands where the feed should be: look at the address",
        "(5 h), 3 in a row",
        "it sent: <html><title>Domain for sale</title>",
        "it redirects to https://new.example/rss since",
        "because the publisher allows it from",
        "but its host asked us to come less often, and rests until",
        "about 12 new entries a day now, 9.6 usually; 9 in its busiest hour lately",
        "its window holds 20 entries; with a poll every 1 h 9 min the chance that one scrolls out unseen is below 1 in 200",
        "the next poll was planned after 9 h, which is longer: some may be missed",
        "asked of us keep an answer for 2 h (max-age, Expires) keep the feed for 1 h (ttl) it changes every 30 min",
        "(sy:updatePeriod) skip the hours 0-3, 9 GMT (skipHours) skip Sat, Sun (skipDays)",
        "lying: it said 304 while there were new entries; now it is always asked for the whole feed (put to the test 20",
        "hub https://hub.example/ it tells us of news until",
        "2 times in a row: no request until",
        "gaps 1, about 12 entries missed in all",
        ": about 12 entries, published from",
        "at most, it asks 0.50 0.50",
    ):
        assert said in text, f"{said!r} is not in\n{done.out}"
    assert "of-ours" not in done.out + desk.call("source", "show", "varenia-wire", "--json").out


def test_a_dossier_as_json(desk: Desk) -> None:
    (record,) = desk.call("source", "show", "varenia-wire", "--json").records
    assert (record["slug"], record["state"], record["trouble"], record["gap_count"]) == ("varenia-wire", "fine", "", 0)
    assert record["interval"] == 5.0
    assert datetime.fromisoformat(record["next_poll_at"]).tzinfo is not None
    assert record["history"]["trust"] == "honest"
    assert record["score"]["whole"]["polls"] == desk.sql("SELECT count(*) FROM fetch WHERE source_id = 1")[0][0]
    assert len(record["polls"]) == 10


@pytest.mark.parametrize(
    "command", [["source", "show"], ["source", "move"], ["source", "refresh"], ["doctor", "--feed"]], ids=" ".join
)
def test_an_unknown_source_is_answered_with_near_ones(desk: Desk, command: list[str]) -> None:
    done = desk.call(*command, "varenia", *(["https://x.example/"] if command[1] == "move" else []))
    assert (done.code, done.out) == (1, "")
    assert done.err == "aggregator: there is no source varenia: did you mean varenia-wire?\n"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("enabled = 0", "off: enabled = false stands in sources.toml"),
        ("merged_into = 2", "resting: it is the same feed as republic-herald, which is polled in its place"),
        ("removed_at = '2026-01-02 03:04:05'", "taken out of the configuration on 2026-01-02 03:04 UTC"),
        ("last_success_at = NULL", "new: not polled yet"),
    ],
)
def test_states_that_are_no_failures(desk: Desk, change: str, said: str) -> None:
    desk.sql(f"UPDATE source SET {change} WHERE id = 1")
    text = re.sub(r"\s+", " ", desk.call("source", "show", "varenia-wire").out)
    assert f" state {said} " in text
    assert ("next poll never, as it stands" in text) == ("last" not in change)


# ---------------------------------------------------------------- doctor (M1)


def test_m1_doctor_counts_what_publishers_saw(desk: Desk) -> None:
    done = desk.call("doctor")
    assert done.code == 0
    head, *rows, verdict = done.out.splitlines()
    assert head.split() == ["requests", "an", "hour", "asked", "304", "whole", "429", "503", "early", "in", "7", "days"]
    assert max(map(len, done.out.splitlines())) <= 100
    assert [row.split()[-1] for row in rows][:2] == ["karst-observer", "open-quay"], "the worst first: 503, then no validators"
    total = desk.sql("SELECT count(*) FROM fetch")[0][0]
    assert sum(int(row.split()[0]) for row in rows) == total
    assert re.fullmatch(rf"8 sources, {total:,} requests since 20\S+: none came earlier than its publisher allowed\.", verdict)


def test_m1_one_request_too_early_is_told_and_ends_with_1(desk: Desk) -> None:
    desk.sql("UPDATE fetch SET early = 1 WHERE id = (SELECT max(id) FROM fetch WHERE source_id = 6)")
    done = desk.call("doctor")
    assert done.code == 1
    assert done.out.splitlines()[1].endswith("      1  phare-de-loray")
    assert done.out.splitlines()[-1].endswith(": 1 came EARLIER than the publisher allowed. That is a defect: please report it.")
    chosen = desk.call("doctor", "--feed", "phare-de-loray", "--feed", "varenia-wire")
    assert chosen.code == 1
    assert [line.split(" — ")[0] for line in chosen.out.splitlines() if " — " in line] == ["phare-de-loray", "varenia-wire"]
    assert re.search(r"earlier than allowed +1 +1\n", chosen.out)
    assert desk.call("doctor", "--feed", "varenia-wire").code == 0
    records = desk.call("doctor", "--json")
    assert (records.code, [record["whole"]["early"] for record in records.records]) == (1, [1] + [0] * 7)
    assert "too early" in desk.call("source", "show", "phare-de-loray").out


# ---------------------------------------------------------------- source add


def _without_last(desk: Desk) -> str:
    """Take the last source out of the file; its feed's address."""
    text = (desk.config / "sources.toml").read_text("utf-8")
    cut = text.rindex("[[source]]")
    (desk.config / "sources.toml").write_text(text[:cut], "utf-8")
    found = re.search(r'url = "(\S+)"', text[cut:])
    assert found is not None
    return found[1]


@pytest.mark.usefixtures("outlets")
def test_source_add_takes_a_site_and_needs_no_apply(desk: Desk) -> None:
    url = _without_last(desk)
    desk.call("apply")
    before = (desk.config / "sources.toml").read_bytes()
    site = url.replace("/index.rdf", "/")
    dry = desk.call("source", "add", site, "-n")
    assert (dry.code, (desk.config / "sources.toml").read_bytes()) == (0, before)
    number, facts, summary = dry.out.splitlines()
    assert number.split() == ["1", url]
    assert re.fullmatch(r" {5}Selvane Harbour Log · RSS 1\.0 · 7 entries, the newest of 20\S+ \S+ UTC", facts)
    assert summary == "1 would be added."
    done = desk.call("source", "add", site, "--group", "local")
    assert (done.code, done.err) == (0, "")
    assert f"\n+ harbour-log  {url}\n" in done.out
    assert re.search(r"\n  next poll 20\S+ \S+ UTC \(in [^)]+\): \S", done.out)
    assert done.out.endswith("\nA running service polls it from now on.\n")
    assert (desk.config / "sources.toml").read_bytes().startswith(before)
    assert desk.call("apply").out.startswith("Nothing to change")
    assert desk.call("source", "list").out.endswith("\n8 sources, 1 failing.\n")
    again = desk.call("source", "add", url)
    assert (again.code, again.out) == (1, "")
    assert again.err == f"aggregator: {url} is there already: it is the source harbour-log.\n"


def test_source_add_with_several_feeds_and_nobody_to_ask_tells_how_to_choose(desk: Desk, press: Press) -> None:
    press.feeds(news="News", sport="Sport")
    before = (desk.config / "sources.toml").read_bytes()
    done = desk.call("source", "add", press.url())
    assert (done.code, done.err) == (2, "2 feeds: name the address of one, or say --yes for the first, or --all for all 2.\n")
    assert done.out.splitlines()[::2] == [f"  1  {press.url('/news')}", f"  2  {press.url('/sport')}"]
    assert done.out.splitlines()[1] == "     News · RSS 2.0 · 1 entry, without dates"
    assert (desk.config / "sources.toml").read_bytes() == before
    first = desk.call("source", "add", press.url(), "--yes", "--slug", "mine", "--name", "My news")
    assert (first.code, "+ mine  " in first.out) == (0, True)
    assert 'slug = "mine"' in (desk.config / "sources.toml").read_text()
    rest = desk.call("source", "add", press.url(), "--all")
    assert (rest.code, [line for line in rest.out.splitlines() if line.startswith("+")]) == (
        0,
        [f"+ sport  {press.url('/sport')}"],
    )
    assert "there already: it is the source mine" in rest.out
    nothing = desk.call("source", "add", press.url())
    assert nothing.code == 1
    assert nothing.err.endswith("nothing to add; what is there is read already (mine, sport).\n")


def _on_a_terminal(desk: Desk, answer: bytes, *arguments: str) -> tuple[int, str]:
    """Run the program on a terminal of its own, and type."""
    ours, theirs = os.openpty()
    program = Path(sys.executable).parent / "aggregator"
    process = subprocess.Popen(
        [program, "-c", "demo-output/config", *arguments], cwd=desk.root, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, answer)
    said = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # Linux: the other end is closed
            break
        if not piece:
            break
        said += piece
    os.close(ours)
    return process.wait(), said.decode()


def test_source_add_asks_on_a_terminal(desk: Desk, press: Press) -> None:
    press.feeds(news="News", sport="Sport")
    code, said = _on_a_terminal(desk, b"7\n2\n", "source", "add", press.url())
    assert (code, said.count("Which one (1 to 2, 0 for none)")) == (0, 2), said
    assert f"+ sport  {press.url('/sport')}" in said
    assert press.asked == ["/", "/news", "/sport"], "what was looked at is not asked for again"


def test_none_of_them_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("3\nsport\n0\n"))
    with pytest.raises(typer.Abort):
        _asked(2)


def test_source_add_of_what_is_nothing(desk: Desk, press: Press) -> None:
    press.pages["/"] = Response(200, HTML, b"<html>\x1b]0;owned\x07<title>Hello</title></html>")
    done = desk.call("source", "add", press.url())
    assert (done.code, done.out) == (1, "")
    assert done.err == f"aggregator: {press.url()}: no feed was found. If you know its address, name that.\n"
    for wrong in ("ftp://x.example/", "http://user:pass@x.example/", "http://[::1", "http://x.example/a b"):
        refused = desk.call("source", "add", wrong)
        assert (refused.code, refused.out) == (2, ""), wrong
    taken = desk.call("source", "add", press.url(), "--slug", "varenia-wire")
    assert (taken.code, "the slug varenia-wire is taken" in taken.err) == (2, True)
    assert desk.call("source", "add", press.url(), "--all", "--name", "X").code == 2


def test_source_add_does_not_print_what_strangers_wrote(desk: Desk, press: Press) -> None:
    press.feeds(news="News\u202e \x9b31m")
    done = desk.call("source", "add", press.url())
    assert done.code == 0
    assert not set("\u202e\x9b\x1b\x07") & set(done.out + done.err)


# ---------------------------------------------------------------- move, refresh


def test_source_move_and_back(desk: Desk) -> None:
    (old,) = desk.sql("SELECT url FROM source WHERE slug = 'pezhvak'")[0]
    done = desk.call("source", "move", "pezhvak", "https://pezhvak.example/feed")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "pezhvak is polled at https://pezhvak.example/feed from now on.",
        "You may write the new address into sources.toml: it stays the same source.",
        "To take it back: aggregator source move pezhvak --undo",
    ]
    assert desk.call("apply").out.startswith("Nothing to change"), "the file is a wish about the configured address"
    assert "https://pezhvak.example/feed" in desk.call("source", "list").out
    undone = desk.call("source", "move", "pezhvak", "--undo")
    assert undone.out == f"pezhvak is polled at {old} again; https://pezhvak.example/feed will not be believed any more.\n"
    again = desk.call("source", "move", "pezhvak", "--undo")
    assert (again.code, again.err) == (1, "aggregator: pezhvak has not moved: there is nothing to undo.\n")
    nowhere = desk.call("source", "move", "pezhvak")
    assert (nowhere.code, "no other address is known" in nowhere.err) == (1, True)
    assert desk.call("source", "move", "pezhvak", "ftp://x.example/").code == 2
    assert desk.call("source", "move", "pezhvak", "https://x.example/", "--undo").code == 2


def test_source_move_to_what_its_site_names_may_be_a_merge(desk: Desk) -> None:
    (herald,) = desk.sql("SELECT url FROM source WHERE slug = 'republic-herald'")[0]
    desk.sql("UPDATE source SET proposed_url = ? WHERE slug = 'karst-observer'", herald)
    listed = desk.call("source", "list").out
    assert f"perhaps at {herald} now; to accept: aggregator source move karst-observer" in listed
    done = desk.call("source", "move", "karst-observer")
    assert "republic-herald is there already: karst-observer rests, and the other is polled for both." in done.out
    listed = desk.call("source", "list").out
    assert re.search(r"^merged +karst-observer ", listed, re.MULTILINE)
    assert "the same feed as republic-herald, which is polled in its place" in listed
    assert desk.call("source", "refresh", "karst-observer").code == 1


def test_source_refresh_asks_once_in_five_minutes(desk: Desk) -> None:
    now = datetime.now(UTC)
    desk.sql("UPDATE source SET last_fetch_at = ?, next_poll_at = ? WHERE slug = 'pezhvak'",
             _stamp(now - timedelta(minutes=6)), _stamp(now + timedelta(hours=1)))  # fmt: skip
    done = desk.call("source", "refresh", "pezhvak", "--force")
    assert (done.code, done.out.startswith("pezhvak is due now: ")) == (0, True)
    ((due, forced, reason),) = desk.sql("SELECT next_poll_at, forced, poll_reason FROM source WHERE slug = 'pezhvak'")
    assert (due <= _stamp(datetime.now(UTC)), forced, reason) == (True, 1, "asked for by the operator")
    desk.sql("UPDATE source SET last_fetch_at = ? WHERE slug = 'pezhvak'", _stamp(now - timedelta(minutes=3)))
    early = desk.call("source", "refresh", "pezhvak")
    assert (early.code, early.out) == (1, "")
    assert re.fullmatch(
        r"aggregator: pezhvak: it was polled less than 5 min ago\. Again from 20\S+ \S+ UTC on, in \d .*\.\n", early.err
    )


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_r3_source_refresh_never_comes_before_the_publisher_allows(desk: Desk, force: list[str]) -> None:
    now = datetime.now(UTC)
    desk.sql("UPDATE source SET last_fetch_at = ?, allowed_at = ?, next_poll_at = ? WHERE slug = 'pezhvak'",
             _stamp(now - timedelta(hours=1)), _stamp(now + timedelta(hours=2)), _stamp(now + timedelta(hours=3)))  # fmt: skip
    before = desk.everything()
    done = desk.call("source", "refresh", "pezhvak", *force)
    assert (done.code, "its publisher asks us not to come before" in done.err) == (1, True)
    assert desk.everything() == before
    desk.sql("INSERT INTO host (host, throttled_until, throttles) SELECT host, ?, 1 FROM source WHERE slug = 'pezhvak'",
             _stamp(now + timedelta(hours=4)))  # fmt: skip
    done = desk.call("source", "refresh", "pezhvak", *force)
    assert (done.code, "asked us to come less often. Again from" in done.err) == (1, True)


# ---------------------------------------------------------------- list


def test_source_list_tells_of_gaps_of_the_last_week(desk: Desk) -> None:
    now = datetime.now(UTC)
    for days, estimate in ((1, 12), (3, 5), (9, 100)):
        desk.sql(
            "INSERT INTO gap (source_id, found_at, published_after, published_before, estimate) VALUES (3, ?, ?, ?, ?)",
            *[_stamp(now - timedelta(days=days))] * 3, estimate,
        )  # fmt: skip
    done = desk.call("source", "list")
    row = next(number for number, line in enumerate(done.out.splitlines()) if "open-quay" in line)
    assert done.out.splitlines()[row + 1] == ("        2 gaps in the last 7 days: about 17 entries scrolled out before we came")
    assert done.out.endswith("\n8 sources, 1 failing, 1 with gaps in the last 7 days.\n")
    figures = desk.call("db", "stats", "--json").records[0]
    assert {"gaps": 3, "missed": 117, "moved": 0, "throttled": 0}.items() <= figures.items()


# ---------------------------------------------------------------- import, export


def test_source_import_reports_what_is_twice_and_what_is_there(desk: Desk) -> None:
    (url,) = desk.sql("SELECT url FROM source WHERE slug = 'pezhvak'")[0]
    rows = [("New", "https://new.example/feed"), ("New again", "http://new.example/feed/"), ("Known", url), ("Known", url)]
    outlines = "".join(f'<outline type="rss" text="{title}" xmlUrl="{address}"/>' for title, address in rows)
    (desk.root / "feeds.opml").write_text(f'<opml version="2.0"><body>{outlines}</body></opml>', "utf-8")
    done = desk.call("source", "import", "feeds.opml", "--dry-run")
    assert done.out.splitlines() == [
        "= http://new.example/feed/  once more in this file, as new",
        f"= {url}  there already as pezhvak",
        f"= {url}  there already as pezhvak",
        "+ new  https://new.example/feed",
        "1 would be added, 2 known already, 1 twice in the file, 0 refused.",
    ]


def test_source_import_takes_ten_thousand_feeds_in_ten_thousand_folders(desk: Desk) -> None:
    many = "".join(f'<outline type="rss" text="News" xmlUrl="https://h{number}.example/feed"/>' for number in range(10_000))
    deep = "".join(f'<outline text="folder {number}">' for number in range(10_000)) + many + "</outline>" * 10_000
    (desk.root / "feeds.opml").write_text(f'<opml version="2.0"><body>{deep}</body></opml>', "utf-8")
    done = desk.call("source", "import", "feeds.opml")
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith(
        "\n10000 added to demo-output/config/sources.toml, 0 known already, 0 refused.\n"
        "Next: aggregator apply (a running service: SIGHUP).\n"
    )
    assert len(set(re.findall(r"^\+ (news\S*) ", done.out, re.MULTILINE))) == 10_000
    assert desk.call("check").out.startswith("demo-output/config: fine: 10008 sources")


def test_source_export_is_opml_with_the_addresses_of_now(desk: Desk) -> None:
    desk.call("source", "move", "pezhvak", "https://pezhvak.example/feed?a=1&b=2")
    desk.sql("UPDATE source SET merged_into = 1 WHERE slug = 'open-quay'")
    desk.edit("sources.toml", ('slug = "karst-observer"', 'slug = "karst-observer"\nenabled = false'))
    done = desk.call("source", "export")
    root = ET.fromstring(done.out)
    assert (root.tag, root.get("version"), root.findtext("head/title")) == ("opml", "2.0", "Selvane desk")
    folders = [folder.get("text") for folder in root.findall("body/outline")]
    assert folders == sorted(set(filter(None, folders))), "each group once"
    feeds = {outline.get("text"): outline for outline in root.iter("outline") if outline.get("xmlUrl")}
    assert len(feeds) == 6
    pezhvak = feeds["پژواک ساحل"]
    assert (pezhvak.get("type"), pezhvak.get("xmlUrl")) == ("rss", "https://pezhvak.example/feed?a=1&b=2")
    assert pezhvak.get("htmlUrl")
    again = desk.call("source", "export", "out.opml")
    assert again.out == "out.opml: 6 sources.\n"
    assert (desk.root / "out.opml").read_text("utf-8") == done.out
    assert desk.call("source", "export", "out.opml").code == 1


def test_what_is_exported_can_be_imported(desk: Desk) -> None:
    desk.edit("sources.toml", ('group = "wire"', 'tags = ["Agencies", "Varenia"]'))
    desk.call("apply")
    desk.call("source", "export", "out.opml")
    specs = (desk.config / "sources.toml").read_text("utf-8")
    (desk.config / "sources.toml").write_text("", "utf-8")
    done = desk.call("source", "import", "out.opml")
    assert done.out.splitlines()[-2].startswith("8 added to ")
    text = (desk.config / "sources.toml").read_text("utf-8")
    assert sorted(re.findall(r"^url = .*$", text, re.MULTILINE)) == sorted(re.findall(r"^url = .*$", specs, re.MULTILINE))
    assert 'tags = ["Agencies", "Varenia"]' in text
