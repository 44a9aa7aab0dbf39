"""``why``: did somebody get an article, and how; or why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer

from aggregator.cli.archive import Json
from aggregator.cli.options import Call
from aggregator.cli.printing import json_line, plain, printable, utc
from aggregator.cli.trying import Tried, show_tree, tree_of, tried
from aggregator.config.settings import Config
from aggregator.model.article import Article
from aggregator.model.record import Found
from aggregator.rules import Finding, reasons
from aggregator.store import Store
from aggregator.store.articles import articles_by_id
from aggregator.store.tracing import AlertFate, ArticleLine, Delivered, DigestFate, MatchFate, Trace, trace


def why(
    context: typer.Context,
    recipient: Annotated[str, typer.Argument(help="The slug or the address of a recipient.")],
    article: Annotated[str, typer.Argument(help="The number of an article, or its address.")],
    as_json: Json = False,
) -> None:
    """Why somebody got an article, or did not, by the records: stored, matched, alerted, in which digest, accepted."""
    call: Call = context.obj
    config, store = call.opened()
    slug = next((person.slug for person in config.recipients if person.address == recipient), recipient)
    with store:
        found = store.read_now(trace, slug, int(article) if article.isdecimal() else article)
        missed = _missed(store, config, found)
    if as_json:
        trees = [{"rule": what.name, "why": reasons(tree), "tree": asdict(tree)} for what, tree, _ in missed]
        typer.echo(json_line(plain(found) | {"not_matched": trees}))
        return
    for line in _told(found, config):
        typer.echo(line)
    for what, tree, text in missed:
        typer.echo(f"  not found by {what.name}: {printable('; '.join(reasons(tree)))}")
        show_tree(tree, text, 2)
    typer.echo(verdict(found))


def _missed(store: Store, config: Config, found: Trace) -> list[tuple[Tried, Finding, Article]]:
    """The rules that the reader follows and that have no match, each with its tree for the article as it stands."""
    person = next((person for person in config.recipients if person.slug == found.reader.slug), None)
    if found.article is None or person is None:
        return []
    text: Article = store.read_now(articles_by_id, [found.article.id])[found.article.id]
    matched = {fate.found.rule for fate in found.matches}
    rules = [rule.slug for rule in config.rules if rule.enabled and person.follows(rule.slug) and rule.slug not in matched]
    return [(what, tree_of(what, text), text) for what in (tried(store, config, slug) for slug in rules)]


def verdict(found: Trace) -> str:
    """The answer in one sentence."""
    deliveries = [each for fate in found.matches for each in _deliveries(fate)]
    sent = [(each.sent_at, each.id) for each in deliveries if each.state == "sent" and each.sent_at]
    if sent:
        at, id_ = min(sent)
        return f"{found.reader.slug} got it: delivery {id_} was accepted {utc(at)}."
    if any(each.state in ("due", "unknown") for each in deliveries):
        return f"{found.reader.slug} has not got it yet: it is in the outbox."
    if any(fate.digests and fate.digests[-1].digest_id is None for fate in found.matches):
        return f"{found.reader.slug} has not got it yet: it is owed in a digest."
    if any(fate.alert and fate.alert.state in ("waiting", "held") for fate in found.matches):
        return f"{found.reader.slug} has not got it yet: its alert waits."
    failed = [each for each in deliveries if each.state == "failed"]
    if failed:
        answer = failed[-1].attempts[-1].answer if failed[-1].attempts else "it was never tried"
        return f"{found.reader.slug} did not get it: delivery {failed[-1].id} failed, {printable(answer)}."
    return f"{found.reader.slug} did not get it."


def _deliveries(fate: MatchFate) -> list[Delivered]:
    """The messages that show the match: a storm's mail, or one that only counts it, does not."""
    told = fate.alert.delivery if fate.alert and fate.alert.state == "sent" else None
    return [each for each in (told, *(digest.delivery for digest in fate.digests)) if each is not None]


