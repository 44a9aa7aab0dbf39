"""``mail bounce`` at the end of a pipe, ``doctor mail``, and stopping in the middle of a mail."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from aggregator.notify.links import bounce_sender
from aggregator.store import Store, instance
from tests.delivery.conftest import NOW
from tests.delivery.returned import dsn, vacation

Desk = Any
PROGRAM = Path(sys.executable).parent / "aggregator"
BOUNCES = '"folder"\nbounce_address = "bounce@aggregator.example"'


def pipe(desk: Desk, raw: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [str(PROGRAM), "-c", "demo-output/config", "mail", "bounce", *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "AGGREGATOR_STORE_URL"}
    return subprocess.run(command, input=raw, cwd=desk.root, env=environment, capture_output=True, check=False)


def suppressed(desk: Desk) -> list[str]:
    return [value for (value,) in desk.sql("SELECT suppressed FROM recipient WHERE suppressed <> ''")]


def test_a_bounce_comes_through_a_pipe(desk: Desk) -> None:
    desk.edit("aggregator.toml", ('"folder"', BOUNCES))
    with Store(f"sqlite:///{desk.database}") as store:
        secret = store.write_now(instance.secret, NOW)
    ((number,),) = desk.sql("SELECT id FROM delivery ORDER BY id LIMIT 1")
    address = bounce_sender("bounce@aggregator.example", secret, number)
    forged = address.replace(f"+{number}.", f"+{number + 1}.")
    assert pipe(desk, dsn(forged)).stdout.decode().startswith("hard (5.1.1")
    assert suppressed(desk) == []
    done = pipe(desk, vacation(address))
    assert (done.returncode, done.stdout.decode()) == (0, "nothing (an automatic reply): nothing is to be done.\n")
    done = pipe(desk, dsn() + b"x" * 3_000_000, "--recipient", address)
    assert (done.returncode, done.stderr) == (0, b"")
    assert f"delivery {number}: mail to " in done.stdout.decode()
    assert suppressed(desk) == ["bounced: 5.1.1 550 5.1.1 no such user"]
    shown = desk.call("delivery", "show", str(number)).out
    assert "returned  hard: 5.1.1 550 5.1.1 no such user" in shown


def test_a_mail_system_is_asked_to_try_again_when_the_store_is_not_to_be_had(desk: Desk) -> None:
    desk.edit("aggregator.toml", ('"folder"', BOUNCES))
    desk.database.unlink()
    desk.database.write_bytes(b"this is no database, " * 100)
    done = pipe(desk, dsn())
    assert (done.returncode, done.stdout) == (75, b"")
    assert b"cannot be opened" in done.stderr


def test_a_mail_that_cannot_be_written_down_is_kept_by_the_mail_system_and_a_broken_one_is_not(desk: Desk) -> None:
    desk.edit("aggregator.toml", ('"folder"', BOUNCES))
    with Store(f"sqlite:///{desk.database}") as store:
        address = bounce_sender("bounce@aggregator.example", store.write_now(instance.secret, NOW), 1)
    broken = dsn(address, headers="X: \xe9", kind="text/rfc822-headers; charset*=utf-8''x")
    desk.sql("ALTER TABLE bounce RENAME TO lost")
    done = pipe(desk, broken)
    assert (done.returncode, done.stdout) == (75, b"")
    assert done.stderr == b"aggregator: the store cannot be used at present: no such table: bounce\n"
    desk.sql("ALTER TABLE lost RENAME TO bounce")
    done = pipe(desk, broken)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "delivery 1: mail to " in done.stdout.decode()


def test_without_a_mailbox_there_is_nothing_to_read(desk: Desk) -> None:
    done = desk.call("mail", "bounces")
    assert (done.code, "bounce_mailbox" in done.err) == (2, True)


def test_doctor_mail_says_what_there_is_and_what_there_should_be(desk: Desk) -> None:
    done = desk.call("doctor", "mail", "--no-dns")
    assert done.code == 0
    assert "v=DMARC1; p=none; rua=mailto:desk@aggregator.example" in done.out
    assert "public_base_url" in done.out
    desk.sql("UPDATE delivery SET state = 'failed', sent_at = NULL WHERE id = 1")
    found = [json.loads(line) for line in desk.call("doctor", "mail", "--no-dns", "--json").out.splitlines()]
    assert any(each["what"] == "outbox" and "1 message was given up" in each["detail"] for each in found)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        relay = f'"smtp"\nhost = "127.0.0.1"\nport = {unused.getsockname()[1]}\nsecurity = "none"'
        desk.edit("aggregator.toml", ('"folder"', relay))
        done = desk.call("doctor", "mail", "--no-dns", "--to", "ana@example.org")
    assert done.code == 1
    assert "BAD  relay: 127.0.0.1" in done.out
    assert "test to" not in done.out
    assert desk.call("doctor", "mail", "--to", "a@b, c@d.example").code == 2
    assert desk.call("doctor").out.splitlines()[0].strip().startswith("requests"), "the account of manners stays where it was"


def test_whoever_says_stop_twice_does_not_wait_for_a_slow_relay(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        relay = f'"smtp"\nhost = "127.0.0.1"\nport = {silent.getsockname()[1]}\nsecurity = "none"\ntimeout = "10m"'
        desk.edit("aggregator.toml", ('"folder"', relay))
        desk.sql("UPDATE delivery SET state = 'due', sent_at = NULL, due_at = '2020-01-01 00:00:00.000000' WHERE id = 1")
        service = desk.start("run")
        line, _ = silent.accept()  # it has begun, and waits for our greeting
        service.send(signal.SIGTERM)
        service.until("stopping")
        ended = service.end()
        line.close()
    assert ended.code == -signal.SIGTERM
    ((state, token),) = desk.sql("SELECT state, lease_token FROM delivery WHERE id = 1")
    assert state == "due"
    assert token, "whoever comes next writes down that it may have been sent"
