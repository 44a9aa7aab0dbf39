"""The mailbox that bounces come to: over IMAP (RFC 9051, always with TLS), or a Maildir or mbox on this machine."""

from __future__ import annotations

import asyncio
import imaplib
import mailbox
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, ParamSpec, Protocol, TypeVar
from urllib.parse import unquote, urlsplit

from aggregator.config.settings import MailSettings
from aggregator.errors import ConfigError
from aggregator.notify.bounces import MOST_BYTES

P = ParamSpec("P")
T = TypeVar("T")

MOST = 1000
"""Mails read at a time."""

_KEY = "mail.bounce_mailbox"


class _Box(Protocol):
    """A mailbox of some kind; it blocks, and is used from a thread."""

    def unread(self) -> list[str]:
        """The keys of the mails that nobody has dealt with."""
        ...

    def fetch(self, key: str) -> bytes:
        """A mail, up to ``MOST_BYTES``."""
        ...

    def mark_read(self, key: str) -> None:
        """It is dealt with."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Mailbox:
    """The mailbox of the settings, as a context manager. All of it raises ConfigError when it cannot be read, or not marked.

    ``tls_context`` replaces the system's trusted certificates.
    """

    def __init__(self, settings: MailSettings, *, tls_context: ssl.SSLContext | None = None) -> None:
        self._settings, self._tls_context = settings, tls_context
        self._box: _Box | None = None

    async def __aenter__(self) -> Mailbox:
        self._box = await _try(self._open)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._box is not None:
            await _try(self._box.close)

    def _open(self) -> _Box:
        where = self._settings.bounce_mailbox
        if not where:
            hint = 'bounce_mailbox = "/var/mail/bounce", or "imaps://bounce@mail.example.org/INBOX"'
            raise ConfigError("there is no mailbox of bounces", key=_KEY, hint=hint)
        if "://" in where:
            return _Imap(self._settings, self._tls_context)
        path = Path(where)
        if not path.exists():
            raise FileNotFoundError(f"{path} does not exist")
        return _Maildir(path) if path.is_dir() else _Mbox(path)

    async def unread(self) -> AsyncIterator[tuple[str, bytes]]:
        """The mails that nobody has dealt with, each with its key."""
        assert self._box is not None
        for key in (await _try(self._box.unread))[:MOST]:
            yield key, await _try(self._box.fetch, key)

    async def mark_read(self, key: str) -> None:
        """A mail is dealt with, and will not be read again."""
        assert self._box is not None
        await _try(self._box.mark_read, key)


async def _try(act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call what blocks in a thread. Raises ConfigError for whatever a mailbox refuses."""
    try:
        return await asyncio.to_thread(act, *args, **kwargs)
    except (OSError, imaplib.IMAP4.error, mailbox.Error, LookupError) as error:  # LookupError: the mail was taken away meanwhile
        told = str(error) or type(error).__name__
        raise ConfigError(f"the mailbox of bounces cannot be used: {told}", key=_KEY, hint="see docs/mail.md") from None


class _Maildir:
    """A Maildir: what is dealt with moves to ``cur`` with the flag S."""

    def __init__(self, path: Path) -> None:
        self._box: Any = mailbox.Maildir(path, create=False)

    def unread(self) -> list[str]:
        return sorted(key for key, message in self._box.iteritems() if "S" not in message.get_flags())

    def fetch(self, key: str) -> bytes:
        with self._box.get_file(key) as file:
            return bytes(file.read(MOST_BYTES))

    def mark_read(self, key: str) -> None:
        message = self._box[key]
        message.set_subdir("cur")
        message.add_flag("S")
        self._box[key] = message

    def close(self) -> None:
        self._box.close()


class _Mbox:
    """An mbox file, locked while it is used: what is dealt with gets ``Status: R``."""

    def __init__(self, path: Path) -> None:
        self._box: Any = mailbox.mbox(path, create=False)
        self._box.lock()

    def unread(self) -> list[str]:
        return [str(key) for key, message in self._box.iteritems() if "R" not in message.get_flags()]

    def fetch(self, key: str) -> bytes:
        return bytes(self._box.get_bytes(int(key))[:MOST_BYTES])

    def mark_read(self, key: str) -> None:
        message = self._box[int(key)]
        message.add_flag("R")
        self._box[int(key)] = message
        self._box.flush()

    def close(self) -> None:
        self._box.unlock()
        self._box.close()


class _Imap:
    """A folder of an IMAP account: what is dealt with gets the flag ``\\Seen``."""

    def __init__(self, settings: MailSettings, tls_context: ssl.SSLContext | None) -> None:
        parts = urlsplit(settings.bounce_mailbox)
        context = tls_context or ssl.create_default_context()
        self._imap = imaplib.IMAP4_SSL(parts.hostname or "", parts.port or 993, ssl_context=context, timeout=settings.timeout)
        try:
            self._imap.login(unquote(parts.username or ""), settings.bounce_password)
            folder = unquote(parts.path.strip("/")) or "INBOX"
            self._ok(self._imap.select('"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'))
        except BaseException:
            self._imap.shutdown()
            raise

    def unread(self) -> list[str]:
        found = self._ok(self._imap.uid("SEARCH", "UNSEEN"))
        return found[0].decode().split() if found and isinstance(found[0], bytes) else []

    def fetch(self, key: str) -> bytes:
        # PEEK: whoever dies in the middle leaves it unread.
        for piece in self._ok(self._imap.uid("FETCH", key, f"(BODY.PEEK[]<0.{MOST_BYTES}>)")):
            if isinstance(piece, tuple):
                return bytes(piece[1])
        return b""

    def mark_read(self, key: str) -> None:
        self._ok(self._imap.uid("STORE", key, "+FLAGS.SILENT", r"(\Seen)"))

    def close(self) -> None:
        try:
            self._imap.logout()
        except (OSError, imaplib.IMAP4.error):
            self._imap.shutdown()

    @staticmethod
    def _ok(answer: tuple[str, Any]) -> list[Any]:
        kind, content = answer[0], list(answer[1])
        if kind != "OK":
            raise imaplib.IMAP4.error(f"the server answers {kind}: {content!r:.100}")
        return content
