"""``rule``: what the rules are, what they find and why, and trying others."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from aggregator.cli import advising, formatting, syndicating, trying
from aggregator.cli.archive import Json
from aggregator.cli.options import Call
from aggregator.cli.printing import counted, json_line, printable, utc
from aggregator.config.settings import Config
from aggregator.errors import NotFound
from aggregator.model.rule import RuleSpec
from aggregator.rules import compile_query
from aggregator.store import rules
from aggregator.store.rules import RuleVersion, Standing

app = typer.Typer(help="Rules: what they find and why, and trying others.", no_args_is_help=True)

Rule = Annotated[str, typer.Argument(help="The slug of a rule.")]
DAYS = 14
"""Days of hits that ``rule show`` tells."""


@app.command("list")
def list_(context: typer.Context, as_json: Json = False) -> None:
    """Every rule: whether it is in force, its version, how much it has found and when last."""
    call: Call = context.obj
    config, store = call.opened()
    with store:
        known = {standing.slug: standing for standing in store.read_now(rules.standings)}
    written = {rule.slug: rule for rule in (*config.rules, *(each.rule for each in config.held))}
    for slug in [*written, *(slug for slug in known if slug not in written)]:
        record = _record(slug, written.get(slug), known.get(slug), config)
        typer.echo(json_line(record) if as_json else _line(record))
    if not as_json:
        typer.echo(f"{counted(len(written), 'rule')}.")


@app.command("show")
def show_(context: typer.Context, rule: Rule, as_json: Json = False) -> None:
    """A rule with its versions, the remarks on its query, the state of its examples, and its hits per day."""
    call: Call = context.obj
    config, store = call.opened()
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [(today - timedelta(days=back), today - timedelta(days=back - 1)) for back in range(DAYS - 1, -1, -1)]
    written = {spec.slug: spec for spec in (*config.rules, *(each.rule for each in config.held))}.get(rule)
    with store:
        standing = {standing.slug: standing for standing in store.read_now(rules.standings)}.get(rule)
        if written is None and standing is None:
            raise NotFound(f"there is no rule {rule!r}: `aggregator rule list` names them")
        versions = store.read_now(rules.versions, rule) if standing else []
        by_version = store.read_now(rules.hits_by_version, rule)
        hits = store.read_now(rules.hits_per_day, rule, days)
    record = _record(rule, written, standing, config)
    per_day = {f"{start:%Y-%m-%d}": found for (start, _), found in zip(days, hits, strict=True)}
    spec = written or versions[-1].spec
    remarks = _remarks(spec, config) if written else []
    failures = [str(error) for each in config.held if each.rule.slug == rule for error in each.errors]
    if as_json:
        told = [_version_record(version, by_version) for version in versions]
        more = {"remarks": remarks, "failures": failures, "versions": told, "hits": {day: list(n) for day, n in per_day.items()}}
        typer.echo(json_line(record | {"query": spec.query} | more))
        return
    typer.echo(_line(record))
    typer.echo("".join(f"      {printable(line)}\n" for line in spec.query.strip().splitlines()), nl=False)
    for line in (*_noise(spec), *(f"remark: {remark}" for remark in remarks), *_examples(spec, failures)):
        typer.echo(f"  {printable(line)}")
    for line in failures:
        typer.echo("\n".join(f"    {printable(part)}" for part in line.splitlines()))
    _show_versions(versions, by_version)
    trying.chart(per_day)


def _record(slug: str, spec: RuleSpec | None, standing: Standing | None, config: Config) -> dict[str, Any]:
    applied = standing is not None and not standing.removed
    if spec is None:
        state = "removed" if standing is None or standing.removed else "no longer written"
    elif slug in {each.rule.slug for each in config.held}:
        state = "held"
    elif not applied:
        state = "not applied"
    else:
        state = "in force" if spec.enabled else "sleeps"
    last = standing.last_match_at if standing else None
    return {
        "slug": slug,
        "name": spec.name if spec else slug,
        "state": state,
        "version": standing.version if standing else None,
        "lane": spec.lane.value if spec else None,
        "matches": standing.matches if standing else 0,
        "last_match_at": last.isoformat() if last else None,
    }


def _line(record: dict[str, Any]) -> str:
    version = f"version {record['version']}" if record["version"] else "no version"
    last = record["last_match_at"]
    found = counted(record["matches"], "match", "matches") + (f", the last {utc(datetime.fromisoformat(last))}" if last else "")
    return f"{record['slug']:24} {record['state']}, {version}, {record['lane'] or '-'}: {found}"


def _remarks(spec: RuleSpec, config: Config) -> list[str]:
    warnings = compile_query(spec.query, {entity.slug: entity for entity in config.entities}).warnings
    return [f"column {warning.column}: {warning.message}{f' ({warning.hint})' if warning.hint else ''}" for warning in warnings]


def _noise(spec: RuleSpec) -> list[str]:
    lines = [f"at least {spec.min_words} words"] if spec.min_words else []
    lines += [f"without the sources {', '.join(spec.exclude_sources)}"] if spec.exclude_sources else []
    lines += [f"without the groups {', '.join(spec.exclude_groups)}"] if spec.exclude_groups else []
    return [*lines, "only the first article of a story is told"] if spec.first_of_story else lines


def _examples(spec: RuleSpec, failures: list[str]) -> list[str]:
    count = len(spec.should_match) + len(spec.should_not_match)
    if not count:
        return ["no examples"]
    return [f"{counted(count, 'example')}, " + ("not tried while it sleeps" if not spec.enabled else f"{len(failures)} failing")]


def _version_record(version: RuleVersion, by_version: dict[int, int]) -> dict[str, Any]:
    record = asdict(version) | {"applied_at": version.applied_at.isoformat(), "matches": by_version.get(version.number, 0)}
    return record | {"spec": {"query": version.spec.query, "lane": version.spec.lane.value}}


def _show_versions(versions: list[RuleVersion], by_version: dict[int, int]) -> None:
    for version in reversed(versions):
        matches = counted(by_version.get(version.number, 0), "match", "matches")
        typer.echo(f"  version {version.number}, since {utc(version.applied_at)}, {matches}: {_short(version.spec.query)}")
        for slug, names in (version.aliases or {}).items():
            typer.echo(f"      @{slug}: {printable(', '.join(names))}")


def _short(query: str) -> str:
    text = printable(" ".join(query.split()))
    return text if len(text) <= 100 else f"{text[:99]}…"


app.command("fmt")(formatting.fmt)
app.command("test")(trying.try_rule)
app.command("diff")(trying.diff)
app.command("explain")(trying.explain_)
app.command("mark")(advising.mark)
app.command("suggest")(advising.suggest)
app.command("feed")(syndicating.feed)
