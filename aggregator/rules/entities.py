"""Entities: named sets of aliases, which may name other entities."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from aggregator.errors import ConfigError
from aggregator.model.rule import Entity
from aggregator.text import terms, unspaced

MOST_NESTED = 30
_SHORTEST_PREFIX = 3


@dataclass(frozen=True, slots=True)
class Alias:
    """One alias taken apart: ``written`` as configured, ``text`` without a leading ``=`` (exact) and a final ``*`` (prefix)."""

    written: str
    text: str
    exact: bool
    prefix: bool


def _alias(written: str, key: str) -> Alias:
    text = written.strip()
    alias = Alias(written, text.removeprefix("=").removesuffix("*").strip(), text.startswith("="), text.endswith("*"))
    words = terms(alias.text)
    if not words:
        what = f"the alias {written!r} has no letter or digit" if text else "an alias is empty"
        raise ConfigError(what, key=key, hint="remove it, or write a name")
    if alias.prefix and len(words[-1]) < _SHORTEST_PREFIX and not unspaced(words[-1]):
        raise ConfigError(
            f"the alias {written!r} has less than three letters before the *", key=key, hint="write more of the word"
        )
    return alias


def unknown_hint(slug: str, known: Collection[str]) -> str:
    """What to do about an entity that is not there: the nearest one, if any is near."""
    close = difflib.get_close_matches(slug.lower(), known, n=1)
    return f"did you mean @{close[0]}?" if close else "define it among the entities, or write the words themselves"


def flatten(slug: str, entities: Mapping[str, Entity]) -> tuple[Alias, ...]:
    """All aliases of ``@slug`` and of the entities that it names, each once, in their order. Raises ConfigError."""
    return tuple({alias.written: alias for alias in _walk(slug, entities, (), set())}.values())


def _walk(slug: str, entities: Mapping[str, Entity], path: tuple[str, ...], done: set[str]) -> Iterator[Alias]:
    key = f"entity.{path[-1] if path else slug}"
    if slug in path:
        circle = " > ".join(f"@{name}" for name in (*path[path.index(slug) :], slug))
        raise ConfigError(f"entities name each other in a circle: {circle}", key=key, hint="remove one of these aliases")
    if slug not in entities:
        raise ConfigError(f"there is no entity @{slug}", key=key, hint=unknown_hint(slug, entities))
    if len(path) >= MOST_NESTED:
        raise ConfigError(f"entities are nested deeper than {MOST_NESTED}", key=key, hint="name the aliases directly")
    if slug in done:
        return
    if not entities[slug].aliases:
        raise ConfigError(f"the entity @{slug} has no aliases", key=f"entity.{slug}", hint="write at least one")
    for written in entities[slug].aliases:
        if written.startswith("@"):
            yield from _walk(written[1:], entities, (*path, slug), done)
        else:
            yield _alias(written, f"entity.{slug}")
    done.add(slug)


def entity_errors(entities: Iterable[Entity]) -> list[ConfigError]:
    """Everything wrong with the entities themselves: unknown names, empty aliases, circles with their path.

    ``key`` is ``entity.<slug>``; circles come last, each under the entity where it was entered.
    """
    known = {entity.slug: entity for entity in entities}
    errors = [error for entity in known.values() for error in _errors_of(entity, known)]
    for circle in _circles(known):
        path = " > ".join(f"@{name}" for name in (*circle, circle[0]))
        message = f"entities name each other in a circle: {path}"
        errors.append(ConfigError(message, key=f"entity.{circle[0]}", hint="remove one of these aliases"))
    return errors


def _errors_of(entity: Entity, known: Mapping[str, Entity]) -> Iterator[ConfigError]:
    key = f"entity.{entity.slug}"
    if not entity.aliases:
        yield ConfigError(f"the entity @{entity.slug} has no aliases", key=key, hint="write at least one")
    for written in entity.aliases:
        if written.startswith("@"):
            if written[1:] not in known:
                yield ConfigError(f"there is no entity {written}", key=key, hint=unknown_hint(written[1:], known))
            continue
        try:
            _alias(written, key)
        except ConfigError as error:
            yield error


def _circles(known: Mapping[str, Entity]) -> Iterator[tuple[str, ...]]:
    """The circles that a depth-first walk closes: at least one of every knot, none if there is none. No recursion."""
    finished: set[str] = set()
    for start in known:
        path: dict[str, Iterator[str]] = {} if start in finished else {start: _named(known[start], known)}
        while path:
            slug, names = next(reversed(path.items()))
            name = next(names, None)
            if name is None:
                finished.add(slug)
                del path[slug]
            elif name in path:
                walked = tuple(path)
                yield walked[walked.index(name) :]
            elif name not in finished:
                path[name] = _named(known[name], known)


def _named(entity: Entity, known: Mapping[str, Entity]) -> Iterator[str]:
    return iter([alias[1:] for alias in entity.aliases if alias.startswith("@") and alias[1:] in known])
