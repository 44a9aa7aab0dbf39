"""Kill senders with SIGKILL, line by line of their own code, and account for every message afterwards.

``python -m tests.delivery.proof --kills 2000``. Two senders work on one outbox at a time. Each is a process of its own, forked
from this one (which has the modules loaded, so that a life costs little), and kills itself when it comes to the n-th line of the
code that takes, hands over and settles a message: the n differ, so that over many lives every line has its turn.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from aggregator.app import SystemClock
from aggregator.config.settings import Config, MailMode, MailSecurity, MailSettings, Settings
from aggregator.model.delivery import DeliveryKind, Letter, Recipient
from aggregator.notify import SmtpTransport
from aggregator.pipeline.deliver import DeliverReport, Sender
from aggregator.pipeline.letters import seal
from aggregator.store import Store, migrate, outbox, registry, sources
from aggregator.store.outbox import is_waiting
from aggregator.store.tables import AttemptRow, DeliveryRow

OURS = ("pipeline/deliver.py", "notify/smtp.py", "store/outbox.py", "store/engine.py")
WATCHED = (*OURS, "aiosmtplib/smtp.py", "aiosmtplib/esmtp.py", "aiosmtplib/protocol.py")
TIRESOME = ("_read_response_from_buffer", "data_received", "parse_esmtp_extensions")
"""Functions with many lines that change nothing."""

MOODS = ("ok", "ok", "ok", "grey1", "grey2", "refuse", "mute1", "hang1", "drop1", "drop2", "lost1", "us1")
READERS = 40
LINES = 700
"""About so many watched lines have the first two deliveries of a sender's life."""


@dataclass(frozen=True)
class Account:
    """What was found in the end. Each of the last five is to be empty, or zero."""

    messages: int
    kills: int
    places: int
    """Different lines at which a sender died."""
    stages: dict[str, int]
    sent: int
    failed: int
    taken_twice: int
    waiting: int
    lost: list[str]
    """Sent by our account, and not in the relay's ledger; or neither sent nor refused."""
    unexplained: list[str]
    """Taken more often than there are attempts of which we say that we do not know how they ended."""
    changed: list[str]
    """Taken twice, and not the same to the byte."""
    wrong: list[str]
    """Failed, and yet taken; or accepted more than once by our own account."""


def mail_settings(port: int) -> MailSettings:
    return MailSettings(
        mode=MailMode.SMTP, host="127.0.0.1", port=port, security=MailSecurity.NONE, sender="desk@example.org", timeout=0.3
    )


def fill(store: Store, port: int, messages: int, rng: random.Random) -> None:
    """Put messages of every mood into the outbox."""
    people = tuple(
        Recipient(f"reader-{number}", f"{MOODS[number % len(MOODS)]}.{number}@d{number % 13}.example")
        for number in range(READERS)
    )
    now = datetime.now(UTC)
    config = Config(Settings(mail=mail_settings(port)), recipients=people)
    store.write_now(registry.apply, config, now, str)
    ids = store.read_now(registry.registered).recipients
    for number in range(messages):
        person = people[number % READERS]
        letter = Letter(f"Story {number}", "text\n" * 20, "<p>text</p>\n" * 20)
        kind = rng.choice(list(DeliveryKind))
        mail = seal(config.settings, letter, person, ids[person.slug], kind=kind, key=f"{kind}:{number}", now=now)
        store.write_now(outbox.enqueue, mail, now)


async def send_until_empty(url: str, port: int, line: int, log: int) -> None:
    """A sender's life, as the service leads it, up to the ``line`` where it dies; 0: until it finds nothing that it could send.

    Who has nothing to do asks again at once: nobody waits here, and a busy sender comes to its line the sooner.
    """

    def tell(report: DeliverReport) -> None:
        pass

    with Store(url) as store:
        settings = mail_settings(port)
        sender = Sender(store, SmtpTransport(settings), SystemClock(), settings, tell)
        if line:
            die_at(line, log)
        while await store.read(_waiting if line else _free):
            sender.rests_until = None  # no hour is waited for here: what waits is made due at once
            if not line:
                await store.write(let_time_pass)
            await sender.deliver_due()
        await sender.transport.aclose()


def _waiting(session: Session) -> int:
    return session.exec(select(func.count()).where(is_waiting())).one()


def _free(session: Session) -> int:
    """What the other sender does not have: of what it has, it sees to the end."""
    return session.exec(select(func.count()).where(is_waiting(), col(DeliveryRow.lease_until).is_(None))).one()


