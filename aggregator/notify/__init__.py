"""The post room: makes a MIME message of a letter and hands it to an SMTP relay, or to a folder of files.

A refusal, a time-out or a relay that is down is a value (``Attempt``), never an exception; sending the same delivery again
is always safe, because it carries the same Message-ID.
"""

from aggregator.notify.address import check_address, needs_smtputf8
from aggregator.notify.folder import FolderTransport
from aggregator.notify.links import Links, Purpose, number_of
from aggregator.notify.listing import list_headers
from aggregator.notify.message import build_message, clean_header
from aggregator.notify.retry import GIVE_UP_AFTER, retry_delay
from aggregator.notify.smtp import SmtpTransport
from aggregator.notify.transport import Transport, transport_for

__all__ = [
    "GIVE_UP_AFTER",
    "FolderTransport",
    "Links",
    "Purpose",
    "SmtpTransport",
    "Transport",
    "build_message",
    "check_address",
    "clean_header",
    "list_headers",
    "needs_smtputf8",
    "number_of",
    "retry_delay",
    "transport_for",
]
