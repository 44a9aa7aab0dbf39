"""``aggregator run`` with a port: it listens, ends cleanly, and says what is wrong when the port cannot be had."""

from __future__ import annotations

import signal
import socket
import urllib.request
from typing import Any

Desk = Any


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def test_run_listens_where_the_configuration_says_and_stops_when_told(desk: Desk) -> None:
    port = _free_port()
    desk.edit("aggregator.toml", more=f"\n[web]\nport = {port}\n")
    service = desk.start("run")
    service.until("web.listening", host="127.0.0.1", port=port)
    service.until("ready")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
        assert (answer.status, answer.read()) == (200, b"ok")
    outcome = service.end(signal.SIGTERM)
    assert outcome.code == 0
    assert '"stopped"' in outcome.err.splitlines()[-1]


def test_a_port_that_is_taken_is_an_error_of_the_configuration(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        desk.edit("aggregator.toml", more=f"\n[web]\nport = {port}\n")
        outcome = desk.start("run").end(signal.SIGCONT)
    assert outcome.code == 2
    assert f"cannot listen on 127.0.0.1, port {port}: Address already in use" in outcome.err
    assert "Traceback" not in outcome.err
