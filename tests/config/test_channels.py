"""``channels.toml``: webhooks and chats, and secrets that stand elsewhere."""

from __future__ import annotations

import base64
import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aggregator.config import lint, load_config
from aggregator.config.channels import SECRETS, ChatForm, WebhookForm
from aggregator.errors import ConfigError, ConfigErrors
from aggregator.model.channel import Channel, ChannelKind, EventType

MakeFolder = Callable[..., Path]
PROJECT = Path(__file__).parents[2]
SECRET = f"whsec_{base64.b64encode(bytes(range(32))).decode()}"
RULES = '[[rule]]\nslug = "mek"\nquery = "a"\n'
PEOPLE = '[[recipient]]\nslug = "ana"\naddress = "ana@example.org"\n'
HOOK = '[[webhook]]\nslug = "archive"\nurl = "https://archive.example.org/hook"\nsecret_env = "HOOK"\n'
CHAT = '[[chat]]\nslug = "room"\nurl_env = "ROOM"\n'


def errors(folder: Path, **environ: str) -> list[ConfigError]:
    with pytest.raises(ConfigErrors) as refused:
        load_config(folder, {"HOOK": SECRET, "ROOM": "ntfy://news.example.org/topic", **environ})
    return list(refused.value.errors)


def test_a_webhook_and_a_chat_with_everything(folder: MakeFolder) -> None:
    more = 'rules = ["me*"]\nevents = ["digest.sent"]\nowner = "ana"\nallow_networks = ["10.0.0.0/8"]\nold_secret_file = "old"\n'
    path = folder(rules=RULES, recipients=PEOPLE, channels=HOOK + more + CHAT + 'rules = ["mek"]\nowner = "ana"\n')
    (path / "old").write_text(f"{SECRET}\n", encoding="utf-8")
    config = load_config(path, {"HOOK": SECRET, "ROOM": "ntfys://news.example.org/hush"})
    assert config.channels == (
        Channel(
            "archive", ChannelKind.WEBHOOK, "https://archive.example.org/hook", ("me*",), (EventType.DIGEST_SENT,), "ana",
            ("10.0.0.0/8",),
        ),
        Channel("room", ChannelKind.CHAT, rules=("mek",), owner="ana"),
    )  # fmt: skip
    assert config.channel_secrets == {"archive": (SECRET, SECRET), "room": ("ntfys://news.example.org/hush",)}
    assert SECRET not in repr(config)
    assert "hush" not in repr(config)


def test_no_file_no_channels(folder: MakeFolder) -> None:
    assert load_config(folder(), {}).channels == ()


