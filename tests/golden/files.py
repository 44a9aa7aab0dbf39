"""The files that are committed, and what should stand in them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from aggregator.model.delivery import Letter
from aggregator.notify import build_message, clean_header
from tests.golden.press import READER, WINDOW
from tests.golden.scenes import MESSAGES, SCENES

FOLDER = Path(__file__).parent / "mails"


@cache
def letter(name: str) -> Letter:
    """The mail of a situation."""
    return SCENES[name]()


def paths() -> list[Path]:
    """Every file: HTML, text below its subject, and some whole messages."""
    endings = [(name, ending) for name in SCENES for ending in ("html", "txt", *(["eml"] if name in MESSAGES else []))]
    return [FOLDER / f"{name}.{ending}" for name, ending in endings]


def content(path: Path) -> bytes:
    """What should stand in a file."""
    made = letter(path.stem)
    match path.suffix:
        case ".html":
            return made.html.encode()
        case ".txt":
            return f"Subject: {made.subject}\n\n{made.text}".encode()
        case _:
            return _message(path.stem, made)


def _message(name: str, made: Letter) -> bytes:
    return build_message(
        Letter(clean_header(made.subject), made.text, made.html),
        sender="desk@watch.example",
        sender_name="Selvane desk",
        recipient=READER.address,
        recipient_name=READER.name,
        message_id=f"<digest.{name}@watch.example>",
        date=WINDOW[1],
        list_id="digests.watch.example",
    )
