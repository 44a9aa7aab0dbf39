"""``check``, ``apply`` and reloads with examples; ``rule list`` and ``rule show``."""

from __future__ import annotations

import re
import signal
from typing import Any

import pytest

Desk = Any

BERTHS = """
[[rule]]
slug = "berths"
query = "@kelvaris berth* # where ships lie"
should_match = ["Kelvaris lets the berths", {title = "Kelvaris", text = "a new quay"}]
"""
GOOD = BERTHS.replace('text = "a new quay"', 'text = "a new berth"')


def test_check_names_file_line_rule_and_what_was_missing(desk: Desk) -> None:
    desk.edit("rules.toml", more=BERTHS)
    line = (desk.config / "rules.toml").read_text("utf-8").splitlines().index(BERTHS.splitlines()[-1]) + 1
    done = desk.call("check")
    assert (done.code, done.out) == (2, "")
    place = f'demo-output/config/rules.toml:{line}: rule["berths"].should_match[2]'
    assert done.err.endswith(f"\n{place}: the rule does not find “Kelvaris a new quay”\n    berth* stands nowhere\n")
    desk.edit("rules.toml", ("a new quay", "a new berth"))
    assert desk.call("check").code == 0


def test_apply_holds_the_rule_and_does_the_rest(desk: Desk) -> None:
    desk.edit("rules.toml", more=BERTHS)
    desk.edit("recipients.toml", more='\n[[recipient]]\nslug = "night"\naddress = "night@newsdesk.example"\n')
    done = desk.call("apply")
    assert (done.code, done.out) == (1, "+ recipient night\nchanged: 1 added.\n")
    assert "should_match[2]: the rule does not find" in done.err
    assert done.err.endswith('rule "berths": it is not in force\n')
    assert desk.sql("SELECT count(*) FROM rule WHERE slug = 'berths'") == [(0,)]
    assert "berths" in next(line for line in desk.call("rule", "list").out.splitlines() if " held, no version" in line)
    desk.edit("rules.toml", ("a new quay", "a new berth"))
    assert desk.call("apply").code == 0
    desk.edit("rules.toml", ("berth* #", "quay* #"))
    done = desk.call("apply")
    assert (done.code, done.out) == (1, "Nothing to change: the store agrees with the files.\n")
    assert done.err.endswith('rule "berths": version 1 stays in force\n')
    assert desk.sql("SELECT json_extract(spec, '$.query') FROM rule WHERE slug = 'berths'") == [
        ("@kelvaris berth* # where ships lie",)
    ]


@pytest.mark.usefixtures("outlets")
def test_a_reload_says_which_version_stays(desk: Desk) -> None:
    desk.edit("rules.toml", more=GOOD)
    service = desk.start("-v", "run")
    service.until("ready")
    desk.edit("rules.toml", ("berth* #", "quay* #"))
    service.send(signal.SIGHUP)
    held = service.until("rule.held", rule="berths")
    assert (held["level"], held["stays"]) == ("error", "version 1 stays in force")
    assert 'rule["berths"].should_match[1]' in held["error"]
    assert "quay* stands nowhere" in held["error"]
    assert service.until("config.reloaded")["changes"] == 0
    assert service.end().code == 0


def test_rule_list_tells_what_each_found(desk: Desk) -> None:
    text, records = desk.call("rule", "list"), desk.call("rule", "list", "--json").records
    found = dict(desk.sql("SELECT rule.slug, count(*) FROM match JOIN rule ON rule.id = rule_id GROUP BY 1"))
    assert {record["slug"]: record["matches"] for record in records if record["matches"]} == found
    assert {record["state"] for record in records} == {"in force"}
    assert text.out.endswith(f"\n{len(records)} rules.\n")
    (line,) = [line for line in text.out.splitlines() if line.startswith("port-strike ")]
    assert re.match(rf"port-strike +in force, version 1, now: {found['port-strike']} matches, the last \d{{4}}-.* UTC$", line)


def test_rule_show_tells_versions_examples_and_hits_per_day(desk: Desk) -> None:
    desk.edit("rules.toml", more=GOOD)
    desk.edit("entities.toml", ('["Irena Kelvaris"', '["Irene Kelvaris", "Irena Kelvaris"'))
    assert desk.call("apply").code == 0
    shown = desk.call("rule", "show", "berths")
    assert shown.out.startswith("berths ")
    assert "\n      @kelvaris berth* # where ships lie\n" in shown.out
    assert "\n  2 examples, 0 failing\n" in shown.out
    assert re.search(r"^  version 1, since .*, 0 matches: @kelvaris berth\*", shown.out, re.MULTILINE)
    assert re.search(r"^      @kelvaris: Irene Kelvaris, Irena Kelvaris", shown.out, re.MULTILINE)
    desk.edit("rules.toml", ("berth* #", "AND OR #"))
    desk.edit("rules.toml", ("AND OR #", "(berth* OR pier) #"))
    desk.call("apply")
    record = desk.call("rule", "show", "berths", "--json").records[0]
    assert [(version["number"], version["spec"]["query"]) for version in record["versions"]] == [
        (1, "@kelvaris berth* # where ships lie"),
        (2, "@kelvaris (berth* OR pier) # where ships lie"),
    ]
    assert len(record["hits"]) == 14
    desk.edit("rules.toml", ("a new berth", "a new shed"))
    failing = desk.call("rule", "show", "berths")
    assert " held, version 2" in failing.out
    assert "\n  2 examples, 1 failing\n    demo-output/config/rules.toml:" in failing.out
    assert desk.call("rule", "show", "bertsh").code == 1


def test_hits_per_day_are_those_of_the_store(desk: Desk) -> None:
    newest = "SELECT max(match.id) FROM match JOIN rule ON rule.id = rule_id WHERE slug = 'port-strike'"
    desk.sql(f"UPDATE match SET suppressed = 'x' WHERE id = ({newest})")
    record = desk.call("rule", "show", "port-strike", "--json").records[0]
    told, back = (sum(counts[place] for counts in record["hits"].values()) for place in (0, 1))
    assert (told + back, back) == (record["matches"], 1)
    assert "(+1 kept back)" in desk.call("rule", "show", "port-strike").out


def test_an_article_names_the_version_the_leaf_and_the_alias(desk: Desk) -> None:
    ((article,),) = desk.sql(
        "SELECT article_id FROM match JOIN rule ON rule.id = rule_id WHERE aliases LIKE '%Kelvaris%' LIMIT 1"
    )
    record = desk.call("article", "show", str(article), "--json").records[0]
    match = next(match for match in record["matches"] if match["leaves"].get("@kelvaris"))
    assert (match["version"], match["suppressed"]) == (1, "")
    alias = match["leaves"]["@kelvaris"][0]
    text = " ".join(desk.call("article", "show", str(article)).out.split())
    assert re.search(rf"{match['rule']}@1; by [^;]*@kelvaris \([^)]*{alias}", text)
