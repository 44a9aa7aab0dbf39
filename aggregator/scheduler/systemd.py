"""A word to systemd (sd_notify(3)): ready, reloading, stopping, and the watchdog's heartbeat."""

from __future__ import annotations

import os
import socket


def notify(message: str) -> bool:
    """Send a state such as ``READY=1``. False when nobody listens: that is no reason to stop."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):  # an abstract socket
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.connect(address)
            channel.sendall(message.encode())
    except OSError:
        return False
    return True


def watchdog_interval() -> float | None:
    """Seconds between heartbeats (half of what systemd allows); None when there is no watchdog for this process."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    mine = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(microseconds) / 2_000_000 if microseconds.isdecimal() and mine else None
