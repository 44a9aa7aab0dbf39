"""``rule test``, ``rule diff`` and ``rule explain``."""

from __future__ import annotations

import re
from statistics import median
from typing import Any

import pytest

Desk = Any


def ids(desk: Desk, query: str) -> set[int]:
    return {record["id"] for record in desk.call("search", query, "--json", "--limit", "1000").results}


def test_a_rule_of_the_files_finds_what_the_service_found(desk: Desk) -> None:
    (record,) = desk.call("rule", "test", "port-strike", "--json", "--limit", "1000").records
    stored = {
        id_ for (id_,) in desk.sql("SELECT article_id FROM match JOIN rule ON rule.id = rule_id WHERE slug = 'port-strike'")
    }
    assert {sample["id"] for sample in record["samples"]} == stored
    assert record["articles"] == len(stored) == sum(told + back for told, back in record["days"].values())
    by_source = desk.sql(
        "SELECT source.slug, count(*) FROM match JOIN rule ON rule.id = rule_id JOIN article ON article.id = article_id"
        " JOIN source ON source.id = source_id WHERE rule.slug = 'port-strike' GROUP BY 1"
    )
    assert record["sources"] == dict(by_source)
    days = sorted(record["days"])
    assert len(days) == 31, "days without a hit are shown, too"
    assert min(told for told, _ in record["days"].values()) == 0


def test_age_is_that_at_which_the_rule_would_have_met_the_article(desk: Desk) -> None:
    (record,) = desk.call("rule", "test", "strike age<30d", "--json", "--limit", "1000").records
    assert {sample["id"] for sample in record["samples"]} == ids(desk, "strike")
    assert "would have sent" in desk.call("rule", "test", "strike age<30d").out
    assert desk.call("rule", "test", "strike age>30d", "--json").records[0]["articles"] == 0


def test_it_would_have_sent_what_was_sent(desk: Desk) -> None:
    """The demo's alerts of one rule, by reader; other rules share some of those mails."""
    (record,) = desk.call("rule", "test", "port-strike", "--json").records
    alerts = "SELECT count(DISTINCT match.article_id) FROM alert JOIN match ON match.id = match_id JOIN rule ON rule.id = rule_id"
    texts = desk.sql(f"{alerts} WHERE slug = 'port-strike' AND state = 'sent'")[0][0]
    assert set(record["alert_mails"]) <= {slug for (slug,) in desk.sql("SELECT slug FROM recipient")}
    assert texts > 0
    assert all(0 < count <= texts for count in record["alert_mails"].values())
    assert desk.call("rule", "test", "port-strike", "--lane", "digest", "--json").records[0]["alert_mails"] == {}


def test_a_query_may_come_from_a_file(desk: Desk) -> None:
    (desk.root / "query.txt").write_text("Northgate # the company\nOR @kelvaris\n", "utf-8")
    from_file = desk.call("rule", "test", "--file", "query.txt", "--limit", "3")
    assert (from_file.code, from_file.out) == (0, desk.call("rule", "test", "Northgate OR @kelvaris", "--limit", "3").out)
    assert desk.call("rule", "test").code == 2
    assert desk.call("rule", "test", "x", "--file", "query.txt").code == 2
    assert desk.call("rule", "test", "--file", "nothing.txt").code == 1


@pytest.mark.parametrize(
    "noise",
    ["min_words = MANY", 'exclude_sources = ["varenia-wire"]', 'exclude_groups = ["state", "wire"]', "first_of_story = true"],
)
def test_noise_control_is_the_same_in_a_backtest_and_in_the_language(desk: Desk, noise: str) -> None:
    words = median(count for (count,) in desk.sql("SELECT words FROM article WHERE words > 0"))
    noise = noise.replace("MANY", str(int(words)))
    desk.edit("rules.toml", more=f"\n[[rule]]\nslug = \"crane\"\nquery = 'port OR harbour OR @fhm'\n{noise}\n")
    if "exclude_groups" in noise:
        groups = [group for (group,) in desk.sql("SELECT DISTINCT outlet_group FROM source WHERE outlet_group <> '' LIMIT 2")]
        desk.edit("rules.toml", ('["state", "wire"]', f'["{groups[0]}", "{groups[1]}"]'))
        noise = " ".join(f"-group:{group}" for group in groups)
    everything = ids(desk, "port OR harbour OR @fhm")
    done = desk.call("rule", "test", "crane", "--json", "--limit", "1000")
    assert done.code == 0, done.err
    samples = done.records[0]["samples"]
    found = {sample["id"] for sample in samples if not sample["suppressed"]}
    if "first_of_story" in noise:
        stories = dict(desk.sql("SELECT id, story_id FROM article"))
        firsts = {min(id_ for id_ in everything if stories[id_] == story) for story in {stories[id_] for id_ in everything}}
        assert (found, {sample["id"] for sample in samples}) == (firsts, everything)
        assert len(firsts) < len(everything)
        return
    extra = {
        f"min_words = {int(words)}": f"words>={int(words)}",
        'exclude_sources = ["varenia-wire"]': "-source:varenia-wire",
    }.get(noise, noise)
    assert found == ids(desk, f"(port OR harbour OR @fhm) {extra}")
    assert 0 < len(found) < len(everything)


