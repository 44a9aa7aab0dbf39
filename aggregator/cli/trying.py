"""``rule test``, ``diff`` and ``explain``: rules, versions and queries put to the archive."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from aggregator.cli.archive import Json, Limit, compiled_with_warnings, marked, show
from aggregator.cli.options import Call, instant
from aggregator.cli.printing import counted, json_line, printable, utc
from aggregator.config.settings import Config
from aggregator.errors import NotFound
from aggregator.model.article import Article
from aggregator.model.rule import Entity, Lane, RuleSpec
from aggregator.pipeline.backtest import WouldHaveSent, would_have_sent
from aggregator.pipeline.versions import frozen
from aggregator.rules import Finding, compile_query, explain, reasons, with_noise_control
from aggregator.store import Store, records, rules
from aggregator.store.articles import articles_by_id
from aggregator.store.backtests import Hit, backtest
from aggregator.store.search import document
from aggregator.text import snippets

Since = Annotated[str, typer.Option(help="How far back: 30d, 12h, or a date.")]
MOST_DAYS = 400
"""Days of a chart; of more only those with hits are shown."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A rule to be tried, with the entities of its time; ``rule.slug`` is "" for a query."""

    name: str
    rule: RuleSpec
    entities: dict[str, Entity]


def tried(store: Store, config: Config, words: str, lane: Lane | None = None) -> Tried:
    """What a slug, a version (``slug@3``) or a query means. Raises NotFound for a version that is not kept."""
    entities = {entity.slug: entity for entity in config.entities}
    written = {rule.slug: rule for rule in (*config.rules, *(each.rule for each in config.held))}
    slug, _, number = words.strip().partition("@")
    if slug in written and not number:
        rule = written[slug]
        return Tried(slug, replace(rule, lane=lane or rule.lane), entities)
    if slug and number.isdecimal() and " " not in slug:
        kept = store.read_now(rules.versions, slug)
        for version in kept:
            if version.number == int(number):
                rule, own = frozen(version)
                return Tried(words.strip(), replace(rule, lane=lane or rule.lane), entities | {each.slug: each for each in own})
        raise NotFound(f"of rule {slug!r} the versions {', '.join(str(version.number) for version in kept)} are kept")
    return Tried("the query", RuleSpec("", "", words, lane or Lane.NOW), entities)


def hits_of(store: Store, what: Tried, since: datetime | None, until: datetime | None = None) -> list[Hit]:
    """Everything that a rule would have found."""
    return store.read_now(backtest, compile_query(what.rule.query, what.entities), since, until, what.rule)


def try_rule(
    context: typer.Context,
    rule: Annotated[str, typer.Argument(help="The slug of a rule, a version (slug@3), or a query.")] = "",
    since: Since = "30d",
    limit: Limit = 10,
    file: Annotated[Path | None, typer.Option(help="Read the query from a file; - is the standard input.")] = None,
    lane: Annotated[Lane | None, typer.Option(help="As if its lane were this one (a query's is now).")] = None,
    as_json: Json = False,
) -> None:
    """Run a rule or a query over the archive: hits per day and per source, the newest with their hits marked, and its mails."""
    call: Call = context.obj
    if bool(rule) == (file is not None):
        raise typer.BadParameter("name a rule, or write a query, or give --file")
    words = rule if file is None else sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    now = datetime.now(UTC)
    begin = instant(since, now)
    config, store = call.opened()
    with store:
        what = tried(store, config, words, lane)
        compiled = compiled_with_warnings(what.rule.query, what.entities)
        found = hits_of(store, what, begin)
        newest = sorted(found, key=lambda hit: (hit.shown_at, hit.article_id), reverse=True)[:limit]
        articles = store.read_now(articles_by_id, [hit.article_id for hit in newest])
    told = [hit for hit in found if not hit.suppressed]
    days = per_day(found, begin, now)
    sources = Counter(hit.source for hit in found)
    mails = would_have_sent(what.rule, found, config)
    if as_json:
        samples = [_sample(articles[hit.article_id], hit) for hit in newest]
        record = {"rule": what.rule.slug, "query": what.rule.query, "since": begin.isoformat(), "articles": len(found)}
        record |= {"kept_back": len(found) - len(told), "days": {day: list(n) for day, n in days.items()}}
        record |= {"sources": dict(sources.most_common()), "alert_mails": mails.alerts, "digests": mails.digests}
        typer.echo(json_line(record | {"samples": samples}))
        return
    chart(days)
    typer.echo("by source: " + (", ".join(f"{slug} {count}" for slug, count in sources.most_common()) or "none") + "\n")
    for hit in newest:
        match = compiled.match(document(articles[hit.article_id]), hit.first_seen_at)
        if match is not None:
            show(articles[hit.article_id], match)
        if hit.suppressed:
            typer.echo(f"  {hit.suppressed}\n")
    typer.echo(_would(what.rule, mails))
    typer.echo(f"{len(found)} article{'s' * (len(found) != 1)} since {since}.")


