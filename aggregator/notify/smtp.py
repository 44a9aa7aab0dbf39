"""Mail through an SMTP relay (RFC 5321, 3207, 4954, 8314), with every way to fail told apart."""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import replace

import aiosmtplib

from aggregator.config.settings import MailSecurity, MailSettings
from aggregator.errors import ConfigError
from aggregator.model.delivery import Attempt, AttemptOutcome, Delivery
from aggregator.notify.address import check_address, needs_smtputf8
from aggregator.notify.message import clean_header
from aggregator.notify.signing import Signer

_PROBE_TIMEOUT = 10.0
# "Authentication required", "mechanism too weak", "credentials invalid", "encryption required": RFC 4954 §6, 3207 §4.
_OUR_FAULT = frozenset({530, 534, 535, 538})
_TOO_BIG = 552
TOO_BIG = frozenset({523, _TOO_BIG})
"""Refusals of a message for its size: 552 (RFC 1870 §6); 523 from those who answer with the digits of 5.2.3 (RFC 3463 §3.3)."""

_Trouble = (OSError, aiosmtplib.SMTPException)


class SmtpTransport:
    """Hands messages to one relay over a few connections, which are kept between sends.

    ``send`` may be called by many tasks at once; those beyond ``settings.connections`` queue. ``tls_context`` replaces the
    system's trusted certificates. Raises ``ConfigError`` at once for a sender or host that can never work.
    """

    def __init__(self, settings: MailSettings, *, tls_context: ssl.SSLContext | None = None) -> None:
        try:
            self._sender = check_address(settings.sender)
        except ValueError as error:
            raise ConfigError(
                str(error), key="mail.sender", hint='Write a bare address: sender = "monitor@example.org"'
            ) from None
        if not settings.host.isascii() or not settings.host.strip():
            hint = 'Write the relay\'s name or address: host = "smtp.example.org"'
            raise ConfigError(f"{settings.host!r} is not the host of a mail relay", key="mail.host", hint=hint)
        self._signer: Signer | None = None
        if settings.dkim_key_file is not None:
            self._signer = Signer(self._sender.rpartition("@")[2], settings.dkim_selector, settings.dkim_key_file)
        self._lines = [Line(settings, tls_context) for _ in range(settings.connections)]
        # The one that was used last is taken first: it is the likeliest to be still connected.
        self._free: asyncio.LifoQueue[Line] = asyncio.LifoQueue()
        for line in reversed(self._lines):
            self._free.put_nowait(line)

    async def send(self, delivery: Delivery) -> Attempt:
        """Try once to hand ``delivery`` to the relay.

        ``UNKNOWN`` means that the connection died after DATA: the relay may have the message. Everything before that is
        ``DEFERRED`` (4xx, a line lost), ``DOWN`` (no connection), ``REFUSED`` (5xx for this recipient or message) or
        ``BROKEN`` (TLS, login, sender or the key that signs: nobody's fault but ours). Only cancellation is raised; it drops the
        connection.
        """
        try:
            address = check_address(delivery.address)
        except ValueError as error:
            # aiosmtplib would silently send to the first address of a list.
            return Attempt(AttemptOutcome.REFUSED, 0, clean_header(str(error)))
        line = await self._free.get()  # who closes waits for all lines, and so for whoever signs
        try:
            message = await self._signed(delivery.message)
            if isinstance(message, Attempt):
                return message
            return await line.send(delivery.sender or self._sender, address, message)
        finally:
            self._free.put_nowait(line)

    async def _signed(self, message: bytes) -> bytes | Attempt:
        if self._signer is None:
            return message
        try:
            return await asyncio.to_thread(self._signer.sign, message)
        except ValueError as error:
            return Attempt(AttemptOutcome.REFUSED, 0, _first_line(error))
        except ConfigError as error:
            return Attempt(AttemptOutcome.BROKEN, 0, _first_line(error.message))

    async def aclose(self) -> None:
        """Wait for the transactions in hand, then say QUIT."""
        lines = [await self._free.get() for _ in self._lines]
        await asyncio.gather(*(line.quit() for line in lines))
        for line in reversed(self._lines):
            self._free.put_nowait(line)


