"""A configuration folder for the newsroom: its outlets as sources, with entities, rules and recipients that suit it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from aggregator.newsroom.newsroom import Newsroom
from aggregator.newsroom.outlet import Outlet

_READY_MADE = ("entities.toml", "rules.toml", "recipients.toml")
_INTERVAL = "5s"

_Value = str | tuple[str, ...]


def write_config(folder: Path, newsroom: Newsroom, *, mail_folder: Path, store_url: str) -> None:
    """Write the five TOML files of a configuration into ``folder``, which is made if need be; older ones are replaced.

    ``newsroom`` must be running, for its addresses. Mail goes into ``mail_folder`` as files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "aggregator.toml", _settings(mail_folder, store_url))
    _write(folder / "sources.toml", "\n".join(map(_source, newsroom.outlets)))
    for name in _READY_MADE:
        _write(folder / name, files(__package__).joinpath("sample", name).read_text("utf-8"))


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")


def _settings(mail_folder: Path, store_url: str) -> str:
    return "\n".join(
        (
            '# Made for the sample newsroom. Its rhythm (seconds) suits loopback only.\ninstance = "Selvane desk"\n',
            _table("[store]", {"url": store_url}),
            _table(
                "[fetch]",
                {"contact_url": "https://example.org/aggregator", "allow_networks": ("127.0.0.0/8",), "host_gap": "0.2s"},
            ),
            _table("[poll]", {"floor": "1s", "backoff_max": "1m"}),
            _table("[mail]", {"mode": "folder", "folder": str(mail_folder), "sender": "desk@aggregator.example"}),
            _table("[alerts]", {"group_wait": "2s"}),
        )
    )


def _source(outlet: Outlet) -> str:
    return _table(
        "[[source]]",
        {
            "slug": outlet.slug,
            "url": outlet.feed_url,
            "name": outlet.name,
            "site_url": outlet.site_url,
            "group": outlet.group,
            "country": outlet.country,
            "language": outlet.language,
            "timezone": outlet.timezone,
            "interval": _INTERVAL,
        },
    )


def _table(head: str, values: Mapping[str, _Value]) -> str:
    """A TOML table. A JSON string or list of strings is a TOML one, too, as long as it holds no U+007F."""
    return "\n".join([head, *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()), ""])
