"""The example files work as they are, and docs/configuration.md leaves nothing out."""

from __future__ import annotations

import dataclasses
import re
from datetime import time, timedelta
from enum import Enum
from pathlib import Path

import pytest
from pydantic import BaseModel

from aggregator.config import FILES, Settings, forms, lint, load_config
from aggregator.config.values import duration
from aggregator.model.delivery import Recipient, Subscription
from aggregator.model.rule import Entity, Example, Lane, RuleSpec
from aggregator.model.source import SourceSpec

PROJECT = Path(__file__).parents[2]
DOCUMENT = (PROJECT / "docs/configuration.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^##+ (.+?)\n(.*?)(?=^##|\Z)", DOCUMENT, re.MULTILINE | re.DOTALL))
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+) \|$", re.MULTILINE)
TABLES: list[tuple[str, type[BaseModel], object]] = [
    ("Top of the file", forms.TopForm, Settings()),
    ("[store]", forms.StoreForm, Settings().store),
    ("[fetch]", forms.FetchForm, Settings().fetch),
    ("[poll]", forms.PollForm, Settings().poll),
    ("[workers]", forms.WorkersForm, Settings().workers),
    ("[web]", forms.WebForm, Settings().web),
    ("[mail]", forms.MailForm, Settings().mail),
    ("[alerts]", forms.AlertsForm, Settings().alerts),
    ("[digest]", forms.DigestForm, Settings().digest),
    ("[retention]", forms.RetentionForm, Settings().retention),
    ("[archive]", forms.ArchiveForm, Settings().archive),
    ("[articles]", forms.ArticlesForm, Settings().articles),
    ("[[source]]", forms.SourceForm, SourceSpec("", "")),
    ("[[entity]]", forms.EntityForm, Entity("", "", ())),
    ("[[rule]]", forms.RuleForm, RuleSpec("", "", "")),
    ("Example of a rule", forms.ExampleForm, Example()),
    ("[[recipient]]", forms.RecipientForm, Recipient("", "")),
    ("[[recipient.subscription]]", forms.SubscriptionForm, Subscription("", "")),
]
NOT_IN_FILES = {
    "root",
    "store",
    "fetch",
    "poll",
    "workers",
    "web",
    "mail",
    "alerts",
    "digest",
    "retention",
    "archive",
    "articles",
}
ELSEWHERE = {"subscription", "recipient"}
"""A reader's subscriptions are values of their own; whose they are is where they stand."""
SECRETS = {f"{prefix}{key}" for prefix in ("", "bounce_") for key in ("password", "password_env", "password_file")}


def rows(section: str) -> dict[str, tuple[str, str, str]]:
    return {name: (kind, default, meaning) for name, kind, default, meaning in ROW.findall(SECTIONS[section])}


@pytest.mark.parametrize(("section", "form", "value"), TABLES, ids=lambda part: part if isinstance(part, str) else "")
def test_every_field_can_be_written_and_is_documented(section: str, form: type[BaseModel], value: object) -> None:
    assert dataclasses.is_dataclass(value)
    fields = {field.name for field in dataclasses.fields(value)} - (NOT_IN_FILES if isinstance(value, Settings) else set())
    assert fields - SECRETS - ELSEWHERE == set(form.model_fields) - SECRETS - ELSEWHERE
    assert set(rows(section)) == ((fields - ELSEWHERE) | set(form.model_fields)) - {"password", "bounce_password"}


@pytest.mark.parametrize(("section", "form", "value"), TABLES, ids=lambda part: part if isinstance(part, str) else "")
def test_the_documented_defaults_are_the_real_ones(section: str, form: type[BaseModel], value: object) -> None:
    for name, (kind, default, _) in rows(section).items():
        if default in {"required", "none", "not known", "the slug", "its own rhythm"}:
            assert not getattr(value, name, None), name
            assert (default == "required") == form.model_fields[name].is_required(), name
            continue
        assert not form.model_fields[name].is_required(), name
        if default == "the reader's":
            continue  # tests/config/test_subscriptions.py
        written = re.findall(r"`(.+?)`", default)[0]
        assert plain(getattr(value, name)) == meant(written, kind), name


def plain(value: object) -> object:
    match value:
        case timedelta():
            return value.total_seconds()
        case Enum():
            return value.value
        case Path() | time():
            return str(value)
        case (1, 2, 3, 4, 5, 6, 7):
            return "daily"
        case tuple():
            return [item.total_seconds() if isinstance(item, timedelta) else item for item in value]
        case _:
            return value


def meant(written: str, kind: str) -> object:
    if "list" in kind and "durations" in kind:
        return [duration(item).total_seconds() for item in re.findall(r'"(.+?)"', written)]
    if "duration" in kind:
        return duration(written.strip('"')).total_seconds()
    if kind == "time of day":
        return written
    if written[0].isdigit():
        return int(written)
    words: dict[str, object] = {"true": True, "false": False, "[]": [], '["*"]': ["*"]}
    return words.get(written, written.strip('"'))


def test_every_defaults_key_is_documented() -> None:
    for name in forms.DefaultsForm.model_fields:
        assert f"`{name}`" in SECTIONS["sources.toml"]


def test_the_example_files_load_and_only_their_placeholders_are_linted() -> None:
    config = load_config(PROJECT / "config", {})
    assert sorted(path.name for path in (PROJECT / "config").iterdir()) == sorted(FILES)
    assert len(config.sources) >= 12
    assert {source.group for source in config.sources} == {"wire", "state", "opposition", "international"}
    assert {source.language for source in config.sources} >= {"en", "fr", "fa"}
    assert all(source.url.startswith("https://") for source in config.sources)
    assert {entity.slug for entity in config.entities} >= {"mek", "ncri", "rajavi"}
    assert {rule.lane for rule in config.rules} == set(Lane)
    assert any("NEAR/" in rule.query for rule in config.rules)
    assert any("title:" in rule.query for rule in config.rules)
    assert [reader.address for reader in config.recipients] == ["reader@example.org"]
    contact, mail = lint(config)
    assert contact.startswith("fetch.contact_url is the placeholder https://example.org/monitoring")
    assert mail.startswith("mail.mode is folder")


def test_every_commented_setting_of_the_example_is_right_when_switched_on(tmp_path: Path) -> None:
    text = (PROJECT / "config/aggregator.toml").read_text(encoding="utf-8")
    text = re.sub(r"^# (?=\w+ = )", "", text, flags=re.MULTILINE).replace('mode = "folder"', 'mode = "smtp"')
    (tmp_path / "aggregator.toml").write_text(text.replace("password_file =", "# password_file ="), encoding="utf-8")
    settings = load_config(tmp_path, {"AGGREGATOR_MAIL_PASSWORD": "hush"}).settings
    assert (settings.mail.host, settings.mail.password) == ("mail.example.org", "hush")
    assert settings.public_base_url == "https://monitor.example.org"
    assert settings.fetch.allow_networks == ("10.20.0.0/16",)
