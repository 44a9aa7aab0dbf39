"""TLS without I/O: encrypted bytes in, plain bytes out, and the other way round.

asyncio's own TLS layer sets aside 256 kB for each connection; this one, over the memory buffers that the ``ssl`` module has for
the purpose, needs a few.
"""

from __future__ import annotations

import ssl

from aggregator.fetch.failure import FetchError
from aggregator.model.page import FailureKind

_RECORD = 16_384  # the most that one TLS record carries (RFC 8446 §5.1)

_CERTIFICATE = {
    10: "certificate has expired",
    18: "certificate is self-signed",
    19: "certificate is self-signed",
    20: "certificate has an unknown issuer",
    62: "certificate is for another host",
    64: "certificate is for another address",
}


class Tls:
    """The client's side of one connection to ``host``, whose certificate ``context`` verifies.

    After every call, ``outgoing`` has what is to be sent. ``established``: the handshake is over. ``closed``: the server said
    that it will send no more.
    """

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._ssl = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self.established = self.closed = False

    def receive(self, data: bytes) -> bytes:
        """Take what came off the connection, at first nothing, and give what it says.

        Raises:
            FetchError: of kind TLS; of kind PROTOCOL once the handshake is over.
        """
        self._incoming.write(data)
        pieces = []
        try:
            if not self.established:
                self._ssl.do_handshake()
                self.established = True
            while piece := self._ssl.read(_RECORD):
                pieces.append(piece)
            self.closed = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            raise self._failed(error) from error
        return b"".join(pieces)

    def send(self, data: bytes) -> None:
        """Encrypt ``data``; only after the handshake."""
        self._ssl.write(data)

    def outgoing(self) -> bytes:
        """What is to be sent now."""
        return self._outgoing.read()

    def _failed(self, error: ssl.SSLError) -> FetchError:
        if isinstance(error, ssl.SSLCertVerificationError):
            return FetchError(FailureKind.TLS, _CERTIFICATE.get(error.verify_code, "certificate is not valid"))
        detail = f"TLS: {(error.reason or 'handshake failed').replace('_', ' ').lower()}"
        return FetchError(FailureKind.PROTOCOL if self.established else FailureKind.TLS, detail)
