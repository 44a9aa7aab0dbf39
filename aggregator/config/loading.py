"""``load_config``: the files of a folder, checked each for itself and against one another, to one frozen ``Config``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from pydantic_core import PydanticCustomError

from aggregator.config.channels import ChannelReader
from aggregator.config.forms import (
    AlertsForm,
    ArchiveForm,
    ArticlesForm,
    DefaultsForm,
    DigestForm,
    EntityForm,
    FetchForm,
    Form,
    MailForm,
    PollForm,
    RetentionForm,
    RuleForm,
    SourceForm,
    StoreForm,
    TopForm,
    WebForm,
    WorkersForm,
)
from aggregator.config.locate import Route
from aggregator.config.readers import read_recipients
from aggregator.config.reading import Document, items
from aggregator.config.rulebook import check_escalations, check_exclusions, hold_failing, rule_spec
from aggregator.config.secrets import PASSWORD_KEYS, Secrets
from aggregator.config.settings import (
    AlertSettings,
    ArchiveSettings,
    ArticleSettings,
    Config,
    DigestSettings,
    FetchSettings,
    MailMode,
    MailSettings,
    PollSettings,
    RetentionSettings,
    Settings,
    StoreSettings,
    WebSettings,
    WorkerSettings,
)
from aggregator.config.stores import store_url
from aggregator.config.values import spell
from aggregator.errors import ConfigError, ConfigErrors, RuleSyntaxError
from aggregator.model.rule import Entity, RuleSpec
from aggregator.model.source import SourceSpec
from aggregator.rules import compile_query, entity_errors, explain_error

FILES = ("aggregator.toml", "sources.toml", "entities.toml", "rules.toml", "recipients.toml", "channels.toml")
"""The files of a configuration folder, in the order of their errors. All but the first may be missing."""

STORE_VARIABLE = "AGGREGATOR_STORE_URL"

_TABLES = ("store", "fetch", "poll", "workers", "web", "mail", "alerts", "digest", "retention", "archive", "articles")

F = TypeVar("F", bound=Form)
T = TypeVar("T")


def load_config(folder: Path, environ: Mapping[str, str]) -> Config:
    """Read and check the configuration in ``folder``.

    ``environ`` gives the passwords that ``password_env`` names, and ``AGGREGATOR_STORE_URL``, which overrides ``[store].url``.
    Relative paths start from the folder's parent (``Settings.root``); those of secrets from the folder itself.
    Raises ``ConfigErrors`` with every error of all files at once, in the order of files and lines. A rule that fails an example
    is no such error: it is among ``Config.held``, and the others go on.
    """
    documents = [Document(folder / name) for name in FILES]
    main, sources, entities, rules, recipients, channels = documents
    if main.missing:
        hint = "copy config/aggregator.toml from the distribution, or name the folder that holds yours"
        what = "not found" if folder.is_dir() else f"not found: there is no folder {folder}"
        raise ConfigErrors((ConfigError(what, path=main.path, hint=hint),))
    settings, environment_errors = _Main(main, folder, environ).settings()
    source_specs = read_sources(sources, _known_floor(main, settings))
    entity_list = _entities(entities)
    known = None if rules.broken else _slugs(rules, "rule")
    people, subscriptions = read_recipients(recipients, known, None if sources.errors else source_specs)
    ways, secrets = ChannelReader(channels, folder, environ).read(known, _slugs(recipients, "recipient"))
    config = Config(
        settings=settings,
        sources=source_specs,
        entities=entity_list,
        rules=_rules(rules, entities, entity_list, source_specs),
        recipients=people,
        subscriptions=subscriptions,
        channels=ways,
        channel_secrets=secrets,
    )
    if not sources.errors:
        check_exclusions(rules, source_specs)
    if not recipients.broken:
        check_escalations(rules, _slugs(recipients, "recipient"))
    errors = [*environment_errors]
    for document in documents:
        errors += sorted(document.errors, key=lambda error: error.line)
    if errors:
        raise ConfigErrors(tuple(errors))
    return hold_failing(config, rules)


class _Main:
    """The reader of ``aggregator.toml``."""

    def __init__(self, document: Document, folder: Path, environ: Mapping[str, str]) -> None:
        self._document, self._folder, self._environ = document, folder, environ
        self._root = _parent(folder)

    def settings(self) -> tuple[Settings, list[ConfigError]]:
        """The settings (defaults in place of what is wrong), and the errors of the environment."""
        document = self._document
        document.only(*TopForm.model_fields, *_TABLES)
        top = {key: value for key, value in document.data.items() if key in TopForm.model_fields}
        form = document.check(TopForm, top, ())
        store, errors = self._store()
        poll = self._section("poll", PollForm, PollSettings)
        if poll.backoff_max < poll.floor:
            document.add(
                ("poll", "backoff_max"), f"is shorter than the floor of {spell(poll.floor)}", "make it longer than [poll].floor"
            )
        settings = Settings(
            root=self._root,
            store=store,
            fetch=self._section("fetch", FetchForm, FetchSettings),
            poll=poll,
            workers=self._section("workers", WorkersForm, WorkerSettings),
            web=self._section("web", WebForm, WebSettings),
            mail=self._mail(),
            alerts=self._section("alerts", AlertsForm, AlertSettings),
            digest=self._section("digest", DigestForm, DigestSettings),
            retention=self._section("retention", RetentionForm, RetentionSettings),
            archive=self._section("archive", ArchiveForm, ArchiveSettings),
            articles=self._section("articles", ArticlesForm, ArticleSettings),
        )
        return (replace(settings, **form.written()) if form else settings), errors

    def _section(self, name: str, form: type[Form], make: Callable[..., T]) -> T:
        checked = self._document.check(form, self._document.table(name), (name,))
        return make(**checked.written()) if checked else make()

    def _store(self) -> tuple[StoreSettings, list[ConfigError]]:
        store = self._section("store", StoreForm, StoreSettings)
        errors = []
        if url := self._environ.get(STORE_VARIABLE, ""):
            try:
                store = StoreSettings(store_url(url))
            except PydanticCustomError as error:
                context = error.context or {}
                errors.append(ConfigError(context["message"], path="environment", key=STORE_VARIABLE, hint=context["hint"]))
        kind, _, path = store.url.partition("sqlite:///")
        return (store if kind else StoreSettings(f"sqlite:///{self._root / path}")), errors

    def _mail(self) -> MailSettings:
        table = self._document.table("mail")
        secrets = Secrets(self._document, self._folder, self._environ)
        password, password_file = secrets.password(table, "")
        bounce_password, _ = secrets.password(table, "bounce_")
        if table.get("mode") == MailMode.SMTP and not table.get("host"):
            self._document.add(("mail", "host"), 'mode "smtp" needs a host', 'add the relay: host = "mail.example.org"')
        if table.get("username") and not table.keys() & {"password", "password_env", "password_file"}:
            self._document.add(("mail", "username"), "has no password", "add password_env or password_file, or remove it")
        form = self._document.check(MailForm, table, ("mail",))
        written = form.written() if form else {}
        for key in PASSWORD_KEYS:
            written.pop(key, None)
        folder = self._root / written.pop("folder", MailSettings().folder)
        dkim_key_file = secrets.key_file(table)
        written |= {"dkim_key_file": dkim_key_file, "password": password, "bounce_password": bounce_password}
        if (mailbox := str(written.get("bounce_mailbox", ""))) and "://" not in mailbox:
            written["bounce_mailbox"] = str(self._root / mailbox)
        return MailSettings(**written, folder=folder, password_file=password_file)


def _parent(folder: Path) -> Path:
    """The folder above ``folder``, as the operator sees it: a link to a folder elsewhere stands where the link stands."""
    whole = folder.absolute()
    return (whole.resolve() if whole.name == ".." else whole).parent.resolve()


def _known_floor(document: Document, settings: Settings) -> timedelta | None:
    """The floor, unless ``[poll]`` has errors: one mistake must not look like many."""
    broken = document.broken or any(error.key.startswith("poll") for error in document.errors)
    return None if broken else settings.poll.floor


def floor_of(folder: Path) -> timedelta | None:
    """The floor that ``aggregator.toml`` in ``folder`` sets; None if it has errors there."""
    form = (document := Document(folder / FILES[0])).check(PollForm, document.table("poll"), ("poll",))
    return PollSettings(**form.written()).floor if form and not document.broken else None


def read_sources(document: Document, floor: timedelta | None) -> tuple[SourceSpec, ...]:
    """The sources of ``sources.toml``, its ``[defaults]`` applied; errors are noted in ``document``."""
    context = {"floor": floor}
    document.only("defaults", "source")
    form = document.check(DefaultsForm, document.table("defaults"), ("defaults",), context)
    defaults = form.written() if form else {}
    return tuple(SourceSpec(**{**defaults, **source.written()}) for source in items(document, "source", SourceForm, context))


def _entities(document: Document) -> tuple[Entity, ...]:
    document.only("entity")
    return tuple(Entity(item.slug, item.name or item.slug, item.aliases) for item in items(document, "entity", EntityForm))


def _rules(
    document: Document, entity_document: Document, entities: tuple[Entity, ...], sources: tuple[SourceSpec, ...]
) -> tuple[RuleSpec, ...]:
    document.only("rule")
    known = {source.slug: source for source in sources}
    specs = [rule_spec(item, known) for item in items(document, "rule", RuleForm)]
    _check_queries(document, entity_document, entities)
    return tuple(specs)


def _check_queries(document: Document, entity_document: Document, entities: tuple[Entity, ...]) -> None:
    """Compile every query. Entities with errors of their own are not reported again by each rule that uses them."""
    found = entity_errors(entities) if not entity_document.errors else []
    _place_entity_errors(entity_document, found)
    known = {entity.slug: entity for entity in entities}
    if entity_document.errors:
        known = _stand_ins(entity_document)
    for index, table in document.tables("rule"):
        query = table.get("query")
        if not isinstance(query, str):
            continue
        try:
            compile_query(query, known)
        except RuleSyntaxError as error:
            if not (entity_document.broken and "@" in query):
                document.errors.append(_in_file(error, document, ("rule", index, "query")))


def _stand_ins(document: Document) -> dict[str, Entity]:
    """Every slug of a faulty file, each a plain word, so that queries can be checked all the same."""
    slugs = {table["slug"] for _, table in document.tables("entity") if isinstance(table.get("slug"), str)}
    return {slug: Entity(slug, slug, ("entity",)) for slug in slugs}


def _place_entity_errors(document: Document, errors: list[ConfigError]) -> None:
    routes = {table.get("slug"): ("entity", index, "aliases") for index, table in document.tables("entity")}
    for error in errors:
        document.add(routes.get(error.key.removeprefix("entity."), ()), error.message, error.hint)


def _in_file(error: RuleSyntaxError, document: Document, route: Route) -> RuleSyntaxError:
    """The same error with file, key and line; its message names the column in the file, its hint shows the query and a caret.

    The hint's first row has no indent: ``str(error)`` gives it the same one that the other rows have.
    """
    lines = error.query.split("\n")
    offset = sum(len(line) + 1 for line in lines[: error.query_line - 1]) + error.column - 1
    line, column = document.within(route, offset)
    place, *rows = explain_error(error).split("\n")
    word = place.removesuffix(error.message).partition(", at ")[2].rstrip(": ")  # of right-to-left text
    placed = RuleSyntaxError(
        f"column {column}{f', {word}' if word else ''}: {error.message}",
        query=error.query,
        query_line=error.query_line,
        column=error.column,
        length=error.length,
        hint="\n".join(rows).removeprefix("    "),
        path=document.path,
        key=document.key(route),
    )
    placed.line = line
    return placed


def _slugs(document: Document, noun: str) -> list[str]:
    return [table["slug"] for _, table in document.tables(noun) if isinstance(table.get("slug"), str)]