def per_day(hits: Sequence[Hit], since: datetime, until: datetime) -> dict[str, tuple[int, int]]:
    """Hits per day of publication (UTC), those without any included: what is told, and what is kept back."""
    told = Counter(f"{hit.shown_at:%Y-%m-%d}" for hit in hits if not hit.suppressed)
    back = Counter(f"{hit.shown_at:%Y-%m-%d}" for hit in hits if hit.suppressed)
    count = (until.date() - since.date()).days + 1
    days = {f"{since.date() + timedelta(days=day):%Y-%m-%d}" for day in range(count)} if count <= MOST_DAYS else set()
    return {day: (told[day], back[day]) for day in sorted(days | told.keys() | back.keys())} if hits else {}


def chart(days: dict[str, tuple[int, int]]) -> None:
    """Hits per day, empty days included: what is told as bars, what is kept back as a number beside them."""
    most = max((told for told, _ in days.values()), default=0) or 1
    for day, (told, back) in days.items():
        bar = f" {'█' * max(1, round(30 * told / most))}" if told else ""
        typer.echo(f"{day} {told:5d}{bar}" + (f" (+{back} kept back)" if back else ""))


def _would(rule: RuleSpec, mails: WouldHaveSent) -> str:
    if not mails.alerts and not mails.digests:
        return "would have sent no mail: nobody follows it." if not rule.slug else "would have sent no mail."
    total = sum(mails.alerts.values())
    alerts = counted(total, "alert mail") + (f" ({', '.join(f'{who} {n}' for who, n in mails.alerts.items())})" if total else "")
    told = sum(mails.digests.values())
    digests = counted(told, "digest") + (f" ({', '.join(f'{who} {n}' for who, n in mails.digests.items())})" if told else "")
    return f"would have sent {alerts}, and stood in {digests}."


def _sample(article: Article, hit: Hit) -> dict[str, Any]:
    at = hit.shown_at.isoformat()
    record = {"id": article.id, "title": article.title, "url": article.url, "source": article.source_slug, "shown_at": at}
    return record | {"suppressed": hit.suppressed}


