"""``rule mark`` and ``rule suggest``: from an analyst's judgements to a better query."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from aggregator.cli.archive import Json
from aggregator.cli.options import Call, instant
from aggregator.cli.printing import counted, json_line, printable
from aggregator.cli.trying import tried
from aggregator.errors import NotFound
from aggregator.pipeline.suggesting import Adviser, Part, Proof, Suggestion
from aggregator.store import Store, rules
from aggregator.store.articles import articles_by_id
from aggregator.store.search import document

_LINE = re.compile(r"(good|bad)\s+#?(\d+)\s*(?:#.*)?")


class Verdict(StrEnum):
    """What an analyst says of a rule and an article."""

    GOOD = "good"
    BAD = "bad"
    NONE = "none"


def mark(
    context: typer.Context,
    rule: Annotated[str, typer.Argument(help="The slug of a rule.")],
    article: Annotated[int, typer.Argument(help="The number of an article.")],
    verdict: Annotated[
        Verdict, typer.Argument(help="good: the rule should find it; bad: it should not; none: no longer marked.")
    ],
) -> None:
    """Note whether a rule should find an article, for `rule suggest`."""
    call: Call = context.obj
    _, store = call.opened()
    with store:
        good = None if verdict is Verdict.NONE else verdict is Verdict.GOOD
        store.write_now(rules.mark, rule, article, good, datetime.now(UTC))
        known = list(store.read_now(rules.marks, rule).values())
    typer.echo(f"{rule}: {sum(known)} marked good, {len(known) - sum(known)} bad.")


def suggest(
    context: typer.Context,
    rule: Annotated[str, typer.Argument(help="A rule's slug, a version (slug@3), or a query.")],
    hit: Annotated[list[int] | None, typer.Option(help="An article that it should find; may be repeated.")] = None,
    miss: Annotated[list[int] | None, typer.Option(help="An article that it should not find; may be repeated.")] = None,
    file: Annotated[Path | None, typer.Option(help='Marks from a file: lines such as "good 52" and "bad 17".')] = None,
    since: Annotated[str, typer.Option(help="Try it on the archive since then: 90d, 12h, or a date.")] = "90d",
    as_json: Json = False,
) -> None:
    """What to add to a rule or exclude from it, from marked articles; proved by a back-test, and honest if there is nothing.

    The marks of `rule mark` count, too.
    """
    call: Call = context.obj
    begin = instant(since, datetime.now(UTC))
    config, store = call.opened()
    with store:
        what = tried(store, config, rule)
        marks = (store.read_now(rules.marks, what.rule.slug) if what.rule.slug else {}) | (_read(file) if file else {})
        marks |= dict.fromkeys(hit or (), True) | dict.fromkeys(miss or (), False)
        if both := set(hit or ()) & set(miss or ()):
            raise typer.BadParameter(f"article {min(both)} is a hit and a miss")
        if not marks:
            raise typer.BadParameter("no article is marked: use --hit and --miss, --file, or `aggregator rule mark`")
        good, bad = (_documents(store, (id_ for id_, is_good in marks.items() if is_good is side)) for side in (True, False))
        found = Adviser(store, what.rule, what.entities, good, bad, begin).suggest()
    if as_json:
        typer.echo(json_line(_record(found, len(good), len(bad))))
        return
    _show(found, len(good), len(bad), since)


def _documents(store: Store, ids: Iterable[int]) -> dict[int, Any]:
    wanted = list(ids)
    found = store.read_now(articles_by_id, wanted)
    if missing := [id_ for id_ in wanted if id_ not in found]:
        raise NotFound(f"there is no article {missing[0]}")
    return {id_: document(found[id_]) for id_ in wanted}


def _read(file: Path) -> dict[int, bool]:
    marks = {}
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if not found:
            raise typer.BadParameter(f'{file}:{number}: write "good" or "bad" and the number of an article, as in: good 52')
        marks[int(found[2])] = found[1] == "good"
    return marks


def _show(found: Suggestion, hits: int, misses: int, since: str) -> None:
    before, after = found.before, found.after
    missed = counted(misses, "miss", "misses")
    typer.echo(f"now it finds {len(before.hits)} of {counted(hits, 'hit')} and {len(before.misses)} of {missed}.")
    for part in found.additions:
        typer.echo(
            f"add {printable(part.query)}: in {counted(len(part.hits), 'hit')} that it does not find, in no miss,{_breadth(part)}"
        )
    for part in found.exclusions:
        gone = counted(len(part.misses), "miss", "misses")
        typer.echo(f"exclude {printable(part.query)}: in {gone} that it finds, in no hit,{_breadth(part)}")
    for reason in found.why:
        typer.echo(f"{'nothing to suggest' if not found.query else 'not mended'}: {reason}.")
    if not found.query:
        return
    typer.echo(f"\n{printable(found.query)}\n" if "\n" not in found.query else f"\n{found.query}\n")
    come, go = len(after.others - before.others), len(before.others - after.others)
    typer.echo(
        f"tried since {since}: it finds {len(after.hits)} of {counted(hits, 'hit')} and {len(after.misses)} of"
        f" {missed}; {counted(come, 'other article')} would come, {go} would go."
    )


def _breadth(part: Part) -> str:
    return f" in {part.archive:,} of {counted(part.size, 'article')} altogether (log-likelihood {part.score:.1f})"


def _record(found: Suggestion, hits: int, misses: int) -> dict[str, Any]:
    def proof(one: Proof) -> dict[str, Any]:
        return {"hits": sorted(one.hits), "misses": sorted(one.misses), "others": len(one.others)}

    def part(one: Part) -> dict[str, Any]:
        return asdict(one) | {"hits": sorted(one.hits), "misses": sorted(one.misses)}

    return {
        "query": found.query, "why": found.why, "marked": {"hits": hits, "misses": misses},
        "before": proof(found.before), "after": proof(found.after),
        "come": len(found.after.others - found.before.others), "go": len(found.before.others - found.after.others),
        "additions": [part(one) for one in found.additions], "exclusions": [part(one) for one in found.exclusions],
    }  # fmt: skip
