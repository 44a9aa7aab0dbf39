"""``subscription …`` and the digests of one: listed, shown as they were frozen, and sent once however often one asks."""

from __future__ import annotations

import re
from typing import Any

import pytest

Desk = Any


def test_each_reader_has_his_own_and_what_he_does_is_not_undone(desk: Desk) -> None:
    listed = desk.call("subscription", "list")
    assert (listed.code, listed.err) == (0, "")
    assert re.search(
        r"^tehran +reader@pezhvak\.example +digest +06:30 Asia/Tehran, Mon Tue Wed Sat Sun  active$", listed.out, re.MULTILINE
    )
    assert "3 subscriptions." in listed.out
    stopped = desk.call("subscription", "stop", "tehran", "--reason", "asked by phone")
    assert "`aggregator subscription resume tehran`" in stopped.out
    assert re.search(r"stopped \d{4}-\d\d-\d\d: asked by phone", desk.call("subscription", "list").out)
    applied = desk.call("apply")
    assert "Nothing to change" in applied.out
    assert "! subscription tehran was stopped on " in applied.out
    refused = desk.call("digest", "send", "tehran")
    assert refused.code == 1
    assert "'tehran' is stopped: no digest goes out" in refused.err
    assert desk.call("subscription", "resume", "tehran").out == "tehran: active.\n"
    assert "! " not in desk.call("apply").out
    assert "nothing is sent until" in desk.call("subscription", "pause", "tehran", "--days", "3").out
    assert re.search(r"tehran.*  paused until \d{4}-", desk.call("subscription", "list").out)
    absent = desk.call("subscription", "pause", "absent")
    assert (absent.code, "known: analyst, desk, tehran" in absent.err) == (2, True)


def test_a_mail_that_cannot_be_made_is_seen_wherever_one_looks(desk: Desk) -> None:
    desk.sql("UPDATE subscription SET failing_since = '2026-01-01 07:00:00.000000', failure = 'KeyError: 7' WHERE slug = 'desk'")
    told = "its mail cannot be made since 2026-01-01 07:00 UTC: KeyError: 7"
    assert f"active, and {told}" in desk.call("subscription", "list").out
    assert told in desk.call("subscription", "show", "desk").out
    doctor = desk.call("doctor", "mail", "--no-dns")
    assert (doctor.code, f"BAD  subscription desk: {told}" in doctor.out) == (1, True)
    assert desk.call("db", "stats", "--json").records[0]["unmade"] == 1


def test_one_is_shown_with_what_is_owed_and_its_last_digests(desk: Desk) -> None:
    desk.sql("UPDATE digest_item SET digest_id = NULL WHERE subscription_id = 1")
    shown = desk.call("subscription", "show", "desk")
    assert shown.code == 0
    facts = dict(re.findall(r"^  (\w[\w ]*?)  +(.+)$", shown.out, re.MULTILINE))
    assert facts["reader"] == "desk <desk@newsdesk.example>"
    assert facts["made by"] == "recipients.toml"
    assert re.fullmatch(r"\d\d matches", facts["owed"])
    assert re.fullmatch(r"\w{3} \d{4}-\d\d-\d\d \d\d:\d\d \(.* UTC\)", facts["next"])
    assert re.search(r"^ +\d+ \d{4}-\d\d-\d\d \d\d:\d\d  desk +sent .* \d\d articles in \d\d stories$", shown.out, re.MULTILINE)


def test_somebody_is_invited_and_counts_nothing_before_he_confirms(desk: Desk) -> None:
    invited = desk.call("subscription", "invite", "nora@example.org", "--rules", "*", "--at", "18:30", "--at", "08:00")
    assert invited.code == 0
    assert "set public_base_url" in invited.err, "the demo has no pages that readers could open"
    assert invited.out.startswith("nora-example-org-digest: 08:00 and 18:30 UTC, to nora@example.org; it waits for its reader")
    assert "waits for its reader" in desk.call("subscription", "list").out
    again = desk.call("subscription", "invite", "Nora@example.org", "--rules", "*", "--every", "weekly", "--day", "sun")
    assert again.out.startswith("nora-example-org-digest-2: 07:00 UTC, Sun, to nora@example.org"), "one reader, two subscriptions"
    assert "Nothing to change" in desk.call("apply").out, "the files say nothing of her"
    facts = desk.call("subscription", "show", "nora-example-org-digest").out
    assert re.search(r"made by +invitation", facts)
    assert desk.call("subscription", "resume", "nora-example-org-digest").code == 1
    wrong = desk.call("subscription", "invite", "nora@", "--rules", "absent", "--at", "7 pm")
    assert wrong.code == 2
    assert all(part in wrong.err for part in ("is not an e-mail address", '"absent" matches no rule', "is not a time of day"))


