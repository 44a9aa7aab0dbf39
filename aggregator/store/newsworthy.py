"""What a digest tells beside its matches: outlets that a rule had never had before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from aggregator.store.tables import ArticleRow, MatchRow, RuleRow, SourceRow

YOUNG = timedelta(days=7)
"""A rule that is younger knows no outlets yet: all of them would be new."""


def new_outlets(session: Session, pairs: Collection[tuple[str, str]], before: datetime) -> frozenset[tuple[str, str]]:
    """Those of ``pairs`` (a rule's slug, an outlet's name) that had no match with each other before ``before``, told or not.

    An outlet goes by its name (by its slug without one), whatever its feeds: two of one name are one. A rule of less than a
    week has no new ones.
    """
    named = defaultdict[str, set[str]](set)
    for rule, name in pairs:
        named[rule].add(name)
    known = session.exec(
        select(RuleRow.slug, RuleRow.id).where(col(RuleRow.slug).in_(named), col(RuleRow.created_at) <= before - YOUNG)
    ).all()
    if not known:
        return frozenset()
    names = {name for _, name in pairs}
    so_named = col(SourceRow.name).in_(names) | col(SourceRow.slug).in_(names)
    rows = session.exec(select(SourceRow.id, SourceRow.slug, SourceRow.name).where(so_named))
    outlets = {id_: name or slug for id_, slug, name in rows}
    found = set[tuple[str, str]]()
    for rule, rule_id in known:
        feeds = [id_ for id_, name in outlets.items() if id_ is not None and name in named[rule]]
        met = {outlets[id_] for id_ in _met(session, rule_id or 0, feeds, before)}
        found |= {(rule, name) for name in named[rule] - met}
    return frozenset(found)


def _met(session: Session, rule_id: int, sources: Sequence[int], before: datetime) -> set[int]:
    """Those of the sources with a match of the rule. Asked from their own articles, each by the index of matches: an outlet that
    the rule has often is found after a few of them, a new one has few. The rule's history, which may be long, is not read.
    """
    found = set[int]()
    matched = select(MatchRow.id).where(
        MatchRow.rule_id == rule_id, MatchRow.article_id == ArticleRow.id, col(MatchRow.matched_at) < before
    )
    own = select(ArticleRow.id).where(ArticleRow.source_id == SourceRow.id, matched.correlate(ArticleRow).exists())
    for start in range(0, len(sources), 500):
        those = col(SourceRow.id).in_(sources[start : start + 500])
        found.update(session.exec(select(SourceRow.id).where(those, own.correlate(SourceRow).exists())))  # type: ignore[arg-type]
    return found
