"""What a digest tells beside its matches: outlets that a rule had never had before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from aggregator.model.delivery import MatchedArticle
from aggregator.store.tables import ArticleRow, MatchRow, RuleRow, SourceRow

YOUNG = timedelta(days=7)
"""A rule that is younger knows no outlets yet: all of them would be new."""


def new_outlets(session: Session, items: Iterable[MatchedArticle], before: datetime) -> frozenset[tuple[str, str]]:
    """The rules (slugs) and outlets of ``items`` that had no match with each other before ``before``, told or not.

    An outlet goes by its name, whatever its feeds: two of one name are one. A rule of less than a week has no new ones.
    """
    pairs = {(item.rule, item.article.source_name or item.article.source_slug) for item in items}
    slugs, names = {rule for rule, _ in pairs}, {name for _, name in pairs}
    if not pairs:
        return frozenset()
    known = session.exec(
        select(RuleRow.slug, RuleRow.id).where(col(RuleRow.slug).in_(slugs), col(RuleRow.created_at) <= before - YOUNG)
    )
    rules = {slug: rule_id for slug, rule_id in known if rule_id is not None}
    feeds: dict[str, list[int]] = {}
    for source_id, slug, name in session.exec(select(SourceRow.id, SourceRow.slug, SourceRow.name)):
        if source_id is not None and (name or slug) in names:
            feeds.setdefault(name or slug, []).append(source_id)
    return frozenset(
        (rule, name) for rule, name in pairs if rule in rules and not _met(session, rules[rule], feeds.get(name, []), before)
    )


def _met(session: Session, rule_id: int, sources: list[int], before: datetime) -> bool:
    """Looked up among the rule's matches, latest article first: an outlet that it has often is found at once."""
    earlier = (
        select(MatchRow.id)
        .join(ArticleRow, col(ArticleRow.id) == MatchRow.article_id)
        .where(MatchRow.rule_id == rule_id, col(ArticleRow.source_id).in_(sources), col(MatchRow.matched_at) < before)
        .order_by(col(MatchRow.article_id).desc())
        .limit(1)
    )
    return session.exec(earlier).first() is not None