@pytest.mark.parametrize(
    ("text", "line", "key", "message"),
    [
        (HOOK + f'secret = "{SECRET}"\n', 5, 'webhook["archive"].secret', "does not belong in a file"),
        (CHAT + 'url = "tgram://hush/1"\n', 4, 'chat["room"].url', "does not belong in a file"),
        (HOOK.replace("HOOK", "NONE"), 4, 'webhook["archive"].secret_env', "NONE is not set"),
        (HOOK.replace("HOOK", "SHORT"), 4, 'webhook["archive"].secret_env', "holds a key of 4 bytes"),
        (HOOK.replace("_env", "_file"), 4, 'webhook["archive"].secret_file', "cannot be read"),
        (HOOK.replace('secret_env = "HOOK"\n', ""), 1, 'webhook["archive"]', "has no secret"),
        (HOOK + 'secret_file = "x"\n', 5, 'webhook["archive"].secret_file', "stands beside"),
        (HOOK + 'rules = ["mex"]\n', 5, 'webhook["archive"].rules[1]', "matches no rule"),
        (HOOK + 'owner = "anna"\n', 5, 'webhook["archive"].owner', "is no recipient"),
        (HOOK + 'events = ["article.found"]\n', 5, 'webhook["archive"].events[1]', "must be one of"),
        (HOOK + "events = []\n", 5, 'webhook["archive"].events', "must not be empty"),
        (HOOK.replace("https://", "https://u:hush@"), 3, 'webhook["archive"].url', "user name"),
        (HOOK.replace("https://", "file://"), 3, 'webhook["archive"].url', "not an http"),
        (HOOK + CHAT.replace("room", "archive"), 6, 'chat["archive"].slug', "stands on line 2 already"),
        (CHAT.replace("ROOM", "DBUS"), 3, 'chat["room"].url_env', "no chat that we speak"),
        (CHAT.replace("ROOM", "JSON"), 3, 'chat["room"].url_env', "no chat that we speak"),
        (CHAT.replace("ROOM", "HOOK"), 3, 'chat["room"].url_env', "is no address of a chat"),
        (CHAT.replace('url_env = "ROOM"\n', ""), 1, 'chat["room"]', "has no address"),
        ('[[recipient]]\nslug = "x"\n', 1, "recipient", "unknown key"),
        ('[[webhok]]\nslug = "x"\n', 1, "webhok", "unknown key"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_no_secret(
    folder: MakeFolder, text: str, line: int, key: str, message: str
) -> None:
    path = folder(rules=RULES, recipients=PEOPLE, channels=text)
    found = errors(path, SHORT="whsec_AAAAAA==", DBUS="dbus://hush", JSON="json://hush@127.0.0.1/")
    assert [(error.line, error.key) for error in found] == [(line, key)]
    assert message in found[0].message
    assert Path(found[0].path).name == "channels.toml"
    assert found[0].hint or "must not be empty" in message
    assert not re.search(f"hush|{re.escape(SECRET)}", str(found[0]))


def test_one_that_sleeps_needs_no_secret(folder: MakeFolder) -> None:
    path = folder(channels=HOOK + "enabled = false\n" + CHAT.replace("_env", "_file") + "enabled = false\n")
    config = load_config(path, {})
    assert [channel.enabled for channel in config.channels] == [False, False]


@pytest.mark.parametrize(("noun", "form"), [("webhook", WebhookForm), ("chat", ChatForm)])
def test_every_key_is_documented_with_its_default(noun: str, form: Any) -> None:
    document = (PROJECT / "docs/configuration.md").read_text(encoding="utf-8")
    section = document.split(f"### [[{noun}]]\n")[1].split("\n##")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| .+? \| (.+?) \| .+ \|$", section, re.MULTILINE))
    fields = {field.name for field in dataclasses.fields(Channel)}
    assert set(rows) == set(form.model_fields) - ({"secret"} if noun == "webhook" else {"url"})
    assert set(form.model_fields) - SECRETS - {"url"} <= fields
    said = {"`true`": True, '`["*"]`': ("*",), "`[]`": (), '`["article.matched"]`': (EventType.ARTICLE_MATCHED,), "none": ""}
    for name, default in rows.items():
        assert (default == "required") == form.model_fields[name].is_required(), name
        if default != "required" and name in fields:
            assert getattr(Channel("x"), name) == said[default], name


def test_the_example_is_right_when_switched_on(tmp_path: Path) -> None:
    for name in ("aggregator", "recipients", "rules", "entities", "sources", "channels"):
        text = (PROJECT / f"config/{name}.toml").read_text(encoding="utf-8")
        if name == "channels":
            text = re.sub(r"^# (?=\w+ = |\[\[)", "", text, flags=re.MULTILINE)
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    config = load_config(tmp_path, {"AGGREGATOR_ARCHIVE_SECRET": SECRET, "AGGREGATOR_NEWSROOM_CHAT": "tgram://1:hush/2"})
    assert [channel.slug for channel in config.channels] == ["archive", "newsroom"]


def test_what_is_allowed_but_unwise(folder: MakeFolder) -> None:
    config = load_config(folder(channels=HOOK.replace("https", "http") + CHAT), {"HOOK": SECRET, "ROOM": "ntfy://a.example/b"})
    assert [line for line in lint(config) if "archive" in line or "room" in line] == [
        'webhook "archive" has no TLS: what it is told can be read on the way',
        'webhook "archive" has no owner: nobody gets a mail when it had to be switched off',
        'chat "room" has no owner: nobody gets a mail when it had to be switched off',
    ]
