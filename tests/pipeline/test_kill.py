"""``aggregator run`` in real time, killed with SIGKILL again and again at random moments: the totals are those of a calm run."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from sqlmodel import Session, select

from aggregator.newsroom import MARKER_WORDS, Newsroom, write_config
from aggregator.store import Store
from aggregator.store.maintenance import stats
from aggregator.store.tables import ArticleRow, DeliveryRow, EntryRow, MatchRow, SightingRow

PER_OUTLET = 30


@pytest.fixture(params=["sqlite", "postgresql"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, int, int]:
    """Where the store is, how many outlets and how many kills: on PostgreSQL fewer, to show that its transactions and its lock
    are as good; all else is one code."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url")), 3, 3
    return f"sqlite:///{tmp_path}/world.db", 8, 10


def _start(folder: Path, url: str) -> subprocess.Popen[str]:
    command = [str(Path(sys.executable).parent / "aggregator"), "--config", str(folder), "run"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "AGGREGATOR_STORE_URL": url}
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)


def _read_until(process: subprocess.Popen[str], lines: int, event: str = "") -> list[dict[str, object]]:
    """Read so many log lines, or until an event has come."""
    assert process.stderr is not None
    read = []
    for line in process.stderr:
        read.append(json.loads(line))
        if len(read) >= lines or (event and read[-1]["event"] == event):
            break
    return read


def test_kills_lose_nothing_and_repeat_nothing(tmp_path: Path, case: tuple[str, int, int]) -> None:
    url, outlets, kills = case
    rng = random.Random(20260324)
    start = datetime.now(UTC) - timedelta(hours=1)
    # All stories are out from the beginning, but for one outlet's last ones: the kills fall into the busiest time.
    newsroom = Newsroom.synthetic(
        outlets, PER_OUTLET, start=start, spacing=timedelta(seconds=60), seed=3, clock=lambda: datetime.now(UTC)
    )
    with newsroom:
        write_config(tmp_path / "config", newsroom, mail_folder=tmp_path / "mail", store_url="sqlite:///not-this.db")
        rules = [
            f'[[rule]]\nslug = "word-{number}"\nname = "{word}"\nquery = "{word}"\nlane = "now"\n'
            for number, word in enumerate(MARKER_WORDS)
        ]
        (tmp_path / "config" / "rules.toml").write_text("\n".join(rules), "utf-8")
        (tmp_path / "config" / "entities.toml").write_text("", "utf-8")
        reader = '[[recipient]]\nslug = "ana"\naddress = "ana@example.org"\ntimezone = "UTC"\ndigest_at = 00:00:00\n'
        (tmp_path / "config" / "recipients.toml").write_text(reader, "utf-8")
        truth = sorted(url for urls in newsroom.truth(datetime.now(UTC)).values() for url in urls)
        for _ in range(kills):
            process = _start(tmp_path / "config", url)
            _read_until(process, rng.randint(3, 14))
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert process.stderr is not None
            process.stderr.close()
        process = _start(tmp_path / "config", url)
        with Store(url) as store:
            while store.read_now(_unfinished, len(truth)):
                _read_until(process, 1)
            process.send_signal(signal.SIGTERM)
            assert process.stderr is not None
            last = [json.loads(line)["event"] for line in process.stderr][-1]
            assert process.wait() == 0
            process.stderr.close()
            assert last == "stopped"
            assert sorted(store.read_now(lambda session: list(session.exec(select(ArticleRow.url))))) == truth
            assert sorted(store.read_now(lambda session: list(session.exec(select(SightingRow.url))))) == truth
            found = store.read_now(lambda session: len(session.exec(select(MatchRow.id)).all()))
            assert found == _brute_force(newsroom)
            store.read_now(_each_mail_once, tmp_path / "mail")


def _unfinished(session: Session, articles: int) -> bool:
    waiting = session.exec(select(ArticleRow.id).where(ArticleRow.match_due)).first()
    pending = session.exec(select(EntryRow.id).where(EntryRow.state == "pending")).first()
    due = session.exec(select(DeliveryRow.id).where(DeliveryRow.state == "due")).first()
    return stats(session).articles < articles or any(item is not None for item in (waiting, pending, due))


def _brute_force(newsroom: Newsroom) -> int:
    texts = ["\n".join((story.title, *story.paragraphs)) for story in newsroom.stories(datetime.now(UTC)).values()]
    patterns = [re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE) for word in MARKER_WORDS]
    return sum(pattern.search(text) is not None for text in texts for pattern in patterns)


def _each_mail_once(session: Session, folder: Path) -> None:
    ids = [message_from_bytes(path.read_bytes())["Message-ID"] for path in folder.glob("*.eml")]
    assert sorted(ids) == sorted(session.exec(select(DeliveryRow.message_id)))