def test_diff_names_what_is_gained_and_lost_and_the_leaf_that_decides(desk: Desk) -> None:
    old, new = "port strike", "port NEAR/5 (strike OR walkout)"
    gained, lost = ids(desk, new) - ids(desk, old), ids(desk, old) - ids(desk, new)
    records = desk.call("rule", "diff", old, new, "--json", "--limit", "100").records
    assert {record["id"] for record in records[:-1] if record["change"] == "gained"} == gained
    assert {record["id"] for record in records[:-1] if record["change"] == "lost"} == lost
    assert records[-1] == {"gained": len(gained), "lost": len(lost), "kept": len(ids(desk, old) & ids(desk, new))}
    assert lost
    assert all("NEAR/5" in record["why"][0] for record in records[:-1] if record["change"] == "lost")
    text = desk.call("rule", "diff", old, new)
    assert (text.code, text.out.splitlines()[-1]) == (
        0, f"{len(gained)} gained, {len(lost)} lost, {records[-1]['kept']} in both, since 30d.",
    )  # fmt: skip
    assert re.search(r"^- #\d+  .*\n    NEW: NEAR/5 of port and \(strike OR walkout\): ", text.out, re.MULTILINE)


def test_diff_takes_rules_and_their_versions(desk: Desk) -> None:
    desk.edit("rules.toml", more="\n[[rule]]\nslug = \"crane\"\nquery = 'port strike'\n")
    assert desk.call("apply").code == 0
    desk.edit("rules.toml", ("'port strike'", "'port -strike'"))
    assert desk.call("apply").code == 0
    both = desk.call("rule", "diff", "crane@1", "crane", "--json").records[-1]
    assert both == {"gained": len(ids(desk, "port -strike")), "lost": len(ids(desk, "port strike")), "kept": 0}
    assert desk.call("rule", "diff", "crane@2", "crane", "--json").records[-1]["gained"] == 0
    done = desk.call("rule", "diff", "crane@7", "crane")
    assert (done.code, done.err) == (1, "aggregator: of rule 'crane' the versions 1, 2 are kept\n")


def test_explain_prints_the_tree_with_what_each_leaf_found(desk: Desk) -> None:
    article = min(ids(desk, "port strike") - ids(desk, "port NEAR/5 strike"))
    done = desk.call("rule", "explain", str(article), "(port NEAR/5 strike) lang:fa")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].startswith(f"#{article}  ")
    assert lines[1] == "✗ AND"
    assert re.match(r"  ✗ NEAR/5(: (words between them: |they never stand in one field)|$)", lines[2])
    assert any(re.match(r"    ✓ port  \(\d+ places?\)$", line) for line in lines)
    assert any(line.startswith("  ✗ lang:fa: the article has ") for line in lines)
    assert any(re.match(r"        (title|body): .*\bstrike\b", line, re.IGNORECASE) for line in lines)
    assert lines[-1].startswith("the query does not find it: NEAR/5 of port and strike: ")
    record = desk.call("rule", "explain", str(article), "(port NEAR/5 strike) lang:fa", "--json").records[0]
    assert (record["holds"], record["tree"]["words"], [part["holds"] for part in record["tree"]["parts"]]) == (
        False, "AND", [False, False],
    )  # fmt: skip


def test_explain_tells_of_the_stored_match(desk: Desk) -> None:
    ((article,),) = desk.sql("SELECT max(article_id) FROM match JOIN rule ON rule.id = rule_id WHERE slug = 'port-strike'")
    done = desk.call("rule", "explain", str(article), "port-strike")
    assert re.search(r"^port-strike finds it: ", done.out, re.MULTILINE)
    assert re.search(r"^stored \d{4}-\d\d-\d\d \d\d:\d\d UTC, version 1$", done.out, re.MULTILINE)
    missing = desk.call("rule", "explain", "999", "port-strike")
    assert (missing.code, missing.out) == (1, "")