def test_a_digest_is_shown_as_it_was_frozen(desk: Desk) -> None:
    listed = desk.call("digest", "list", "desk")
    assert listed.out.endswith("1 digest.\n")
    number = listed.out.split()[0]
    (message,) = (path.read_bytes() for path in (desk.output / "mail").glob("*-digest-desk.eml"))
    html = next((desk.output / "mail").glob("*-digest-desk.html")).read_text()
    desk.sql("UPDATE article SET title = 'Rewritten'")
    assert desk.call("digest", "show", number, "--eml").out == message.decode()
    assert desk.call("digest", "show", number, "--html").out == html
    assert "Rewritten" not in desk.call("digest", "show", number, "--text").out
    items = desk.call("digest", "show", number, "--items").out
    ((owed,),) = desk.sql("SELECT count(*) FROM digest_item WHERE digest_id = ?", number)
    assert items.endswith(f"{owed} matches, 0 edits.\n")
    assert len(items.splitlines()) == owed + 1
    assert re.search(rf"holds +{owed} matches", desk.call("digest", "show", number).out)
    desk.sql("UPDATE delivery SET message = x''")
    gone = desk.call("digest", "show", number, "--eml")
    assert (gone.code, "no longer kept" in gone.err) == (1, True)
    assert desk.call("digest", "show", "999").code == 1
    assert desk.call("digest", "show", number, "--eml", "--html").code == 2


def test_the_digest_of_a_slot_is_sent_once_and_again_only_by_force(desk: Desk) -> None:
    ((day, at),) = desk.sql("SELECT slot_day, slot_time FROM digest WHERE subscription_id = 1")
    slot = f"{day}T{at[:8]}"
    mails = sorted((desk.output / "mail").glob("*-digest-desk.eml"))
    before = [path.read_bytes() for path in mails]
    done = desk.call("digest", "send", "--subscription", "desk", "--slot", slot)
    assert (done.code, "went out already; --force sends it again" in done.out) == (0, True)
    for path in mails:
        path.unlink()
    forced = desk.call("digest", "send", "--subscription", "desk", "--slot", slot, "--force")
    assert (forced.code, "articles in" in forced.out) == (0, True)
    assert [path.read_bytes() for path in sorted((desk.output / "mail").glob("*-digest-desk.eml"))] == before
    assert desk.sql("SELECT count(*) FROM digest WHERE subscription_id = 1") == [(1,)]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--subscription", "desk", "--slot", "2026"], 2, "is no slot such as"),
        (["--subscription", "desk", "--slot", "2099-01-01"], 2, "is due at 2099-01-01"),
        (["--subscription", "desk", "--slot", "2020-01-01T03:33"], 2, "its slots that day:"),
        (["--subscription", "desk", "--slot", "2020-01-01"], 1, "a later digest accounts for"),
        (["desk", "--subscription", "desk"], 2, "name one subscription"),
        (["desk", "--force"], 2, "--force goes with --slot"),
    ],
)
def test_a_slot_that_cannot_be_sent_says_why(desk: Desk, words: list[str], code: int, said: str) -> None:
    done = desk.call("digest", "send", *words)
    assert done.code == code
    assert said in " ".join(done.err.replace("│", " ").split())


def test_why_shows_how_far_each_rule_went_that_did_not_find_the_article(desk: Desk) -> None:
    told = desk.call("why", "desk", "1")
    assert told.code == 0
    missed = re.findall(r"^  not found by (\S+): .+\n    +\S", told.out, re.MULTILINE)
    (record,) = desk.call("why", "desk", "1", "--json").records
    assert missed == [each["rule"] for each in record["not_matched"]]
    assert missed
    assert all(each["why"] and each["tree"] for each in record["not_matched"])
