"""Mail into a folder: for trying things out, for the demo, and where no relay is at hand."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

from aggregator.model.delivery import Attempt, AttemptOutcome, Delivery
from aggregator.notify.message import part_of


class FolderTransport:
    """Writes each delivery to ``folder`` as ``000042-digest-name.eml``, with its HTML part beside it as ``.html``.

    The name depends on the delivery alone, so sending it twice leaves the same two files. A file is there whole or not
    at all, and the ``.eml`` is written last.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, delivery: Delivery) -> Attempt:
        """Write both files to the disk. ``BROKEN`` when the folder cannot be written."""
        try:
            name = await asyncio.to_thread(self._write, delivery)
        except OSError as error:
            return Attempt(AttemptOutcome.BROKEN, 0, f"cannot write to {self._folder}: {error.strerror or error}")
        return Attempt(AttemptOutcome.ACCEPTED, 0, f"written to {name}")

    async def aclose(self) -> None:
        """Nothing is open between two calls."""

    def _write(self, delivery: Delivery) -> str:
        # The recipient's name may be anything; the file name may not.
        slug = re.sub(r"[^a-z0-9]+", "-", delivery.recipient.lower()).strip("-")[:60] or "recipient"
        stem = f"{delivery.id:06d}-{delivery.kind.value}-{slug}"
        self._folder.mkdir(parents=True, exist_ok=True)
        html = part_of(delivery.message, "html")
        if html is not None:
            _replace(self._folder / f"{stem}.html", html.encode("utf-8", "replace"))
        _replace(self._folder / f"{stem}.eml", delivery.message)
        return f"{stem}.eml"


def _replace(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path`` so that neither a reader nor a power cut ever sees half of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
