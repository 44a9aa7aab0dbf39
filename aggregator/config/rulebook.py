"""What of a rule can only be judged beside the rest of the configuration: its exclusions and its examples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from aggregator.config.forms import ExampleForm, RuleForm
from aggregator.config.locate import Route
from aggregator.config.reading import Document
from aggregator.config.settings import Config, HeldRule
from aggregator.config.values import which_of
from aggregator.errors import ConfigError, RuleSyntaxError
from aggregator.model.rule import Entity, Example, Lane, Priority, RuleSpec
from aggregator.model.source import SourceSpec
from aggregator.rules import ExampleFailure, compile_query, failing_examples, with_noise_control


def rule_spec(form: RuleForm, sources: Mapping[str, SourceSpec]) -> RuleSpec:
    """A rule as written. An example that names its source is from there: country, group, tags and language go with it."""
    written = form.written()
    for key in ("should_match", "should_not_match"):
        if key in written:
            written[key] = tuple(_example(example, sources) for example in written[key])
    return RuleSpec(**{**written, "name": form.name or form.slug})


def _example(form: ExampleForm, sources: Mapping[str, SourceSpec]) -> Example:
    written = form.written()
    source = sources.get(form.source)
    if source is not None:
        of_source = {"country": source.country, "group": source.group, "tags": source.tags, "language": source.language or ""}
        written = {**of_source, **written}
    return Example(**{**written, "language": written.get("language") or ""})


def check_exclusions(document: Document, sources: Iterable[SourceSpec]) -> None:
    """An exclusion that excludes nothing is an error: it was meant to."""
    known = {
        "exclude_sources": ("source", {source.slug for source in sources}),
        "exclude_groups": ("group", {source.group for source in sources if source.group}),
    }
    for index, table in document.tables("rule"):
        for key, (noun, names) in known.items():
            values = table.get(key)
            for place, value in enumerate(values if isinstance(values, list) else ()):
                if isinstance(value, str) and value not in names:
                    hint = which_of(value, f"{noun}s", sorted(names))
                    document.add(("rule", index, key, place), f'there is no {noun} "{value}"', hint)


def check_escalations(document: Document, recipients: Iterable[str]) -> None:
    """Who is named in ``escalate`` must be there, and only what is urgent escalates."""
    known = sorted(recipients)
    for index, table in document.tables("rule"):
        names = table.get("escalate")
        if not isinstance(names, list):
            continue
        for place, name in enumerate(names):
            if isinstance(name, str) and name not in known:
                hint = which_of(name, "recipients", known)
                document.add(("rule", index, "escalate", place), f'there is no recipient "{name}"', hint)
        if names and (table.get("priority") != Priority.HIGH or table.get("lane") != Lane.NOW):
            hint = 'write lane = "now" and priority = "high" as well'
            document.add(("rule", index, "escalate"), "only alerts of high priority in the lane now escalate", hint)


def hold_failing(config: Config, document: Document) -> Config:
    """``config`` with the rules that fail an example taken out of ``rules`` and put into ``held``, with what is wrong.

    A rule that sleeps is not tried: it is not to come into force.
    """
    entities = {entity.slug: entity for entity in config.entities}
    routes: dict[str, Route] = {str(table.get("slug")): ("rule", index) for index, table in document.tables("rule")}
    held = tuple(filter(None, (_held(rule, entities, document, routes[rule.slug]) for rule in config.rules)))
    out = {each.rule.slug for each in held}
    return replace(config, rules=tuple(rule for rule in config.rules if rule.slug not in out), held=held)


def _held(rule: RuleSpec, entities: Mapping[str, Entity], document: Document, route: Route) -> HeldRule | None:
    if not rule.enabled:
        return None
    try:
        whole = with_noise_control(rule)
        if whole is not rule:
            compile_query(whole.query, entities)
    except RuleSyntaxError as error:
        what = f"with min_words and its exclusions: {error.message}"
        wrong = ConfigError(what, path=document.path, key=document.key(route), line=document.line(route), hint=error.hint)
        return HeldRule(rule, (wrong,))
    failures = failing_examples(rule, entities)
    return HeldRule(rule, tuple(_error(failure, document, route) for failure in failures)) if failures else None


def _error(failure: ExampleFailure, document: Document, route: Route) -> ConfigError:
    place: Route = (*route, failure.kind, failure.place)
    return ConfigError(
        str(failure), path=document.path, key=document.key(place), line=document.line(place), hint="; ".join(failure.reasons)
    )