class Line:
    """One connection to the relay: one transaction after the other, each over whatever connection there is by then."""

    def __init__(self, settings: MailSettings, tls_context: ssl.SSLContext | None = None) -> None:
        self._settings = settings
        self._name = ""
        self._client = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            use_tls=settings.security is MailSecurity.TLS,
            start_tls=settings.security is MailSecurity.STARTTLS,  # True: required, never "if offered"
            timeout=settings.timeout,
            tls_context=tls_context,
            local_hostname=_own_name(),
        )

    async def send(self, sender: str, address: str, message: bytes) -> Attempt:
        """Hand over one message, once."""
        settled = False
        try:
            attempt = await self.connect() or await self._hand_over(sender, address, message)
            settled = True
        finally:
            if not settled:  # cancelled half-way: what the relay answers next would be taken for the answer to something else
                self._client.close()
        return replace(attempt, server=self.server)

    @property
    def server(self) -> str:
        """The relay by its own name, from its last answer to EHLO; before that, the host that we know it by."""
        return self._name or self._settings.host

    @property
    def offers(self) -> dict[str, str]:
        """The extensions that the relay named in its last answer to EHLO, in small letters, with their parameters."""
        return self._client.esmtp_extensions

    @property
    def tls(self) -> ssl.SSLObject | None:
        """The encryption of the connection; None when there is none."""
        transport = self._client.transport
        found: ssl.SSLObject | None = transport.get_extra_info("ssl_object") if transport is not None else None
        return found

    async def quit(self) -> None:
        """Say QUIT, if there is a connection."""
        if self._client.is_connected:
            try:
                await self._client.quit(timeout=min(_PROBE_TIMEOUT, self._settings.timeout))
            except _Trouble:
                pass  # the relay hung up first
            finally:
                self._client.close()

    async def connect(self) -> Attempt | None:
        """Have a connection that is fit for a new transaction, or say why there is none."""
        if await self._still_there():
            return None
        connected = False
        try:
            await self._client.connect()
            if self._client.is_ehlo_or_helo_needed:  # its answer lists the extensions
                await self._client.ehlo()
            connected = True
            said = self._client.last_ehlo_response
            self._name = clean_header(said.message.split()[0])[:100] if said and said.message.split() else ""
            if self._settings.username:
                await self._client.login(self._settings.username, self._settings.password)
        except (ValueError, OverflowError) as error:  # a host name or a port that cannot be, a digest that this machine forbids
            self._client.close()
            return Attempt(AttemptOutcome.BROKEN, 0, _first_line(error))
        except _Trouble as error:
            self._client.close()
            if connected and isinstance(error, aiosmtplib.SMTPServerDisconnected):
                # Some relays hang up after a wrong password instead of answering the next mechanism.
                return Attempt(AttemptOutcome.BROKEN, 0, "the relay hung up during login")
            return _no_connection(error)
        return None

    async def _still_there(self) -> bool:
        """Ask with RSET, which also ends what a refused transaction left behind. A silent line must not cost a whole time-out."""
        if not self._client.is_connected:
            return False
        try:
            await self._client.rset(timeout=min(_PROBE_TIMEOUT, self._settings.timeout))
        except _Trouble:
            self._client.close()
            return False
        return True

    async def _hand_over(self, sender: str, address: str, message: bytes) -> Attempt:
        """MAIL, RCPT, DATA. The three are separate calls, because only so is it known whether DATA was reached."""
        utf8 = needs_smtputf8(address) or needs_smtputf8(sender)
        encoding = "utf-8" if utf8 else "ascii"
        handed = False
        try:
            if utf8 and not self._client.supports_extension("smtputf8"):
                return Attempt(AttemptOutcome.REFUSED, 0, "the relay does not offer SMTPUTF8, which this address needs")
            limit = self._client.esmtp_extensions.get("size", "")
            if limit.isdecimal() and 0 < int(limit[:18]) < len(message):
                told = f"the message has {len(message):,} bytes, and the relay takes {int(limit[:18]):,} at most"
                return Attempt(AttemptOutcome.REFUSED, _TOO_BIG, told)
            options = [f"SIZE={len(message)}"] if self._client.supports_extension("size") else []
            await self._client.mail(sender, options=[*options, *["SMTPUTF8"] * utf8], encoding=encoding)
            await self._client.rcpt(address, encoding=encoding)
            handed = True
            answer = await self._client.data(message)
        except aiosmtplib.SMTPResponseException as error:
            if error.code < 400:  # no refusal: we no longer know what its next answer will be about
                self._client.close()
            return _refused(error, handed=handed)
        except _Trouble as error:
            self._client.close()
            outcome = AttemptOutcome.UNKNOWN if handed else AttemptOutcome.DEFERRED
            return Attempt(outcome, 0, _first_line(error))
        return Attempt(AttemptOutcome.ACCEPTED, answer.code, _first_line(answer.message))


def _own_name() -> str:
    """Our name for EHLO, without asking DNS, which may take long to fail; without one, an address literal (RFC 5321 §4.1.4)."""
    name = socket.gethostname()
    return name if name.isascii() and "." in name.strip(".") else "[127.0.0.1]"


def _no_connection(error: Exception) -> Attempt:
    """What a failed connect, STARTTLS or login means."""
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return Attempt(AttemptOutcome.BROKEN, 0, _first_line(error))
    match error:
        case aiosmtplib.SMTPResponseException(code=code):
            outcome = AttemptOutcome.BROKEN if code >= 500 else AttemptOutcome.DOWN
            return Attempt(outcome, max(0, code), _first_line(error))
        case OSError():  # time-outs and lost connections are OSErrors, too
            return Attempt(AttemptOutcome.DOWN, 0, _first_line(error))
        case _:  # STARTTLS or AUTH is not offered
            return Attempt(AttemptOutcome.BROKEN, 0, _first_line(error))


def _refused(error: aiosmtplib.SMTPResponseException, *, handed: bool) -> Attempt:
    """Judge a refusal by the class of its code (RFC 5321 §4.2.1)."""
    code = max(0, error.code)
    if code in _OUR_FAULT or (isinstance(error, aiosmtplib.SMTPSenderRefused) and code >= 500 and code not in TOO_BIG):
        outcome = AttemptOutcome.BROKEN
    elif code >= 500:
        outcome = AttemptOutcome.REFUSED
    elif code >= 400 or not handed:
        outcome = AttemptOutcome.DEFERRED
    else:  # an answer to DATA that makes no sense: the relay may have the message
        outcome = AttemptOutcome.UNKNOWN
    return Attempt(outcome, code, _first_line(error))


def _first_line(answer: Exception | str) -> str:
    """The first line of an answer, or of an error's message, fit for a log: no control characters, at most 200 characters."""
    if isinstance(answer, aiosmtplib.SMTPException):
        answer = answer.message
    return clean_header((str(answer).strip() or type(answer).__name__).split("\n", 1)[0])[:200]
