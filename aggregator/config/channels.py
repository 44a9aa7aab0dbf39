"""``channels.toml``: webhooks and chats. Keys and the addresses of chats are secrets, so no file of these holds them."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from aggregator.config import values
from aggregator.config.forms import Form, Line, Networks, Slug, WebUrl
from aggregator.config.locate import Route
from aggregator.config.reading import Document, check_patterns
from aggregator.config.secrets import Secrets
from aggregator.config.values import refuse, which_of
from aggregator.model.channel import CHAT_SCHEMAS, Channel, ChannelKind, EventType
from aggregator.syndication.signing import key_of

Variable = Annotated[str, AfterValidator(values.variable), Field(min_length=1)]
FileName = Annotated[Line, Field(min_length=1)]
Patterns = Annotated[tuple[Line, ...], Field(strict=False, min_length=1)]


def _no_secret(_: object) -> None:
    raise refuse(
        "a secret does not belong in a file that is copied and shown around",
        'name an environment variable (… _env = "NAME") or a file that only the service can read (… _file = "path")',
    )


Secret = Annotated[None, BeforeValidator(_no_secret)]


def _some(value: tuple[EventType, ...]) -> tuple[EventType, ...]:
    if not value:
        raise refuse("must not be empty", "name what it is told, or write enabled = false")
    return value


Events = Annotated[tuple[Annotated[EventType, Field(strict=False)], ...], Field(strict=False), AfterValidator(_some)]


class WebhookForm(Form):
    """``[[webhook]]``."""

    slug: Slug
    url: WebUrl
    secret: Secret = None
    secret_env: Variable = ""
    secret_file: FileName = ""
    old_secret_env: Variable = ""
    old_secret_file: FileName = ""
    rules: Patterns = ()
    events: Events = ()
    owner: Line = ""
    allow_networks: Networks = ()
    enabled: bool = True


class ChatForm(Form):
    """``[[chat]]``."""

    slug: Slug
    url: Secret = None
    url_env: Variable = ""
    url_file: FileName = ""
    rules: Patterns = ()
    owner: Line = ""
    enabled: bool = True


SECRETS = frozenset(name for form in (WebhookForm, ChatForm) for name in form.model_fields if re.search("secret|url_", name))
"""Keys that name where a secret is."""


class ChannelReader:
    """Reads the file; its errors are noted in the document."""

    def __init__(self, document: Document, folder: Path, environ: Mapping[str, str]) -> None:
        self._document, self._named_secrets = document, Secrets(document, folder, environ)
        self._secrets: dict[str, tuple[str, ...]] = {}

    def read(self, rules: list[str] | None, recipients: list[str]) -> tuple[tuple[Channel, ...], dict[str, tuple[str, ...]]]:
        """The channels, and the secrets of each: a webhook's keys, the new one first, or a chat's address.

        ``rules`` and ``recipients`` are the slugs that there are; rules are None when their file could not be read.
        """
        document = self._document
        document.only("webhook", "chat")
        webhooks = [self._webhook(index, table) for index, table in document.tables("webhook")]
        chats = [self._chat(index, table) for index, table in document.tables("chat")]
        self._check_names(rules, recipients)
        return tuple(channel for channel in (*webhooks, *chats) if channel), self._secrets

    def _webhook(self, index: int, table: dict[str, Any]) -> Channel | None:
        route: Route = ("webhook", index)
        secrets = [self._named(route, table, name) for name in ("secret", "old_secret")]
        for name, secret in zip(("secret", "old_secret"), secrets, strict=True):
            try:
                _ = key_of(secret) if secret else b""
            except ValueError as error:
                hint = 'make one with: echo "whsec_$(openssl rand -base64 32)"'
                self._document.add(self._place(route, table, name), f"the secret that it names {error}", hint)
        form = self._document.check(WebhookForm, table, route)
        if form is None:
            return None
        if form.enabled and not table.keys() & {"secret_env", "secret_file"}:
            self._document.add(route, "has no secret to sign with", 'add secret_env = "NAME" or secret_file = "path"')
        self._secrets[form.slug] = tuple(filter(None, secrets))
        return Channel(kind=ChannelKind.WEBHOOK, **_without_secrets(form))

    def _chat(self, index: int, table: dict[str, Any]) -> Channel | None:
        route: Route = ("chat", index)
        address = self._named(route, table, "url")
        form = self._document.check(ChatForm, table, route)
        if form is None:
            return None
        schema, found, _ = address.partition("://")
        if address and not (found and schema.lower() in CHAT_SCHEMAS):
            hint = f"known are {', '.join(f'{name}://' for name in sorted(CHAT_SCHEMAS))}"
            said = (
                f"begins with {values.shorten(schema)}://, which is no chat that we speak" if found else "is no address of a chat"
            )
            self._document.add(self._place(route, table, "url"), f"what it names {said}", hint)
        if form.enabled and not table.keys() & {"url_env", "url_file"}:
            self._document.add(route, "has no address", 'add url_env = "NAME" or url_file = "path"')
        if form.enabled and importlib.util.find_spec("apprise") is None:
            self._document.add(route, "needs the package apprise", "install aggregator[chat], or write enabled = false")
        self._secrets[form.slug] = (address,) if address else ()
        return Channel(kind=ChannelKind.CHAT, **_without_secrets(form))

    @staticmethod
    def _place(route: Route, table: dict[str, Any], name: str) -> Route:
        return (*route, next((key for key in (f"{name}_env", f"{name}_file") if key in table), name))

    def _named(self, route: Route, table: dict[str, Any], name: str) -> str:
        """The secret, or "" for none; a channel that sleeps may have one that is not there."""
        return self._named_secrets.secret(route, table, name, optional=table.get("enabled") is False)[0]

    def _check_names(self, rules: list[str] | None, recipients: list[str]) -> None:
        """Slugs stand once over both kinds; patterns follow a rule; owners are readers."""
        first: dict[str, Route] = {}
        for kind in ("webhook", "chat"):
            for index, table in self._document.tables(kind):
                route: Route = (kind, index)
                slug, owner = table.get("slug"), table.get("owner")
                if isinstance(slug, str) and (known := first.setdefault(slug, route)) != route:
                    line = self._document.line((*known, "slug"))
                    self._document.add((*route, "slug"), f'"{slug}" stands on line {line} already', "change one of the two")
                if isinstance(owner, str) and owner and owner not in recipients:
                    hint = which_of(owner, "recipients", recipients)
                    self._document.add((*route, "owner"), f'"{owner}" is no recipient', hint)
                if rules is not None:
                    check_patterns(self._document, route, table, rules)


def _without_secrets(form: Form) -> dict[str, Any]:
    return {key: value for key, value in form.written().items() if key not in SECRETS}
