"""``recipients.toml``: readers and what they subscribe to, checked against the rules and sources of the other files."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from aggregator.config.forms import RecipientForm, SubscriptionForm
from aggregator.config.locate import Route
from aggregator.config.reading import Document, check_patterns, items
from aggregator.config.settings import Config
from aggregator.config.values import which_of
from aggregator.errors import ConfigErrors
from aggregator.model.delivery import Every, Recipient, Subscription
from aggregator.model.source import SourceSpec

_MONDAY = (1,)


def read_recipients(
    document: Document, rules: list[str] | None, sources: tuple[SourceSpec, ...] | None
) -> tuple[tuple[Recipient, ...], tuple[Subscription, ...]]:
    """The readers, and their subscriptions beside their own ones; errors are noted in ``document``.

    ``rules`` (slugs) or ``sources`` are None when their file has errors: patterns or groups are not checked then.
    """
    document.only("recipient")
    forms = items(document, "recipient", RecipientForm)
    _check_slugs(document)
    for route, table in _tables(document):
        if rules is not None:
            check_patterns(document, route, table, rules)
        if sources is not None:
            _check_groups(document, route, table, {source.group for source in sources if source.group})
    people, subscriptions = [], []
    for form in forms:
        written = form.written()
        written.pop("subscription", None)
        people.append(Recipient(**written))
        subscriptions += [_subscription(each, people[-1]) for each in form.subscription]
    return tuple(people), tuple(subscriptions)


def read_invitation(config: Config, reader: dict[str, Any], subscription: dict[str, Any]) -> tuple[Recipient, Subscription]:
    """A reader and what he is invited to, from the keys of ``recipients.toml``, checked like these. Raises ConfigErrors."""
    table = {**reader, "digest": False, "alerts": False, "subscription": [subscription]}
    document = Document(Path("invitation"), b"")
    document.data = {"recipient": [table]}
    rules = [rule.slug for rule in (*config.rules, *(each.rule for each in config.held))]
    people, invited = read_recipients(document, rules, config.sources)
    if document.errors:
        raise ConfigErrors(tuple(document.errors))
    return people[0], invited[0]


def _subscription(form: SubscriptionForm, recipient: Recipient) -> Subscription:
    """A subscription as written; rules, days, zone and language are the reader's where it says nothing."""
    weekly = form.every is Every.WEEKLY
    his = {
        "rules": recipient.rules,
        "weekdays": _MONDAY if weekly else recipient.weekdays,
        "timezone": recipient.timezone,
        "language": recipient.language,
        "times": (recipient.digest_at,),
    }
    return Subscription(**{**his, **form.written(), "recipient": recipient.slug})


def _tables(document: Document) -> Iterator[tuple[Route, dict[str, Any]]]:
    """The tables of readers and of their subscriptions, with their routes."""
    for index, table in document.tables("recipient"):
        yield ("recipient", index), table
        inner = table.get("subscription")
        for place, below in enumerate(inner if isinstance(inner, list) else ()):
            if isinstance(below, dict):
                yield ("recipient", index, "subscription", place), below


def _check_slugs(document: Document) -> None:
    """A reader's own digest bears his slug, so subscriptions and readers share one list of names."""
    routes: dict[str, Route] = {}
    readers = [(route, table) for route, table in _tables(document) if len(route) == 2]
    inner = [(route, table) for route, table in _tables(document) if len(route) > 2]
    for route, table in (*readers, *inner):
        slug = table.get("slug")
        if not isinstance(slug, str):
            continue
        first = routes.setdefault(slug, route)
        if first is not route and len(route) > 2:
            line = document.line((*first, "slug"))
            hint = (
                "a reader's own digest bears his slug; change the subscription's"
                if len(first) == 2
                else "slugs are unique; change one of the two"
            )
            document.add((*route, "slug"), f'"{slug}" stands on line {line} already', hint)


def _check_groups(document: Document, route: Route, table: dict[str, Any], groups: Collection[str]) -> None:
    values = table.get("groups")
    for place, value in enumerate(values if isinstance(values, list) else ()):
        if isinstance(value, str) and value not in groups:
            document.add((*route, "groups", place), f'there is no group "{value}"', which_of(value, "groups", sorted(groups)))
