"""Rules in the store: their versions, and what became of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, func
from sqlmodel import Session, col, select

from aggregator.errors import NotFound
from aggregator.model.rule import Entity, RuleSpec
from aggregator.rules import aliases_used, same_meaning
from aggregator.store.codec import RULE
from aggregator.store.tables import ArticleRow, MatchRow, RuleMarkRow, RuleRow, RuleVersionRow


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """A version of a rule as it was in force: ``spec`` as last applied under this number, and the aliases of its entities.

    ``aliases`` is None where an older program did not write them down.
    """

    rule: str
    number: int
    spec: RuleSpec
    aliases: Mapping[str, tuple[str, ...]] | None
    applied_at: datetime


def put_rules(session: Session, rules: Sequence[RuleSpec], entities: Sequence[Entity], now: datetime) -> None:
    """Make the store's rules these, in this order; those that are not among them stay as they are.

    A rule whose query, aliases or noise control find something else than before gets a new version.
    """
    rows = {row.slug: row for row in session.exec(select(RuleRow))}
    present = and_(col(RuleVersionRow.rule_id) == RuleRow.id, col(RuleVersionRow.version) == RuleRow.version)
    versions = {row.rule_id: row for row in session.exec(select(RuleVersionRow).join(RuleRow, present))}
    known = {entity.slug: entity for entity in entities}
    for position, rule in enumerate(rules):
        row = rows.get(rule.slug) or RuleRow(slug=rule.slug, spec={}, created_at=now)
        row.spec, row.position, row.removed_at = RULE.dump(rule), position, None
        session.add(row)
        rows[rule.slug] = row
    session.flush()
    for rule in rules:
        _put_version(session, rows[rule.slug], versions.get(rows[rule.slug].id or 0), rule, known, now)


def _put_version(
    session: Session, row: RuleRow, present: RuleVersionRow | None, rule: RuleSpec, entities: Mapping[str, Entity], now: datetime
) -> None:
    aliases = {slug: list(names) for slug, names in aliases_used(rule.query, entities).items()}
    if present is not None:
        if present.spec == row.spec and present.aliases == aliases:
            return
        if present.aliases in (None, aliases) and same_meaning(RULE.load(present.spec), rule):
            present.spec, present.aliases = row.spec, aliases
            session.add(present)
            return
        row.version += 1
        session.add(row)
    assert row.id is not None
    session.add(RuleVersionRow(rule_id=row.id, version=row.version, spec=row.spec, aliases=aliases, applied_at=now))


def in_force(session: Session, slugs: Collection[str]) -> dict[str, RuleVersion]:
    """The version that the store holds to be in force, of each of these rules that has one."""
    present = and_(col(RuleVersionRow.rule_id) == RuleRow.id, col(RuleVersionRow.version) == RuleRow.version)
    statement = select(RuleRow.slug, RuleVersionRow).join(RuleVersionRow, present)
    statement = statement.where(col(RuleRow.slug).in_(list(slugs)), col(RuleRow.removed_at).is_(None))
    return {slug: _version(slug, row) for slug, row in session.exec(statement)}


def versions(session: Session, slug: str) -> list[RuleVersion]:
    """Every version of a rule that is kept, oldest first. Raises NotFound for a rule that was never applied."""
    statement = select(RuleVersionRow).join(RuleRow, col(RuleRow.id) == RuleVersionRow.rule_id).where(RuleRow.slug == slug)
    found = [_version(slug, row) for row in session.exec(statement.order_by(col(RuleVersionRow.version)))]
    if not found:
        raise NotFound(f"there is no rule {slug!r} in the store; run `aggregator apply` first")
    return found


def hits_per_day(session: Session, slug: str, days: Sequence[tuple[datetime, datetime]]) -> tuple[tuple[int, int], ...]:
    """How many articles a rule found in each of these half-open spans: told, and kept back by its noise control."""
    told = func.sum(case((col(MatchRow.suppressed) == "", 1), else_=0))
    mine = select(func.count(), told).join(RuleRow, col(RuleRow.id) == MatchRow.rule_id).where(RuleRow.slug == slug)
    counts = []
    for start, end in days:
        found, told_of_them = session.exec(mine.where(col(MatchRow.matched_at) >= start, col(MatchRow.matched_at) < end)).one()
        counts.append((told_of_them or 0, found - (told_of_them or 0)))
    return tuple(counts)


def hits_by_version(session: Session, slug: str) -> dict[int, int]:
    """How many of the stored matches of a rule each version stands behind."""
    statement = select(MatchRow.rule_version, func.count()).join(RuleRow, col(RuleRow.id) == MatchRow.rule_id)
    return dict(session.exec(statement.where(RuleRow.slug == slug).group_by(col(MatchRow.rule_version))).all())


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a rule stands in the store. ``last_match_at`` is None while it has found nothing."""

    slug: str
    version: int
    removed: bool
    matches: int
    last_match_at: datetime | None


def standings(session: Session) -> list[Standing]:
    """Every rule that was ever applied, in the order of the files."""
    statement = (
        select(RuleRow, func.count(col(MatchRow.id)), func.max(MatchRow.matched_at))
        .join(MatchRow, col(MatchRow.rule_id) == RuleRow.id, isouter=True)
        .group_by(col(RuleRow.id))
        .order_by(col(RuleRow.position), col(RuleRow.id))
    )
    found = session.exec(statement)
    return [Standing(row.slug, row.version, row.removed_at is not None, count, last) for row, count, last in found]


def mark(session: Session, slug: str, article_id: int, good: bool | None, now: datetime) -> None:
    """Note that a rule should find an article (``good``) or should not; None forgets it. Raises NotFound."""
    rule_id = session.exec(select(RuleRow.id).where(RuleRow.slug == slug)).one_or_none()
    if rule_id is None:
        raise NotFound(f"there is no rule {slug!r} in the store; run `aggregator apply` first")
    if session.get(ArticleRow, article_id) is None:
        raise NotFound(f"there is no article {article_id}")
    row = session.get(RuleMarkRow, (rule_id, article_id))
    if good is None:
        if row is not None:
            session.delete(row)
        return
    row = row or RuleMarkRow(rule_id=rule_id, article_id=article_id, good=good, marked_at=now)
    row.good, row.marked_at = good, now
    session.add(row)


def marks(session: Session, slug: str) -> dict[int, bool]:
    """The articles that were marked for a rule: whether it should find them."""
    statement = select(RuleMarkRow.article_id, RuleMarkRow.good).join(RuleRow, col(RuleRow.id) == RuleMarkRow.rule_id)
    return dict(session.exec(statement.where(RuleRow.slug == slug).order_by(col(RuleMarkRow.article_id))).all())


def _version(slug: str, row: RuleVersionRow) -> RuleVersion:
    aliases = None if row.aliases is None else {name: tuple(names) for name, names in row.aliases.items()}
    return RuleVersion(slug, row.version, RULE.load(row.spec), aliases, row.applied_at)
