"""What the pipeline knows of sending: one call, one attempt."""

from __future__ import annotations

from typing import Protocol

from aggregator.config.settings import MailMode, MailSettings
from aggregator.model.delivery import Attempt, Delivery
from aggregator.notify.folder import FolderTransport
from aggregator.notify.smtp import SmtpTransport


class Transport(Protocol):
    """A way out of the house."""

    async def send(self, delivery: Delivery) -> Attempt:
        """Try once to hand ``delivery`` over. What goes wrong out there is in the ``Attempt``, never raised."""
        ...

    async def aclose(self) -> None:
        """Finish what is in hand and let go of connections. A later ``send`` opens them again."""
        ...


def transport_for(settings: MailSettings) -> Transport:
    """Build the transport that ``settings`` ask for. Raises ``ConfigError`` when they cannot work."""
    match settings.mode:
        case MailMode.FOLDER:
            return FolderTransport(settings.folder)
        case MailMode.SMTP:
            return SmtpTransport(settings)
