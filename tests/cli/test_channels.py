"""``rule feed`` on the demo's archive, and ``channel``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from xml.etree import ElementTree as ET

import pytest

Desk = Any
NS = {"a": "http://www.w3.org/2005/Atom"}


def test_the_feed_of_a_rule_holds_its_matches_newest_first(desk: Desk) -> None:
    feed = ET.fromstring(desk.call("rule", "feed", "fhm").out)
    ids = [entry.findtext("a:id", "", NS) for entry in feed.findall("a:entry", NS)]
    rows = desk.sql("SELECT m.id FROM match m JOIN rule r ON r.id = m.rule_id WHERE r.slug = 'fhm' ORDER BY m.id DESC")
    assert [int(id_.rpartition("/")[2]) for id_ in ids] == [number for (number,) in rows[:50]]
    assert len(set(ids)) == len(ids) > 3
    few = json.loads(desk.call("rule", "feed", "fhm", "--format", "json", "--limit", "2").out)
    assert [item["id"] for item in few["items"]] == ids[:2]


@pytest.mark.parametrize("form", ["atom", "json", "rss"])
def test_the_file_is_replaced_as_a_whole_and_only_when_something_changed(desk: Desk, form: str) -> None:
    path = desk.root / "fhm.feed"
    call = ("rule", "feed", "fhm", "--format", form, "--output", path)
    assert "matches." in desk.call(*call).err
    first, node = path.read_bytes(), path.stat().st_ino
    assert "as before" in desk.call(*call).err
    assert (path.read_bytes(), path.stat().st_ino) == (first, node)
    desk.sql("UPDATE article SET title = 'Another headline'")
    desk.call(*call)
    assert b"Another headline" in path.read_bytes()
    assert path.stat().st_ino != node
    assert [entry.name for entry in desk.root.iterdir() if "fhm.feed" in entry.name] == ["fhm.feed"]


def test_an_article_that_was_edited_is_updated(desk: Desk) -> None:
    before = ET.fromstring(desk.call("rule", "feed", "fhm").out)
    desk.sql(
        "INSERT INTO revision (article_id, number, title, text, replaced_at, reason) SELECT article_id, 99, '', '',"
        " '2031-01-02 03:04:05.000000', 'edit' FROM match m JOIN rule r ON r.id = m.rule_id WHERE slug = 'fhm' LIMIT 1"
    )
    after = ET.fromstring(desk.call("rule", "feed", "fhm").out)
    changed = [entry for entry in after.findall("a:entry", NS) if entry.findtext("a:updated", "", NS).startswith("2031-01-02")]
    assert len(changed) == 1
    assert after.findtext("a:updated", "", NS) == "2031-01-02T03:04:05Z" != before.findtext("a:updated", "", NS)
    ids = [[entry.findtext("a:id", "", NS) for entry in feed.findall("a:entry", NS)] for feed in (before, after)]
    assert ids[0] == ids[1]


def test_what_noise_control_keeps_back_is_in_no_feed(desk: Desk) -> None:
    whole = ET.fromstring(desk.call("rule", "feed", "fhm").out)
    desk.sql("UPDATE match SET suppressed = 'not the first' WHERE rule_id = (SELECT id FROM rule WHERE slug = 'fhm')"
             " AND id % 2 = 0")  # fmt: skip
    rest = ET.fromstring(desk.call("rule", "feed", "fhm").out)
    assert 0 < len(rest.findall("a:entry", NS)) < len(whole.findall("a:entry", NS))


def test_no_such_rule_and_no_such_folder(desk: Desk) -> None:
    assert "there is no rule 'nothing'" in desk.call("rule", "feed", "nothing").err
    assert desk.call("rule", "feed", "fhm", "--output", desk.root / "absent" / "feed.xml").code == 1


SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
HOOK = (
    '[[webhook]]\nslug = "archive"\nurl = "http://127.0.0.1:{port}/hook"\nsecret_env = "HOOK"\nallow_networks = ["127.0.0.0/8"]\n'
)


class Receiver(BaseHTTPRequestHandler):
    """Takes events, or answers 500 when it is told so."""

    refuses = False

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(500 if self.refuses else 204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_channel_is_applied_tried_switched_on_and_replayed(desk: Desk, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    (desk.config / "channels.toml").write_text(HOOK.format(port=port), "utf-8")
    desk.env["HOOK"] = SECRET
    assert "not applied" in desk.call("channel", "list").out
    assert "channel archive" in desk.call("apply").out
    assert "not tried yet: 0 waiting, 0 sent, 0 given up" in desk.call("channel", "list").out
    assert desk.call("channel", "test", "archive").out == "archive: taken (204).\n"
    monkeypatch.setattr(Receiver, "refuses", True)
    refused = desk.call("channel", "test", "archive")
    assert (refused.code, refused.err) == (1, "aggregator: archive: 500\n")
    assert desk.sql("SELECT count(*) FROM channel_event") == [(0,)]

    values = "channel_id, key, event_id, type, body, state, attempts, created_at, due_at, code, detail"
    for key, state in (("a", "failed"), ("b", "due"), ("c", "sent"), ("d", "skipped")):
        now = datetime.now(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
        desk.sql(f"INSERT INTO channel_event ({values}) SELECT id, ?, ?, 't', '{{}}', ?, 1, ?, ?, 500, 'said' FROM channel",
                 key, key, state, now, now)  # fmt: skip
    desk.sql("UPDATE channel SET disabled_at = '2026-01-01 00:00:00.000000', disabled = 'it wants no more'")
    listed = desk.call("channel", "list").out
    assert "switched off: 1 waiting, 1 sent, 1 given up" in listed
    assert "switched off 2026-01-01 00:00 UTC: it wants no more" in listed
    assert SECRET not in listed
    assert "1 event will be sent" in desk.call("channel", "enable", "archive").out
    assert "2 events will be sent again" in desk.call("channel", "replay", "archive").out
    assert "1 event will be sent again" in desk.call("channel", "replay", "archive", "--all").out
    (record,) = desk.call("channel", "list", "--json").records
    assert (record["waiting"], record["state"], record["url"]) == (4, "not tried yet", f"http://127.0.0.1:{port}/hook")

    (desk.config / "channels.toml").unlink()
    assert "channel archive" in desk.call("apply").out
    assert "taken away" in desk.call("channel", "list").out


def test_a_channel_that_is_not_there(desk: Desk) -> None:
    for command in ("test", "enable", "replay"):
        done = desk.call("channel", command, "nothing")
        assert done.code == 1
        assert "there is no channel 'nothing'" in done.err
