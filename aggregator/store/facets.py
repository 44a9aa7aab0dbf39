"""Facets: hits by source, group, language, day and rule; from every verified hit, or from the index where it is exact."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, literal_column
from sqlmodel import Session, col, select
from sqlmodel.sql.sqltypes import AutoString

from aggregator.model.rule import Document
from aggregator.model.search import Facet
from aggregator.rules import Narrowing
from aggregator.store import fulltext
from aggregator.store.candidates import SHOWN_AT, Bounds, has_keys, narrowed
from aggregator.store.dialect import driver, is_postgresql
from aggregator.store.tables import ArticleRow, MatchRow, RuleRow, SourceRow

_BY_RULE = (
    "SELECT r.slug, count(*) FROM match AS m JOIN rule AS r ON r.id = m.rule_id"
    " WHERE m.lapsed_at IS NULL AND m.article_id IN (SELECT CAST(value AS BIGINT) FROM json_each(:ids)) GROUP BY r.slug"
)


class Tally:
    """Counts hits as they come."""

    def __init__(self, facets: Iterable[Facet]) -> None:
        self.total = 0
        self.counters: dict[Facet, Counter[str]] = {facet: Counter() for facet in facets}
        self.ids: list[int] = []

    def add(self, article_id: int, hit: Document) -> None:
        """One more."""
        self.total += 1
        for facet, counter in self.counters.items():
            match facet:
                case Facet.SOURCE:
                    counter[hit.source] += 1
                case Facet.GROUP:
                    counter[hit.group] += 1
                case Facet.LANGUAGE:
                    counter[hit.language] += 1
                case Facet.DAY:
                    counter[f"{hit.published_at:%Y-%m-%d}"] += 1
                case Facet.RULE:
                    self.ids.append(article_id)


def of_tally(session: Session, tally: Tally) -> dict[Facet, dict[str, int]]:
    """The facets of the hits that were counted."""
    if Facet.RULE in tally.counters:
        rows = driver(session).execute(_BY_RULE, {"ids": json.dumps(tally.ids)})
        tally.counters[Facet.RULE] = Counter({row[0]: row[1] for row in rows})
    return {facet: _sorted(facet, counter) for facet, counter in tally.counters.items()}


def of_index(session: Session, narrow: Narrowing, bounds: Bounds, facet: Facet) -> dict[str, int]:
    """A facet of all that a narrowing finds, which must be exact."""
    value = _value(session, facet)
    rows = session.execute(_within(session, narrow, bounds, select(value, func.count()), facet).group_by(value))
    return _sorted(facet, Counter({row[0]: row[1] for row in rows}))


def total(session: Session, narrow: Narrowing, bounds: Bounds) -> int:
    """How many articles a narrowing finds, which must be exact."""
    if narrow.fts is not None and not has_keys(narrow) and bounds.since is None and bounds.until is None:
        return fulltext.count(session, narrow.fts, bounds.newest_id)
    return int(session.execute(_within(session, narrow, bounds, select(func.count()), None)).scalar_one())


def _within(session: Session, narrow: Narrowing, bounds: Bounds, statement: Any, facet: Facet | None) -> Any:
    statement = statement.select_from(ArticleRow).join(SourceRow, col(SourceRow.id) == ArticleRow.source_id)
    if facet is Facet.RULE:
        statement = statement.join(MatchRow, col(MatchRow.article_id) == ArticleRow.id)
        statement = statement.join(RuleRow, col(RuleRow.id) == MatchRow.rule_id).where(col(MatchRow.lapsed_at).is_(None))
    statement = statement.where(col(ArticleRow.id) <= bounds.newest_id)
    return statement.where(*narrowed(session, narrow, bounds.since, bounds.until))


def _value(session: Session, facet: Facet) -> Any:
    match facet:
        case Facet.SOURCE:
            return col(SourceRow.slug)
        case Facet.GROUP:
            return col(SourceRow.outlet_group)
        case Facet.LANGUAGE:
            return func.coalesce(ArticleRow.language, literal_column("''"))
        case Facet.DAY if is_postgresql(session):
            return func.to_char(func.timezone("UTC", SHOWN_AT), literal_column("'YYYY-MM-DD'"))
        case Facet.DAY:
            return func.substr(SHOWN_AT, 1, 10, type_=AutoString())
        case Facet.RULE:
            return col(RuleRow.slug)


def _sorted(facet: Facet, counter: Counter[str]) -> dict[str, int]:
    """Most first, days in their order."""
    if facet is Facet.DAY:
        return dict(sorted(counter.items()))
    return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))