def die_at(line: int, log: int) -> None:
    """Arrange for SIGKILL at the ``line``-th watched line of this process, in whatever thread."""
    left, lock = [line], threading.Lock()

    def local(frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            with lock:
                left[0] -= 1
                if left[0] == 0:
                    place = f"{Path(frame.f_code.co_filename).name}:{frame.f_code.co_name}:{frame.f_lineno}\n"
                    os.write(log, place.encode())
                    os.kill(os.getpid(), signal.SIGKILL)
        return local

    def trace(frame: FrameType, _event: str, _: Any) -> Any:
        code = frame.f_code
        return local if code.co_filename.endswith(WATCHED) and code.co_name not in TIRESOME else None

    sys.settrace(trace)
    threading.settrace(trace)


def start(url: str, port: int, line: int, log: int) -> int:
    """Fork a sender that dies at the ``line``-th watched line; 0: it lives until nothing waits."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        asyncio.run(send_until_empty(url, port, line, log))
        status = 0
    finally:
        os._exit(status)


def let_time_pass(session: Session) -> None:
    """Whatever waits for a later hour is due now. How often it was tried does not count: a day has not passed."""
    idle = (is_waiting(), col(DeliveryRow.lease_until).is_(None))
    session.execute(update(DeliveryRow).where(*idle).values(due_at=datetime.now(UTC) - timedelta(seconds=1), attempts=0))


def prove(url: str, folder: Path, kills: int, messages: int, seed: int) -> Account:
    """Run it all: the relay, the kills, a calm end, and the account."""
    rng, ledger = random.Random(seed), folder / "ledger"
    log = os.open(folder / "places", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    relay = subprocess.Popen([sys.executable, "-m", "tests.delivery.relay", str(ledger)], stdout=subprocess.PIPE, text=True)
    assert relay.stdout is not None
    try:
        port = int(relay.stdout.readline())
        with Store(url) as store:  # its connections are not for the children, who open their own
            fill(store, port, messages, rng)
            done = _kill(store, port, kills, rng, log)
            living = {start(url, port, 0, log) for _ in range(2)}
            while living:
                living.discard(os.wait()[0])
    finally:
        relay.kill()
        relay.wait()
        relay.stdout.close()
    with Store(url) as store:
        return store.read_now(audit, ledger.read_text().splitlines(), os.pread(log, 1 << 24, 0).decode().splitlines(), done)


def _kill(store: Store, port: int, kills: int, rng: random.Random, log: int) -> int:
    """Let senders live and die, two at a time; when both are dead, the next two start as the service does. Returns the deaths."""
    places = [1 + LINES * number // kills for number in range(kills)]
    rng.shuffle(places)
    done = 0
    while places:
        living = {start(store.url, port, places.pop(), log) for _ in range(min(2, len(places)))}
        while living:
            pid, status = os.wait()
            living.discard(pid)
            done += os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        store.write_now(sources.free_leases)
        store.write_now(let_time_pass)
    return done


def audit(session: Session, ledger: list[str], places: list[str], kills: int) -> Account:
    """Hold our account against the relay's."""
    taken = Counter(line.split()[0] for line in ledger)
    kinds: dict[str, set[str]] = {}
    for line in ledger:
        kinds.setdefault(line.split()[0], set()).add(line.split()[1])
    tries: dict[int, Counter[str]] = {}
    for each in session.exec(select(AttemptRow)):
        tries.setdefault(each.delivery_id, Counter())[each.outcome] += 1
    rows = session.exec(select(DeliveryRow)).all()
    states = Counter(row.state for row in rows)
    none: Counter[str] = Counter()
    lost, unexplained, changed, wrong = [], [], [], []
    for row in rows:
        count, outcomes = taken[row.message_id], tries.get(row.id or 0, none)
        refused = row.address.startswith("refuse")
        if (row.state == "sent" and not count) or (row.state == "failed" and not refused):
            lost.append(row.message_id)
        if count > 1 + outcomes["unknown"] or (count > 1 and not outcomes["unknown"]):
            unexplained.append(row.message_id)
        if kinds.get(row.message_id, set()) - {hashlib.sha256(row.message).hexdigest()}:
            changed.append(row.message_id)
        if (row.state == "failed" and count) or outcomes["accepted"] > 1 or (row.state == "sent") != bool(outcomes["accepted"]):
            wrong.append(row.message_id)
    return Account(
        messages=len(rows),
        kills=kills,
        places=len(set(places)),
        stages=dict(Counter(place.split(":")[1] for place in places).most_common(60)),
        sent=states["sent"],
        failed=states["failed"],
        taken_twice=sum(count > 1 for count in taken.values()),
        waiting=len(rows) - states["sent"] - states["failed"],
        lost=lost,
        unexplained=unexplained,
        changed=changed,
        wrong=wrong,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=2000)
    parser.add_argument("--messages", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", default="")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        where = chosen.store or f"sqlite:///{made}/outbox.db"
        migrate.upgrade(where)
        print(json.dumps(asdict(prove(where, Path(made), chosen.kills, chosen.messages, chosen.seed))))
