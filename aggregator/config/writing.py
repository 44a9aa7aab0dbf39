"""The one thing that is written into the configuration: new sources, behind everything that stands there."""

from __future__ import annotations

import os
import re
import tempfile
import unicodedata
from collections.abc import Container, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from aggregator.config.forms import DefaultsForm
from aggregator.config.loading import floor_of, read_sources
from aggregator.config.reading import Document
from aggregator.config.values import slugify, spell
from aggregator.errors import ConfigError, ConfigErrors
from aggregator.model.source import SourceSpec

_OPTIONAL = (
    "name",
    "site_url",
    "group",
    "country",
    "language",
    "timezone",
    "enabled",
    "fetch_pages",
    "tags",
    "allow_networks",
    "authorization_env",
)
_LATIN = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "æ": "ae", "Æ": "AE", "œ": "oe", "ı": "i"}
)


def blank_source(folder: Path) -> SourceSpec:
    """A source with nothing of its own: what ``[defaults]`` in ``sources.toml`` gives to each."""
    return _blank(_document(folder), floor_of(folder))


def _document(folder: Path) -> Document:
    path = folder / "sources.toml"
    return Document(path, path.read_bytes() if path.exists() else b"")


def _blank(document: Document, floor: timedelta | None) -> SourceSpec:
    form = document.check(DefaultsForm, document.table("defaults"), ("defaults",), {"floor": floor})
    return SourceSpec(slug="", url="", **(form.written() if form else {}))


def append_sources(folder: Path, specs: Sequence[SourceSpec]) -> None:
    """Append a ``[[source]]`` block for each spec to ``sources.toml``, which may be missing.

    What stands there keeps every byte; the file is replaced in one step and keeps its mode. Before that the new text is
    read back: raises ``ConfigErrors``, and writes nothing, if it has errors (duplicate slugs, a bad URL, a control character
    in a name, mistakes that were there before) or does not give back the very same specs.
    """
    if not specs:
        return
    path, floor = folder / "sources.toml", floor_of(folder)
    old = path.read_bytes() if path.exists() else b""
    end = "\r\n" if b"\r\n" in old else "\n"
    blank = _blank(Document(path, old), floor)
    text = "".join(_block(spec, blank) for spec in specs).replace("\n", end)
    try:
        new = old + (b"" if old.endswith(b"\n") or not old else end.encode()) + text.encode()
    except UnicodeEncodeError as error:
        raise ConfigErrors((ConfigError(f"cannot be written as UTF-8: {error.reason}", path=str(path)),)) from None
    document = Document(path, new)
    read = read_sources(document, floor)
    if not document.errors and read[-len(specs) :] != tuple(specs):
        document.add((), "the sources cannot be written so that they read back the same", "check the values of the new sources")
    if document.errors:
        raise ConfigErrors(tuple(sorted(document.errors, key=lambda error: error.line)))
    replace_file(path.resolve(), new)


def _block(spec: SourceSpec, blank: SourceSpec) -> str:
    """The TOML of one source. What it has by default is left out."""
    lines = ["", "[[source]]", f"slug = {_toml(spec.slug)}", f"url = {_toml(spec.url)}"]
    lines += [f"{key} = {_toml(value)}" for key in _OPTIONAL if (value := getattr(spec, key)) != getattr(blank, key)]
    if spec.interval != blank.interval:
        lines.append(f'interval = "{spell(spec.interval) if spec.interval is not None else "auto"}"')
    return "\n".join([*lines, ""])


def _toml(value: str | bool | tuple[str, ...] | None) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case _:
            return '"' + re.sub(r'[\x00-\x1f\x7f"\\]', lambda found: f"\\u{ord(found[0]):04x}", value or "") + '"'


def replace_file(path: Path, content: bytes) -> None:
    """Put ``content`` in the place of ``path`` in one step, with the old file's mode and, where we may, its owner."""
    before = path.stat() if path.exists() else None
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if before:
            with suppress(PermissionError):
                os.chown(temporary, before.st_uid, before.st_gid)
        temporary.chmod(before.st_mode & 0o7777 if before else 0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def slug_for(name: str, url: str, taken: Container[str]) -> str:
    """A slug for a new source that is not in ``taken``: from the name; from the host if the name has no Latin letters.

    The same arguments always give the same slug.
    """
    plain = unicodedata.normalize("NFKD", name.translate(_LATIN)).encode("ascii", "ignore").decode()
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    stem = slugify(plain) if re.search(r"[A-Za-z]", plain) else ""
    stem = stem or slugify(host.removeprefix("www.")) or "source"

    def numbered(number: int) -> str:
        tail = f"-{number}" if number > 1 else ""
        return stem[: 64 - len(tail)].strip("-") + tail

    # A list of 10,000 feeds of one name must not count to 10,000 for each: look for a taken number with a free one behind it.
    taken_one, free = 0, 1
    while numbered(free) in taken:
        taken_one, free = free, 2 * free
    while free - taken_one > 1:
        middle = (taken_one + free) // 2
        taken_one, free = (middle, free) if numbered(middle) in taken else (taken_one, middle)
    return numbered(free)
