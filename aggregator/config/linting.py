"""What is allowed but probably not meant: the warnings of ``aggregator check``."""

from __future__ import annotations

import re
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from fnmatch import fnmatchcase
from ipaddress import ip_address
from urllib.parse import urlsplit

from aggregator.config.settings import Config, MailMode, MailSecurity, MailSettings
from aggregator.config.values import spell
from aggregator.rules import compile_query

_EXAMPLE = re.compile(r"(?:.*\.)?(?:example(?:\.(?:com|net|org))?|invalid|localdomain)", re.IGNORECASE)  # RFC 2606


def lint(config: Config) -> tuple[str, ...]:
    """One line for each thing worth a second look, most general first; empty if there is nothing."""
    return (
        *_settings(config),
        *_mail(config.settings.mail),
        *_sources(config),
        *_queries(config),
        *_readers(config),
        *_channels(config),
    )


def _settings(config: Config) -> Iterator[str]:
    fetch, poll = config.settings.fetch, config.settings.poll
    if not fetch.contact_url or _EXAMPLE.fullmatch(urlsplit(fetch.contact_url).hostname or ""):
        found = f"is the placeholder {fetch.contact_url}" if fetch.contact_url else "is empty"
        yield f"fetch.contact_url {found}: name a page that tells outlets who polls them and how to reach you"
    if poll.floor < timedelta(minutes=1):
        yield f"poll.floor is {spell(poll.floor)}: polling a feed more than once a minute gets you blocked"
    if fetch.allow_networks:
        yield f"fetch.allow_networks opens {', '.join(fetch.allow_networks)} to every source; one source alone can have it, too"


def _mail(mail: MailSettings) -> Iterator[str]:
    if mail.mode is MailMode.FOLDER:
        yield f"mail.mode is folder: mails are written to {mail.folder}, none is sent"
        return
    if _EXAMPLE.fullmatch(mail.sender.rpartition("@")[2]):
        yield f"mail.sender is the placeholder {mail.sender}: relays and readers will refuse it"
    if mail.security is MailSecurity.NONE and not _is_local(mail.host):
        what = "the password and all mail" if mail.password else "all mail"
        yield f"mail.security is none: {what} cross the network to {mail.host} unprotected"
    if mail.password_file is not None and mail.password_file.stat().st_mode & stat.S_IROTH:
        yield f"mail.password_file {mail.password_file} can be read by everybody: chmod o-r"


def _channels(config: Config) -> Iterator[str]:
    for channel in config.channels:
        parts = urlsplit(channel.url)
        if parts.scheme == "http" and not _is_local(parts.hostname or "") and not channel.allow_networks:
            yield f'webhook "{channel.slug}" has no TLS: what it is told can be read on the way'
        if not channel.owner:
            yield f'{channel.kind} "{channel.slug}" has no owner: nobody gets a mail when it had to be switched off'


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _sources(config: Config) -> Iterator[str]:
    if not config.sources:
        yield "there is no source: nothing will be polled"
    if without := [source.slug for source in config.sources if not source.group]:
        yield f"without a group, so digests cannot tell their stance: {_names(without)}"
    same = defaultdict[str, list[str]](list)
    for source in config.sources:
        same[source.url].append(source.slug)
    for url, slugs in same.items():
        if len(slugs) > 1:
            yield f"{' and '.join(slugs)} poll the same address {url}"


def _names(slugs: list[str]) -> str:
    return ", ".join(slugs[:5]) + (f" and {len(slugs) - 5} more" if len(slugs) > 5 else "")


def _queries(config: Config) -> Iterator[str]:
    entities = {entity.slug: entity for entity in config.entities}
    for rule in config.rules:
        for warning in compile_query(rule.query, entities).warnings:
            hint = f" ({warning.hint})" if warning.hint else ""
            yield f'rule "{rule.slug}", column {warning.column}: {warning.message}{hint}'


def _readers(config: Config) -> Iterator[str]:
    readers = [reader for reader in config.recipients if reader.enabled]
    if not readers:
        yield "there is no enabled recipient: nobody gets mail"
    for reader in readers:
        if not reader.alerts and not any(each.enabled and each.recipient == reader.slug for each in config.all_subscriptions):
            yield f'recipient "{reader.slug}" has neither alerts nor digest: it gets nothing'
        if config.settings.mail.mode is MailMode.SMTP and _EXAMPLE.fullmatch(reader.address.rpartition("@")[2]):
            yield f'recipient "{reader.slug}" has the placeholder address {reader.address}'
    subscriptions = [each for each in config.all_subscriptions if each.enabled]
    patterns = {
        *(pattern for each in readers for pattern in each.rules),
        *(pattern for each in subscriptions for pattern in each.rules),
    }
    for rule in config.rules:
        if readers and rule.enabled and not _followed(rule.slug, patterns):
            yield f'rule "{rule.slug}" is followed by no enabled recipient'


def _followed(slug: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(slug, pattern) for pattern in patterns)