def _told(found: Trace, config: Config) -> Iterator[str]:
    reader = found.reader
    yield f"{reader.slug} <{reader.address}>, a reader since {utc(reader.since)}"
    if reader.removed_at is not None:
        yield f"  taken away {utc(reader.removed_at)}"
    if reader.rests:
        yield f"  nothing is sent to him: {printable(reader.rests)}"
    if found.article is None:
        yield "not stored: no article has this address"
        for entry in found.entries:
            what = f"seen in {entry.source} {utc(entry.first_seen_at)}: {entry.state}, {entry.attempts} tries"
            yield f"  {what}{f'; {printable(entry.error)}' if entry.error else ''}"
        return
    yield from _article(found.article)
    person = next((person for person in config.recipients if person.slug == reader.slug), None)
    for fate in found.matches:
        yield f"  {_match(fate.found)}"
        if fate.alert is None and not fate.digests:
            follows = person is not None and person.follows(fate.found.rule)
            reason = fate.found.suppressed or ("it was not owed when it was found" if follows else "does not follow this rule")
            yield f"    nothing for {reader.slug}: {printable(reason)}"
        if fate.alert is not None:
            yield from (f"    {line}" for line in _alert(fate.alert))
        for digest in fate.digests:
            yield from (f"    {line}" for line in _digest(digest))


def _article(article: ArticleLine) -> Iterator[str]:
    yield f"#{article.id}  {printable(article.title)}  <{printable(article.url)}>"
    published = f", published {utc(article.published_at)}" if article.published_at else ""
    before = ", at the source's first poll: it was there before" if article.before else ""
    yield f"  stored: first seen {utc(article.first_seen_at)} in {article.source}{before}{published}; story {article.story_id}"
    if article.unmatched:
        yield "  not matched yet: it waits for the rules"


def _match(found: Found) -> str:
    leaves = ", ".join(f"{leaf} ({', '.join(aliases)})" if aliases else leaf for leaf, aliases in found.leaves.items())
    by = f" by {printable(leaves)}" if leaves else ""
    text = f"found by {found.rule}, version {found.version}, {utc(found.at)}{by}"
    text += "; only since it was changed" if found.by_edit else ""
    return text + (f"; no more since {utc(found.lapsed_at)}" if found.lapsed_at else "")


def _alert(alert: AlertFate) -> Iterator[str]:
    if alert.state == "sent":
        at = utc(alert.decided_at) if alert.decided_at else "?"
        yield f"alert: told by {alert.kind} {alert.notice_id}, {at}" if alert.notice_id else f"alert: told, {at}"
        if alert.acknowledged_at is not None:
            yield f"  acknowledged {utc(alert.acknowledged_at)} by {printable(alert.acknowledged_by)}"
    elif alert.state == "suppressed":
        yield f"alert: not told, {alert.why}: {printable(alert.detail)}"
        if alert.notice_id:
            yield f"  {alert.kind} {alert.notice_id} stands for it"
    else:
        reason = f", {alert.why}: {printable(alert.detail)}" if alert.why else ""
        yield f"alert: {alert.state} until {utc(alert.due_at)}{reason}"
    if alert.delivery is not None:
        yield from (f"  {line}" for line in _delivery(alert.delivery))


def _digest(digest: DigestFate) -> Iterator[str]:
    if digest.digest_id is None or digest.day is None or digest.at is None:
        yield f"digest of {digest.subscription}: owed, the next one has it"
        return
    yield f"digest of {digest.subscription}: {digest.digest_id}, of {digest.day} {digest.at:%H:%M} ({digest.state})"
    if digest.delivery is not None:
        yield from (f"  {line}" for line in _delivery(digest.delivery))


def _delivery(delivery: Delivered) -> Iterator[str]:
    when = f", next try {utc(delivery.due_at)}" if delivery.due_at else ""
    yield f"delivery {delivery.id} to {delivery.address}: {delivery.state}{when}; {delivery.message_id}"
    for attempt in delivery.attempts:
        code = f"{attempt.code} " if attempt.code else ""
        server = f"{printable(attempt.server)}: " if attempt.server else ""
        yield f"  {utc(attempt.at)}: {attempt.outcome}, {server}{code}{printable(attempt.answer)}"
