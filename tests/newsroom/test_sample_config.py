"""The configuration that comes with the newsroom, and its command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.newsroom import Newsroom, write_config


@pytest.fixture
def written(newsroom: Newsroom, tmp_path: Path) -> dict[str, dict[str, Any]]:
    folder = tmp_path / "etc" / 'with "quotes"'
    for _ in range(2):  # a second time replaces
        write_config(folder, newsroom, mail_folder=tmp_path / "post fach", store_url="sqlite:////tmp/a b.db")
    return {path.stem: tomllib.loads(path.read_text("utf-8")) for path in folder.iterdir()}


def test_five_files(written: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    assert set(written) == {"aggregator", "sources", "entities", "rules", "recipients"}
    settings = written["aggregator"]
    assert settings["store"] == {"url": "sqlite:////tmp/a b.db"}
    assert settings["mail"]["folder"] == str(tmp_path / "post fach")
    assert settings["fetch"]["allow_networks"] == ["127.0.0.0/8"]


def test_sources_are_the_outlets(written: dict[str, dict[str, Any]], newsroom: Newsroom) -> None:
    sources = {source["slug"]: source for source in written["sources"]["source"]}
    assert list(sources) == [outlet.slug for outlet in newsroom.outlets]
    for outlet in newsroom.outlets:
        source = sources[outlet.slug]
        assert (source["url"], source["site_url"], source["name"]) == (outlet.feed_url, outlet.site_url, outlet.name)
        assert (source["language"], source["timezone"]) == (outlet.language, outlet.timezone)


def test_rules_entities_and_recipients_fit_together(
    written: dict[str, dict[str, Any]], newsroom: Newsroom, start: datetime
) -> None:
    rules = {rule["slug"]: rule for rule in written["rules"]["rule"]}
    topics = {topic for story in newsroom.stories(start + timedelta(hours=1)).values() for topic in story.topics}
    assert topics == set(rules) - {"volcano"}
    assert rules["fhm"]["lane"] == "now"
    entities = {entity["slug"] for entity in written["entities"]["entity"]}
    used = {word.lstrip("(")[1:] for rule in rules.values() for word in rule["query"].split() if word.lstrip("(").startswith("@")}
    assert used <= entities
    recipients = written["recipients"]["recipient"]
    assert [recipient["timezone"] for recipient in recipients] == ["Europe/Paris", "Asia/Tehran", "America/New_York"]
    named = {name for recipient in recipients for name in recipient["rules"] if "*" not in name}
    assert named <= set(rules)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """What is started hears Ctrl-C, also where the tests were started in the background of a shell, which lets nobody hear it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_the_command_serves_until_it_is_interrupted() -> None:
    command = [sys.executable, "-W", "error", "-m", "aggregator.newsroom", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}) as process:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(8)]
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate()
    assert all("http://127.0." in line for line in lines)
    assert (rest, errors, process.returncode) == ("", "", 0)