def diff(
    context: typer.Context,
    old: Annotated[str, typer.Argument(help="A rule's slug, a version (slug@3), or a query.")],
    new: Annotated[str, typer.Argument(help="A rule's slug, a version (slug@3), or a query.")],
    since: Since = "30d",
    limit: Limit = 10,
    as_json: Json = False,
) -> None:
    """What NEW would find and OLD does not, and the reverse; each article with the leaf that decides."""
    call: Call = context.obj
    begin = instant(since, datetime.now(UTC))
    config, store = call.opened()
    with store:
        before, after = tried(store, config, old), tried(store, config, new)
        olds, news = ({hit.article_id: hit for hit in hits_of(store, each, begin)} for each in (before, after))
        is_told = [{id_ for id_, hit in hits.items() if not hit.suppressed} for hits in (olds, news)]
        gained, lost = sorted(is_told[1] - is_told[0], reverse=True), sorted(is_told[0] - is_told[1], reverse=True)
        shown = [*gained[:limit], *lost[:limit]]
        articles = store.read_now(articles_by_id, shown)
    records_: list[dict[str, Any]] = []
    for verb, ids, without, hits in (("gained", gained, before, olds), ("lost", lost, after, news)):
        for id_ in ids[:limit]:
            kept_back = [hits[id_].suppressed] if id_ in hits else []
            why = kept_back or reasons(tree_of(without, articles[id_]))
            records_.append({"change": verb, "id": id_, "title": articles[id_].title, "url": articles[id_].url, "why": why})
    kept = len(is_told[0] & is_told[1])
    if as_json:
        for record in records_:
            typer.echo(json_line(record))
        typer.echo(json_line({"gained": len(gained), "lost": len(lost), "kept": kept}))
        return
    for record in records_:
        sign = typer.style("+", fg="green") if record["change"] == "gained" else typer.style("-", fg="red")
        of = "OLD" if record["change"] == "gained" else "NEW"
        typer.echo(f"{sign} #{record['id']}  {printable(record['title'])}")
        typer.echo(f"    {of}: {printable('; '.join(record['why']))}")
    typer.echo(f"{len(gained)} gained, {len(lost)} lost, {kept} in both, since {since}.")


def tree_of(what: Tried, article: Article) -> Finding:
    """What each part of a rule finds in an article as it stands."""
    return explain(with_noise_control(what.rule).query, what.entities, document(article), article.first_seen_at)


def explain_(
    context: typer.Context,
    article: Annotated[int, typer.Argument(help="The number of an article.")],
    rule: Annotated[str, typer.Argument(help="A rule's slug, a version (slug@3), or a query.")],
    as_json: Json = False,
) -> None:
    """Why a rule finds an article, or does not: its tree, with what each part found by itself and which failed."""
    call: Call = context.obj
    config, store = call.opened()
    with store:
        what = tried(store, config, rule)
        record = store.read_now(records.record, article)
        found = store.read_now(articles_by_id, [article])[article]
    tree = tree_of(what, found)
    stored = [match for match in record.matches if match.rule == what.rule.slug]
    if as_json:
        kept = [{"version": match.version, "at": match.at.isoformat(), "suppressed": match.suppressed} for match in stored]
        told = {"id": article, "rule": what.rule.slug, "holds": tree.holds, "why": reasons(tree), "stored": kept}
        typer.echo(json_line(told | {"tree": asdict(tree)}))
        return
    typer.echo(f"#{article}  {printable(found.title)}")
    show_tree(tree, found, 0)
    typer.echo(f"{what.name} {'finds' if tree.holds else 'does not find'} it: {printable('; '.join(reasons(tree)))}")
    for match in stored:
        typer.echo(f"stored {utc(match.at)}, version {match.version}" + (f"; {match.suppressed}" if match.suppressed else ""))


def show_tree(finding: Finding, article: Article, depth: int) -> None:
    """Print what each part of a rule found, with the places, from ``depth`` steps on the right."""
    sign = typer.style("✓", fg="green") if finding.holds else typer.style("✗", fg="red")
    detail = f": {finding.detail}" if finding.detail else ""
    places = f"  ({counted(len(finding.spans), 'place')})" if finding.leaf and finding.spans else ""
    typer.echo(f"{'  ' * depth}{sign} {printable(finding.words + detail)}{places}")
    for part in finding.parts:
        show_tree(part, article, depth + 1)
    if not finding.leaf:
        return
    for field, text in (("title", article.title), ("body", article.text), ("author", ", ".join(article.authors))):
        spans = [(span.start, span.end) for span in finding.spans if span.field == field]
        for snippet in snippets(text, spans, width=100, most=1) if spans else ():
            typer.echo(f"{'  ' * depth}    {field}: {marked(snippet)}")
